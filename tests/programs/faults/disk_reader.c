/*
 * disk_reader.c - reads files from a disk with bad sectors, starts a program from it, and says how
 * that went: test_disk_faults.py compares. Byte i of a file is content(i): what comes without an
 * error must be right.
 *
 *     zdata.bin by 65536: 98304 right, 65536 missed, error -1
 */
#include <drupe.h>
#include <stdio.h>
#include <string.h>

#define PIECE_MAX 65536

static uint8_t piece[PIECE_MAX];

static uint8_t content(unsigned i)
{
    return (uint8_t)(i * 2654435761u >> 21);
}

static int is_right(unsigned position, int count)
{
    for (int i = 0; i < count; i++) {
        if (piece[i] != content(position + (unsigned)i)) {
            return 0;
        }
    }
    return 1;
}

static void read_by(const char *name, unsigned size)
{
    unsigned right = 0, missed = 0, position = 0;
    int error = 0;
    struct file_stat stat;
    int file = file_open(name);

    printf("%s by %u: ", name, size);
    if (file < 0) {
        printf("open error %d\n", file);
        return;
    }
    file_descriptor_stat(file, &stat);
    while (position < stat.size) {
        unsigned left = stat.size - position;
        unsigned wanted = left < size ? left : size;

        memset(piece, 0xEE, sizeof(piece));
        int count = file_read(file, piece, wanted);
        if (count < 0) {
            error = count;
            missed += wanted;
            if (file_seek(file, 0, FILE_SEEK_CUR) != (int)position ||
                file_seek(file, (int)wanted, FILE_SEEK_CUR) < 0) {
                printf("POSITION LOST at %u\n", position);
                break;
            }
        } else if (count != (int)wanted || !is_right(position, count)) {
            printf("WRONG DATA at %u\n", position);
            break;
        } else {
            right += wanted;
        }
        position += wanted;
    }
    file_close(file);
    printf("%u right, %u missed, error %d\n", right, missed, error);
}

static void start_child(void)
{
    struct command_argument command = {.argument = "child.elf", .next = NULL};
    int status = 0;
    int pid = system_call(SYSCALL_SPAWN, (uintptr_t)&command, 0, 0);

    if (pid < 0) {
        printf("child: error %d\n", pid);
        return;
    }
    system_call(SYSCALL_WAIT, (uint32_t)pid, (uintptr_t)&status, 0);
    printf("child: status %d\n", status);
}

int main(void)
{
    read_by("zdata.bin", PIECE_MAX);
    read_by("zdata.bin", 1000);
    read_by("zdir/inner.bin", 1000);
    start_child();
    puts("disk_reader: done");
    return 0;
}
