/*
 * randomness.c - random bytes, all from the kernel's /dev/random.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "layer.h"

#define ENTROPY_BYTES_MAX 256

int getentropy(void *buffer, size_t size)
{
    intptr_t file, got;

    if (size > ENTROPY_BYTES_MAX) {
        return layer_fail(EIO);
    }
    file = syscall_open_file("/dev/random", OPEN_READ);
    if (file < 0) {
        return layer_result(file);
    }
    got = syscall_read((int)file, buffer, size); /* never fewer */
    syscall_close((int)file);
    return layer_result(got < 0 ? got : 0);
}

/* It has no way to say that there are none. */
void arc4random_buf(void *buffer, size_t size)
{
    char *bytes = buffer;

    for (size_t done = 0, part; done < size; done += part) {
        part = size - done < ENTROPY_BYTES_MAX ? size - done : ENTROPY_BYTES_MAX;
        if (getentropy(bytes + done, part) != 0) {
            abort();
        }
    }
}

uint32_t arc4random(void)
{
    uint32_t number;

    arc4random_buf(&number, sizeof(number));
    return number;
}

/* Below limit, each number as often: the few that would come more often are drawn again. */
uint32_t arc4random_uniform(uint32_t limit)
{
    uint32_t number, least;

    if (limit < 2) {
        return 0;
    }
    least = (0u - limit) % limit;
    do {
        number = arc4random();
    } while (number < least);
    return number % limit;
}
