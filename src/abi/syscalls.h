/*
 * abi/syscalls.h - the system calls: the contract of programs and kernel.
 *
 * `int 0x80` with the command in EAX; argument n is the dword at user ESP + 4n; the result comes
 * back in EAX and every other register is kept. An error is a negative number of status.h; an
 * unknown command gives -EINVARG, as does a pointer or size that the process may not use.
 *
 *   esp + 8   argument 2
 *   esp + 4   argument 1
 *   esp       argument 0
 *
 * Commands 0 to 9 are PeachOS's, with its numbers and meanings. Drupe's own start at 16.
 */
#ifndef ABI_SYSCALLS_H
#define ABI_SYSCALLS_H

#define SYSCALL_VECTOR 0x80

#define SYSCALL_SUM                   0 /* (int a, int b) -> a + b */
#define SYSCALL_PRINT                 1 /* (const char *string): up to its NUL */
#define SYSCALL_GETKEY                2 /* () -> the next key (abi/keys.h) or 0; does not wait */
#define SYSCALL_PUTCHAR               3 /* (int character) */
#define SYSCALL_MALLOC                4 /* (size) -> zeroed, page-aligned memory, or 0 */
#define SYSCALL_FREE                  5 /* (pointer that malloc gave, or 0) */
#define SYSCALL_PROCESS_LOAD_START    6 /* (const char *name): starts the program 0:/name */
#define SYSCALL_INVOKE_SYSTEM_COMMAND 7 /* (struct command_argument *): program and arguments */
#define SYSCALL_GET_PROGRAM_ARGUMENTS 8 /* (struct process_arguments *out) */
#define SYSCALL_EXIT                  9 /* (): does not return; status 0 */

#define SYSCALL_EXIT_STATUS     16 /* (int status): does not return */
#define SYSCALL_WAIT_KEY        17 /* () -> the next key (abi/keys.h); sleeps until there is one */
#define SYSCALL_WAIT            18 /* (int pid or WAIT_ANY, int *status or 0) -> the child's pid */
#define SYSCALL_YIELD           19 /* (): lets the others run first */
#define SYSCALL_SLEEP           20 /* (milliseconds): waits at least that long */
#define SYSCALL_GETPID          21 /* () -> pid */
#define SYSCALL_WRITE           22 /* (const char *buffer, length) -> length */
#define SYSCALL_SPAWN           23 /* (struct command_argument *, SPAWN_...) -> the child's pid */
#define SYSCALL_KILL            24 /* (pid): of its own family; of init's: any but init */
#define SYSCALL_MEMORY_FIGURES  25 /* (struct memory_figures *, its size) */
#define SYSCALL_PROCESS_LIST    26 /* (struct process_info *, capacity) -> how many there are */
#define SYSCALL_OPEN            27 /* (const char *path) -> descriptor */
#define SYSCALL_READ            28 /* (descriptor, buffer, length) -> bytes read, 0 at the end */
#define SYSCALL_SEEK            29 /* (descriptor, int offset, FILE_SEEK_...) -> the position */
#define SYSCALL_STAT            30 /* (const char *path, struct file_stat *) */
#define SYSCALL_DESCRIPTOR_STAT 31 /* (descriptor, struct file_stat *) */
#define SYSCALL_READ_DIRECTORY  32 /* (descriptor, struct directory_entry *) -> 1, 0 at the end */
#define SYSCALL_CLOSE           33 /* (descriptor) */
#define SYSCALL_UPTIME          34 /* () -> milliseconds since the kernel started, modulo 2^32 */
#define SYSCALL_CATCH_INTERRUPT 35 /* (1 or 0): ctrl-C is a key, or ends the program; -> before */
#define SYSCALL_BREAK           36 /* (int delta, in whole pages): moves the break -> where it was */
#define SYSCALL_MEMORY_LOOK     37 /* (MEMORY_LOOK_..., a number, what it fills in or 0) */
#define SYSCALL_KILL_FAMILY     38 /* (pid): all processes of the family that pid belongs to */
#define SYSCALL_THREAD_POINTER  39 /* (address) -> a selector for GS: its segment begins there */
#define SYSCALL_SEEDS           40 /* (SEEDS_..., example, char[SEEDS_TEXT_BYTES]) -> its length */
#define SYSCALL_COUNT           41 /* the first number that no command has */

#define COMMAND_ARGUMENT_BYTES 512
#define ARGUMENTS_BYTES_MAX    3072 /* of all arguments together, each with its NUL */
#define ARGUMENTS_MAX          64

