/*
 * tests/kernel/check_call.h - a system call that only the test kernel has, and only while
 * test_attackers.c runs: the kernel gives back what it keeps for later, and looks at itself.
 */
#ifndef TESTS_KERNEL_CHECK_CALL_H
#define TESTS_KERNEL_CHECK_CALL_H

#define CHECK_CALL 0x7E57 /* () -> one of these */

#define CHECK_RIGHT    0
#define CHECK_SECTIONS 1 /* the read-only sections are not what they were */
#define CHECK_HEAP     2 /* the kernel's heap or its small objects contradict themselves */

#endif
