/*
 * pipefill.c - hundreds fill as many pipes as they may, and nobody reads. Their children have all
 * of these open, too, and do the same.
 * Verdict: status 137
 */
#include "attack.h"

#define AT_ONCE 65536

static uint8_t bytes[AT_ONCE];

static void fill_all(void)
{
    uint32_t flags = FILE_NO_WAIT;
    int ends[2];

    while (syscall_pipe(ends) == 0) {
        syscall_control(ends[1], CONTROL_SET_FLAGS, &flags);
        while (syscall_write_file(ends[1], bytes, sizeof(bytes)) > 0) {
        }
    }
}

int main(void)
{
    catch_interrupt(1);
    for (;;) {
        fill_all();
        if (syscall_fork() < 0) {
            process_sleep(10);
            continue;
        }
        /* Parent and child: half of the pipes go, and there is room for others. */
        for (int descriptor = FILE_DESCRIPTOR_FIRST; descriptor < FILE_DESCRIPTORS;
             descriptor += 2) {
            file_close(descriptor);
        }
    }
}
