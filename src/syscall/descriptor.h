/*
 * syscall/descriptor.h - the running process's descriptors, for calls about files.
 */
#ifndef SYSCALL_DESCRIPTOR_H
#define SYSCALL_DESCRIPTOR_H

#include <stdint.h>

struct file;

/* The open file of that number; NULL: there is none. */
struct file *descriptor_file(uintptr_t descriptor);

/* The lowest free descriptor is the file's, whose reference is taken over; an error has closed
 * it: -EBUSY when all are in use, -ELIMIT when the family has as many open files as it may. */
intptr_t descriptor_of_new(struct file *file);

#endif
