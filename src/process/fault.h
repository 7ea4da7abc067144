/*
 * process/fault.h - a program's faults: pages that are to come, and the end of those that may not
 * go on.
 */
#ifndef PROCESS_FAULT_H
#define PROCESS_FAULT_H

struct trap_frame;

/* Registers for faults of user code, for those of the kernel where it touches a program's memory,
 * and for panics. */
void process_fault_initialise(void);

/* fault_report.c, a panic reporter: if the frame is of a page fault or a double fault at a
 * program's address while one runs, prints what the address means to that: which area, with which
 * rights, and whether a page is there. */
void process_report_fault(const struct trap_frame *frame);

#endif
