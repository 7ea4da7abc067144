/*
 * tests/programs/keys/pulled.c - writes to drives 0 and 2, waits for a key, before which a drive
 * may be pulled out, and goes on writing to both. Reports what came of it.
 */
#include <drupe.h>
#include <stdio.h>

#define MORE_FILES 10
#define PIECE      4096
#define PIECES     2000 /* more than may wait to be written */

static char piece[PIECE];

static int create(const char *path)
{
    return (int)syscall_open_file(path, OPEN_READ | OPEN_WRITE | OPEN_CREATE);
}

/* Writes a piece to each, and gets it to its disk. */
static void sync_both(const char *when, int first, int other)
{
    intptr_t written = syscall_write_file(first, piece, PIECE);
    intptr_t written_too = syscall_write_file(other, piece, PIECE);

    printf("%s: drive 0: %d, %d; drive 2: %d, %d\n", when, (int)written,
           (int)syscall_sync_file(first), (int)written_too, (int)syscall_sync_file(other));
}

/* More of everything on drive 0, until it is done or refused. */
static void go_on(int file)
{
    for (int i = 0; i < MORE_FILES; i++) {
        char path[32];

        (void)snprintf(path, sizeof(path), "0:/more%d.txt", i);
        int more = create(path);

        if (more >= 0) {
            (void)syscall_write_file(more, piece, PIECE);
            (void)syscall_sync_file(more);
            (void)syscall_close(more);
        }
        (void)syscall_remove(path, REMOVE_FILE);
    }
    for (int i = 0; i < PIECES && syscall_write_file(file, piece, PIECE) == PIECE; i++) {
    }
}

int main(void)
{
    int first = create("0:/first.txt"), other = create("2:/other.txt");

    sync_both("before", first, other);
    puts("pull it out");
    getkeyblock();

    sync_both("after", first, other);
    go_on(first);
    sync_both("later", first, other);
    printf("all drives: %d\n", (int)syscall_sync_file(-1));
    puts("done");
    return 0;
}
