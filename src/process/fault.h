/*
 * process/fault.h - a program's faults: pages that are to come, and the end of those that may not go on.
 */
#ifndef PROCESS_FAULT_H
#define PROCESS_FAULT_H

/* Registers for faults of user code, and for those of the kernel where it touches a program's memory. */
void process_fault_initialise(void);

#endif
