/*
 * tests/kernel/ktest.h - tests that run inside the kernel, on the real machine.
 *
 *     KTEST(paging_null_is_not_mapped)
 *     {
 *         KEXPECT(!paging_is_mapped(paging_kernel_chunk(), NULL));
 *     }
 *
 * Each test prints `name ... ok` or `name ... FAIL: why`. After each the runner checks that the
 * free pages are what they were, that heap_check() finds nothing, and that no page of any address
 * space can be both written and executed.
 *
 * KPROVOKE(name) is a test that must end in a panic, KTEST_BY_NAME(name) one that takes long. They
 * run only when asked for by name:
 *     tests/run_qemu.sh bin/test.bin -fw_cfg name=opt/drupe/test,string=NAME
 */
#ifndef TESTS_KERNEL_KTEST_H
#define TESTS_KERNEL_KTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ktest {
    const char *name;
    void (*run)(void);
    bool only_by_name;
};

#define KTEST_ENTRY(test_name, by_name)                                                           \
    static void test_name(void);                                                                  \
    static const struct ktest test_name##_entry                                                   \
        __attribute__((used, section(".ktests"), aligned(4))) = {#test_name, test_name, by_name}; \
    static void test_name(void)

#define KTEST(test_name)         KTEST_ENTRY(test_name, false)
#define KPROVOKE(test_name)      KTEST_ENTRY(test_name, true)
#define KTEST_BY_NAME(test_name) KTEST_ENTRY(test_name, true)

/* Ends the test that it stands in when condition is false. */
#define KEXPECT(condition)                              \
    do {                                                \
        if (!(condition)) {                             \
            ktest_fail(__FILE__, __LINE__, #condition); \
            return;                                     \
        }                                               \
    } while (0)

/* Mounts the disk booted from, as the kernel does. */
bool ktest_mount(void);

/* Gives back what the kernel keeps for later: files' contents, blocks of disks, slabs. So that
 * counts can be compared, and so that what comes next needs what a cold start does. */
void ktest_forget_caches(void);

/* Removes all files and folders of a drive, but for what cannot be written to. 0 or an error. */
int ktest_empty_drive(unsigned drive);

/* The files of drive 0's root cannot be changed, renamed or removed from now on. How many these
 * are, or an error. */
int ktest_protect_files(void);

void ktest_fail(const char *file, int line, const char *condition);

/* The text of QEMU's -fw_cfg name=NAME,string=..., NUL-terminated; false when there is none. */
bool fw_cfg_read_string(const char *name, char *buffer, size_t size);

#endif
