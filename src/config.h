/*
 * config.h - the tunables. Fixed addresses are in layout.h, error numbers in
 * status.h, hardware numbers beside the driver that owns the device.
 */
#ifndef CONFIG_H
#define CONFIG_H

/* Heap: see memory/heap/heap.h. */
#define HEAP_BLOCK_SIZE_BYTES 4096
#define HEAP_SIZE_BYTES       104857600 /* 100 MiB: the pool when RAM allows it */

/* The least RAM that boots, as QEMU's -m counts it (src/memory/memory.c says why). */
#define RAM_MINIMUM_MIB 18

/* Tasks. */
#define KERNEL_STACK_BYTES 8192 /* per task, a guard page below each comes on top */
#define TIMER_HZ           100  /* PIT ticks a second: the scheduler's time slice */
#define TASK_SPARE_STACKS  4    /* kernel stacks that are kept for the shell and what it starts */

/*
 * Families (process/family.h): what the programs of one job of the shell may take, and all jobs
 * together. With T for the pages that the machine has for programs and kernel (28,000 of 128 MiB):
 *
 *                         all jobs together            one job           each job, whatever the
 *                                                                        others have taken
 *   pages                 T less the reserve           7/8 of that       FAMILY_BASE_PAGES
 *   processes             T / 32, from 16 to 2,048     half of that      FAMILY_BASE_PROCESSES
 *   open files            4 for each process           half of that      FAMILY_BASE_FILES
 *
 * A process that has ended counts until its parent has waited for it.
 *
 * The reserve of pages: the part of the kernel's pool that is the kernel's alone (pmm.h), the disk
 * cache at its largest, and a part for init's family, which is the shell, with the tables that
 * kernel stacks take. Jobs in front get their base even when all jobs together have reached their
 * limit, for FAMILY_FRONT_JOBS of them: so `ps` starts even when the background is full.
 */
#define FAMILY_INIT_FRACTION   64 /* of all pages, one part in so many is init's family's */
#define FAMILY_INIT_PAGES_MIN  96
#define FAMILY_PAGES_A_PROCESS 32
#define FAMILY_PROCESSES_MIN   16
#define FAMILY_PROCESSES_MAX   2048
#define FAMILY_FILES_A_PROCESS 4
#define FAMILY_BASE_PAGES      48
#define FAMILY_BASE_PROCESSES  4
#define FAMILY_BASE_FILES      16
#define FAMILY_FRONT_JOBS      2

/* Paths and files. */
#define PATH_BYTES_MAX 1024 /* "0:/..." with its NUL */

/* The kernel log kept in memory for panic reports. */
#define LOG_BUFFER_BYTES 4096

#endif
