/*
 * large.c - takes long to load, and then counts for ever.
 */
#define BALLAST_BYTES (10 << 20)

static volatile char ballast[BALLAST_BYTES] = {1};

int main(void)
{
    for (volatile unsigned count = 0;; count++) {
        ballast[0]++;
    }
}