#define WAIT_ANY (-1)

/* For spawn: the child gets screen and keyboard until it ends, if the parent has them. */
#define SPAWN_FRONT 1
/* For spawn by a process of init's family: the child begins a family of its own, a job. From others
 * the flag changes nothing: the child stays in their family. */
#define SPAWN_FAMILY 2

/* A process that a fault killed has the status 128 + the exception's number. */
#define STATUS_FAULT       128
#define STATUS_INTERRUPTED 130 /* ctrl-C */
#define STATUS_QUIT        131 /* ctrl-\ */
#define STATUS_KILLED      137 /* by command kill or kill_family */

#ifndef __ASSEMBLER__

#include <stdint.h>

/* A command line as a list: the program's name first, then its arguments. */
struct command_argument {
    char argument[COMMAND_ARGUMENT_BYTES]; /* NUL-terminated */
    struct command_argument *next;         /* NULL at the last */
};

/* A program's own command line; the kernel has put it into the program's memory. */
struct process_arguments {
    int argc;
    char **argv;
};

#define PROCESS_NAME_BYTES 16

#define PROCESS_READY   'R' /* running, or waiting for its turn */
#define PROCESS_WAITING 'S' /* for a key, a child, a time */
#define PROCESS_ENDED   'Z' /* its parent has not waited for it yet */

struct process_info {
    uint32_t pid;
    uint32_t parent;  /* its pid; 0: none */
    uint32_t pages;   /* of 4096 bytes, in its address space alone, tables included */
    uint32_t ticks;   /* of the clock (100 per second) that found it running */
    uint8_t state;    /* PROCESS_READY ... */
    uint8_t is_front; /* it has the keyboard */
    uint16_t family;  /* 0: init's; the others are numbered from 1 */
    char name[PROCESS_NAME_BYTES];
};

/* Pages are of 4096 bytes. Later versions may have more at the end. */
struct memory_figures {
    uint32_t total_pages; /* that the kernel manages */
    uint32_t free_pages;  /* of these */
    uint32_t pool_pages;  /* of total_pages, the kernel heap's pool */
    uint32_t pool_free_pages;
    uint32_t largest_run_pages; /* in the pool: the longest run of free ones */
    uint32_t objects;           /* small objects of the kernel, live */
    uint32_t object_pages;      /* that hold them */
    uint32_t processes;
    uint32_t own_pages;    /* of the caller, as in struct process_info */
    uint32_t cache_pages;  /* the disk cache's */
    uint32_t cache_hits;   /* sectors that were there */
    uint32_t cache_misses; /* sectors that had to be read */
};

/* The kernels whose documents seeds() knows; an example's text, with its NUL. */
#define SEEDS_ICARIUS    0
#define SEEDS_VANA       1
#define SEEDS_MIO        2
#define SEEDS_PEACHOS    3
#define SEEDS_INCRO      4
#define SEEDS_TEXT_BYTES 2048

/* What memory_look() shows. It says where things are, and never what is in them. */
#define MEMORY_LOOK_RUN  0 /* (address, struct memory_run *): the first one at or above address */
#define MEMORY_LOOK_NAME 1 /* (struct memory_run's owner, char[MEMORY_NAME_BYTES]): its name */
#define MEMORY_LOOK_WALK 2 /* (address, struct memory_walk *): in any process that lives */
/* (1 or 0, 0): a line for each allocation and free of all, until 0, or until the caller ends. Only for
 * the process in front and init's family. */
#define MEMORY_LOOK_TRACE 3

#define MEMORY_NAME_BYTES 48 /* with its NUL */

#define MEMORY_RUN_FREE     0
#define MEMORY_RUN_TAKEN    1
#define MEMORY_RUN_RESERVED 2 /* no RAM, or the page allocator's own tables */

/* Blocks side by side that are one allocation, or free, or reserved; only the part from the address
 * asked for. */
struct memory_run {
    uint32_t start; /* a multiple of 4096 */
    uint32_t pages;
    uint32_t state; /* MEMORY_RUN_... */
    uint32_t owner; /* of an allocation: the kernel's code that made it; 0: not known */
};

/* The two steps of an address translation (Intel SDM volume 3, section 4.3). */
struct memory_walk {
    uint32_t pid;             /* in: whose; 0: the caller's */
    uint32_t directory_entry; /* out */
    uint32_t table_entry;     /* out; 0 where the directory entry points to no table */
};

#endif

#endif
