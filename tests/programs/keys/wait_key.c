/*
 * tests/programs/keys/wait_key.c - sleeps until a key comes, then polls for another, then ends.
 */
#include <drupe.h>
#include <stdio.h>

int main(void)
{
    int key;

    puts("waiting for a key");
    key = getkeyblock();
    printf("waited for %c\n", key);
    puts("polling for a key");
    while ((key = getkey()) == 0) {
    }
    printf("polled %c\n", key);
    return 0;
}
