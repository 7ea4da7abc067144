/*
 * reader.c - lists the root directory and reads every file in it, but for folders, twice over: once
 * in large pieces and once in small ones, which must add up to the same. The kernel's tests run it
 * while one allocation, or one read of the disk, after the other fails. Its status is judge.h's.
 */
#include <drupe.h>
#include <stdbool.h>
#include <string.h>

#include "judge.h"

static uint8_t buffer[40000];

/* -EINVARG: what the call was to read lies in a page of this file that cannot be read. */
static int note(int result)
{
    return (int)judge_call(result == -EINVARG ? -EIO : result);
}

/* The sum of all bytes; stops at an error. */
static uint32_t sum_of(const char *path, uint32_t piece)
{
    int file = note(file_open(path));
    uint32_t sum = 0;
    int count = 0;

    if (file == 0) {
        return 0;
    }
    do {
        count = note(file_read(file, buffer, piece));
        for (int i = 0; i < count; i++) {
            sum = sum * 31 + buffer[i];
        }
    } while (count > 0);
    note(file_close(file));
    return sum;
}

int main(void)
{
    struct directory_entry entry;
    struct file_stat stat;
    char root[] = "0:/"; /* on the stack: a page of constants may be one that cannot be read */
    int folder = note(file_open(root));

    while (folder != 0 && note(file_read_directory(folder, &entry)) == 1) {
        char path[3 + FILE_NAME_BYTES] = "0:/";

        strcat(path, entry.name);
        note(file_stat(path, &stat));
        if (entry.stat.is_directory) {
            continue;
        }
        uint32_t sum = sum_of(path, sizeof(buffer));
        if (judge_status == 0 && sum != sum_of(path, 1000) && judge_status == 0) {
            judge_status = 2;
        }
    }
    return judge_status; /* the folder is still open: the kernel closes it */
}
