/*
 * twice.c - reads a large file, and then looks at it in a mapping, from its end on: the sums must
 * be the same. The kernel's tests run it while there is memory for a few pages of files only: its
 * own pages go and come back meanwhile.
 *
 * Status: 0 when all went well, 1 when the file cannot be read or mapped, 2 when the sums differ.
 */
#include <drupe.h>
#include <stdint.h>

#include "abi/mapping.h"

#define PATH  "0:/large/file.bin"
#define PIECE 4096

static uint8_t buffer[PIECE];

static uint32_t value_of(uint8_t byte, uint32_t position)
{
    return byte * (position + 1);
}

/* Of all bytes, in *sum. 0, or an error. */
static int read_all(int file, uint32_t *sum)
{
    uint32_t position = 0;
    int count;

    *sum = 0;
    while ((count = file_read(file, buffer, PIECE)) > 0) {
        for (int i = 0; i < count; i++) {
            *sum += value_of(buffer[i], position++);
        }
    }
    return count;
}

int main(void)
{
    uint32_t read, mapped = 0;
    struct file_stat stat;
    int file = file_open(PATH);

    if (file < 0 || file_stat(PATH, &stat) < 0) {
        return 1;
    }
    const struct memory_mapping mapping = {
        .length = stat.size, .rights = MAPPING_READ, .flags = MAPPING_SHARED, .descriptor = file};
    intptr_t address = system_call(SYSCALL_MAP, (uintptr_t)&mapping, 0, 0);

    if (syscall_is_error(address) || read_all(file, &read) < 0) {
        return 1;
    }
    for (uint32_t position = stat.size; position-- > 0;) {
        mapped += value_of(((volatile uint8_t *)address)[position], position);
    }
    return read != 0 && read == mapped ? 0 : 2;
}
