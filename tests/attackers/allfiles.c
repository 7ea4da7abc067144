/*
 * allfiles.c - opens files until it may not have more, and dies with all of them open.
 * Verdict: status 142
 */
#include "attack.h"

int main(void)
{
    static const char *const paths[] = {"attack.txt", "0:/", "init.elf"};
    static uint8_t buffer[3 * PAGE_BYTES];
    int count = 0, descriptor;

    while ((descriptor = file_open(paths[count % 3])) >= 0) {
        file_read(descriptor, buffer, sizeof(buffer));
        count++;
    }
    if (descriptor == -EBUSY && count == FILE_DESCRIPTORS_MAX) {
        *at(0) = 0;
    }
    return STATUS_SUCCEEDED;
}
