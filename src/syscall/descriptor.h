/*
 * syscall/descriptor.h - the running process's descriptors, for calls about files.
 */
#ifndef SYSCALL_DESCRIPTOR_H
#define SYSCALL_DESCRIPTOR_H

#include <stdint.h>

struct file;

/* The open file of that number; NULL: there is none. */
struct file *descriptor_file(uintptr_t descriptor);

/* file_open_at() from the process's folder, for the lowest free descriptor, which is returned; or
 * its error. Before it, so that nothing is made or cut then: -EBUSY when all descriptors are in
 * use, -ELIMIT when the family has as many open files as it may. */
intptr_t descriptor_open(const char *path, unsigned flags, unsigned vfs_flags);

#endif
