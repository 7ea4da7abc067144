/*
 * inherit.c - all 32 descriptors are taken, by files and pipes; there is no more; copies of them
 * go to children and theirs, that close and duplicate in their own tables only. Who is no child of
 * this program gets nothing started beside it. Nothing may be left when the last has ended.
 * Verdict: status 0
 */
#include "expect.h"

#define GENERATIONS 20

static void take_all(void)
{
    int ends[2], number = 0;

    while (syscall_pipe(ends) == 0 && ++number < FILE_DESCRIPTORS / 3) {
    }
    while (syscall_open_file("/tmp/inherited", OPEN_READ | OPEN_WRITE | OPEN_CREATE) >= 0) {
    }
}

static void none_is_left(void)
{
    int ends[2];

    expect("open", syscall_open_file("0:/init.elf", OPEN_READ), -EBUSY);
    expect("the old open", file_open("0:/init.elf"), -EBUSY);
    expect("pipe", syscall_pipe(ends), -EBUSY);
    expect("duplicate", syscall_is_error(syscall_duplicate(5, 3, FILE_LOWEST)), 1);
    file_close(31);
    expect("one end only", syscall_pipe(ends), -EBUSY);
    expect("one is free", syscall_open_file("0:/init.elf", OPEN_READ), 31);
    for (unsigned number = 4; number < FILE_DESCRIPTORS; number++) {
        expect("over another", syscall_duplicate(3, number, 0), (intptr_t)number);
    }
}

/* Each is the child of the one before. */
static void go_down(int generation)
{
    intptr_t pid = generation > 0 ? syscall_fork() : -1;

    if (pid == 0) {
        none_is_left();
        go_down(generation - 1);
        syscall_exit_status(failures);
    }
    if (pid > 0) {
        expect("a child", status_of((int)pid), 0);
    }
}

/* Init, the witness, this program itself, and nobody are no children of its own. */
static void none_beside(void)
{
    char *const arguments[] = {"recurse.elf", NULL};
    struct spawn_request request = {.path = "recurse.elf", .arguments = arguments};

    for (unsigned pid = 1; pid < 40; pid++) {
        request.beside = pid;
        expect("beside a foreign one", syscall_spawn_program(&request), -ECHILD);
    }
    request.beside = (abi_ulong)-1;
    expect("beside no number", syscall_spawn_program(&request), -EINVARG);
    request.beside = 1;
    request.flags = SPAWN_FAMILY;
    expect("beside init, as a family", syscall_spawn_program(&request), -EINVARG);
}

int main(void)
{
    none_beside();
    take_all();
    go_down(GENERATIONS);
    none_is_left();
    expect("it goes", syscall_remove("/tmp/inherited", REMOVE_FILE), 0);
    return expected_status();
}
