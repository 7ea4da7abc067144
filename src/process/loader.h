/*
 * process/loader.h - a program's file becomes an address space: its segments, its stack with the
 * arguments.
 */
#ifndef PROCESS_LOADER_H
#define PROCESS_LOADER_H

#include "arch/context.h"
#include "process/address_space.h"
#include "process/arguments.h"

struct node;

/*
 * Fills *space, which has nothing of its own yet, with the ELF program at path, from folder on
 * (fs/vfs.h), and *start with what it begins with. arguments NULL: none. *argv is where the
 * program's argv lies. 0; -ENOMEM; -E2BIG when the program's stack is too small for the arguments;
 * the errors of elf.h and fs/vfs.h; -EWRITTEN: somebody can write to the file; -EINTERRUPTED when
 * the running task was cancelled. On an error, what is there is for address_space_destroy(). Others
 * run meanwhile.
 */
int loader_load(struct node *folder, const char *path, const struct arguments *arguments,
                struct family *family, struct address_space *space, struct user_start *start,
                vaddr_t *argv);

#endif
