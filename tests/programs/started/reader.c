/*
 * reader.c - lists the root directory and reads every file in it, but for folders, twice over: once
 * in large pieces and once in small ones, which must add up to the same. The kernel's tests run it
 * while one allocation, or one read of the disk, after the other fails.
 *
 * Status: 0 when all went well, 1 when a call failed for want of memory or of the disk, 2 when the
 * result was anything else.
 */
#include <drupe.h>
#include <stdbool.h>
#include <string.h>

static uint8_t buffer[40000];
static int status;

/* The result, noted; 0 when it is an error. */
static int judge(int result)
{
    /* -EINVARG: what the call was to read lies in a page of this file that cannot be read. */
    bool is_expected = result == -ENOMEM || result == -EIO || result == -EINVARG;
    int verdict = result >= 0 ? 0 : is_expected ? 1 : 2;

    status = verdict > status ? verdict : status;
    return result < 0 ? 0 : result;
}

/* The sum of all bytes; stops at an error. */
static uint32_t sum_of(const char *path, uint32_t piece)
{
    int file = judge(file_open(path));
    uint32_t sum = 0;
    int count = 0;

    if (file == 0) {
        return 0;
    }
    do {
        count = judge(file_read(file, buffer, piece));
        for (int i = 0; i < count; i++) {
            sum = sum * 31 + buffer[i];
        }
    } while (count > 0);
    judge(file_close(file));
    return sum;
}

int main(void)
{
    struct directory_entry entry;
    struct file_stat stat;
    char root[] = "0:/"; /* on the stack: a page of constants may be one that cannot be read */
    int folder = judge(file_open(root));

    while (folder != 0 && judge(file_read_directory(folder, &entry)) == 1) {
        char path[3 + FILE_NAME_BYTES] = "0:/";

        strcat(path, entry.name);
        judge(file_stat(path, &stat));
        if (entry.stat.is_directory) {
            continue;
        }
        uint32_t sum = sum_of(path, sizeof(buffer));
        if (status == 0 && sum != sum_of(path, 1000) && status == 0) {
            status = 2;
        }
    }
    return status; /* the folder is still open: the kernel closes it */
}
