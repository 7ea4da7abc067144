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

/* Paths and files. */
#define PATH_BYTES_MAX 108 /* "0:/..." with its NUL */

/* The kernel log kept in memory for panic reports. */
#define LOG_BUFFER_BYTES 4096

#endif
