/*
 * tests/kernel/test_attackers.c - runs a disk's init (tests/attackers/harness.c), and looks at the
 * kernel whenever that asks for it.
 *
 * Only by name: tests/system/test_attackers.py runs it, on a disk that has the programs.
 */
#include "check_call.h"
#include "debug/printk.h"
#include "fs/file_object.h"
#include "ktest.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "sections.h"
#include "base/status.h"
#include "process/process.h"
#include "watching.h"

static uint32_t check(void)
{
    const char *reason = "small objects";

    ktest_forget_caches();
    if (!sections_are_unchanged()) {
        return CHECK_SECTIONS;
    }
    if (kmem_check() < 0 || heap_check_reason(kheap_get(), &reason) < 0) {
        printk("kernel heap: %s\n", reason);
        return CHECK_HEAP;
    }
    return CHECK_RIGHT;
}

static bool answer(uint32_t command, uint32_t *result)
{
    if (command != CHECK_CALL) {
        return false;
    }
    *result = check();
    return true;
}

KTEST_BY_NAME(attackers)
{
    static const struct watchers watchers = {.answer = answer, .print_one_in = 1};
    struct process *init;

    KEXPECT(ktest_mount());
    KEXPECT(process_load("0:/init.elf", NULL, &init) == OK);
    sections_remember();
    watching_run(&watchers, init);
    int status = init->exit_status;
    process_destroy(init);
    KEXPECT(status == 0);
    KEXPECT(check() == CHECK_RIGHT);
    KEXPECT(fs_unmount() == OK);
}
