/*
 * abi/syscalls.h - the system calls: the contract of programs and kernel.
 *
 * A number, up to three arguments, a result. A program's word is 32 bits or 64, as its ELF file
 * says; the kernel for 64 bits runs both kinds.
 *
 *                  32 bits: `int 0x80`      64 bits: `syscall`
 *   number         EAX                      RAX
 *   argument 0     the dword at ESP         RDI
 *   argument 1     the dword at ESP + 4     RSI
 *   argument 2     the dword at ESP + 8     RDX    (the next would be R10, R8, R9)
 *   result         EAX                      RAX
 *   changed        EAX alone                RAX, RCX, R11
 *
 * Results from -SYSCALL_ERROR_MAX to -1 are errors: a negated number of status.h. All others are
 * results, also those that are negative as a signed number: an address may be 0x80000000 and more.
 * An unknown number gives -EINVARG, as does a pointer or size that the process may not use.
 *
 * abi/syscalls.def is the table of all calls.
 */
#ifndef ABI_SYSCALLS_H
#define ABI_SYSCALLS_H

#define SYSCALL_VECTOR    0x80
#define SYSCALL_ERROR_MAX 4095

#define COMMAND_ARGUMENT_BYTES 512
#define ARGUMENTS_BYTES_MAX    32768 /* of arguments and environment, with each string's NUL */
#define ARGUMENTS_MAX          1024  /* strings of both */
#define ARGUMENTS_STACK_PART   4     /* with their pointers, a quarter of the stack */

#define WAIT_ANY (-1)

/* For spawn and spawn_program: the child gets screen and keyboard until it ends, if the parent has
 * them. */
#define SPAWN_FRONT 1
/* For both, by a process of init's family: the child begins a family of its own, a job. From others
 * the flag changes nothing: the child stays in their family. */
#define SPAWN_FAMILY 2

/* A process that a fault killed has the status 128 + the exception's number. */
#define STATUS_FAULT       128
#define STATUS_INTERRUPTED 130 /* ctrl-C */
#define STATUS_QUIT        131 /* ctrl-\ */
#define STATUS_KILLED      137 /* by command kill or kill_family */

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* SYSCALL_SUM = 0 and so on; SYSCALL_COUNT is the first number that no call has. */
enum {
#define SYSCALL(number, NAME, ...) SYSCALL_##NAME = (number),
#include "abi/syscalls.def"
#undef SYSCALL
    SYSCALL_COUNT
};

/* A word of a program's: 32 bits or 64. In structs of such words, and with pointers, the two kinds
 * of programs differ; in all others they do not. */
typedef intptr_t abi_long;
typedef uintptr_t abi_ulong;

/* Is a call's result an error? */
static inline bool syscall_is_error(intptr_t result)
{
    return (uintptr_t)result >= (uintptr_t)-SYSCALL_ERROR_MAX;
}

/* A command line as a list: the program's name first, then its arguments. */
struct command_argument {
    char argument[COMMAND_ARGUMENT_BYTES]; /* NUL-terminated */
    struct command_argument *next;         /* NULL at the last */
};

/* What spawn_program starts. Each field is a word of the program's. */
struct spawn_request {
    const char *path;
    char *const *arguments;   /* strings, NULL behind the last; the first is the program's name */
    char *const *environment; /* the same; NULL: none */
    abi_ulong flags;          /* SPAWN_FRONT, SPAWN_FAMILY */
    /* A child's pid: the new process is of that child's family, and ctrl-C ends both together.
     * 0: there is none. Not with SPAWN_FAMILY. */
    abi_ulong beside;
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
    /* Of these, those that can be had: not taken and not promised, or a file's contents that can be
     * read again. */
    uint32_t free_pages;
    uint32_t pool_pages; /* of total_pages, the kernel heap's pool */
    uint32_t pool_free_pages;
    uint32_t largest_run_pages; /* in the pool: the longest run of free ones */
    uint32_t objects;           /* small objects of the kernel, live; no files, no names */
    uint32_t object_pages;      /* that hold them */
    uint32_t processes;
    uint32_t own_pages;      /* of the caller, as in struct process_info */
    uint32_t cache_pages;    /* the disk cache's */
    uint32_t cache_hits;     /* sectors that were there */
    uint32_t cache_misses;   /* sectors that had to be read */
    uint32_t file_pages;     /* files' contents in memory */
    uint32_t promised_pages; /* spoken for, and not taken yet */
    uint32_t file_hits;      /* pages of files that were in memory */
    uint32_t file_misses;    /* pages of files that were not */
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
/* (1 or 0, 0): a line for each allocation and free of all, until 0, or until the caller ends. Only
 * for the process in front and init's family. */
#define MEMORY_LOOK_TRACE  3
#define MEMORY_LOOK_LEVELS 4 /* (address, struct memory_levels *): as MEMORY_LOOK_WALK */
#define MEMORY_LOOK_AREA   5 /* (address, struct memory_area *): the first that ends above it */
#define MEMORY_LOOK_FAULTS 6 /* (pid or 0, struct memory_faults *): what its faults brought */

#define MEMORY_NAME_BYTES 48 /* with its NUL */

#define MEMORY_RUN_FREE     0
#define MEMORY_RUN_TAKEN    1
#define MEMORY_RUN_RESERVED 2 /* no RAM, or the page allocator's own tables */
#define MEMORY_RUN_CACHED   3 /* taken: a page of a file's contents */
#define MEMORY_RUN_SHARED   4 /* taken: a page that processes share, after a fork or by a mapping */

/* Blocks side by side that are one allocation, or free, or reserved; only the part from the address
 * asked for. */
struct memory_run {
    abi_ulong start; /* a multiple of 4096 */
    abi_ulong pages;
    abi_ulong state; /* MEMORY_RUN_... */
    abi_ulong owner; /* of an allocation: the kernel's code that made it; 0: not known */
};

/* The last two steps of an address translation (Intel SDM volume 3, sections 4.3 and 4.5); of
 * entries of 64 bits the lower half. */
struct memory_walk {
    uint32_t pid;             /* in: whose; 0: the caller's */
    uint32_t directory_entry; /* out */
    uint32_t table_entry;     /* out; 0 where the directory entry points to no table */
};

/* All its steps. */
#define MEMORY_LEVELS_MAX 4
struct memory_levels {
    uint32_t pid;                        /* in: whose; 0: the caller's */
    uint32_t count;                      /* out: levels of tables that there are */
    uint64_t entries[MEMORY_LEVELS_MAX]; /* out: from the root's on; 0 where there is no table */
};

/* Kinds of areas. */
#define MEMORY_AREA_PROGRAM 0
#define MEMORY_AREA_STACK   1
#define MEMORY_AREA_BREAK   2
#define MEMORY_AREA_MAPPING 3
#define MEMORY_AREA_GUARD   4
/* What command 4 gave out, between two other areas: the part from the address asked for, without
 * free pages before the first and behind the last. */
#define MEMORY_AREA_MALLOC 5

#define MEMORY_AREA_IS_SHARED  1 /* all who show it see what is written to it */
#define MEMORY_AREA_IS_CHARGED 2 /* each of its pages may come to be the process's own */
#define MEMORY_AREA_IS_FILE    4 /* it shows a file's contents */

/* What the addresses from start on, below end, mean to a process. Counts are of pages. */
struct memory_area {
    uint32_t pid;    /* in: whose; 0: the caller's */
    uint32_t kind;   /* out, as is all that follows */
    uint32_t rights; /* MAPPING_READ, MAPPING_WRITE, MAPPING_EXECUTE (abi/mapping.h) */
    uint32_t flags;
    uint64_t start, end; /* multiples of 4096 */
    uint32_t first;      /* of what it shows, the page at start */
    uint32_t present;    /* in memory */
    uint32_t shared;     /* of these, those that other processes or the page cache hold, too */
    uint32_t promised;   /* not in memory yet; when it is touched, there will be a page for it */
};

/* Pages that a process's faults have brought since its program began. */
struct memory_faults {
    uint32_t zeros;      /* at the first touch: zeros */
    uint32_t around;     /* the same, beside the one that was touched */
    uint32_t shown;      /* of a file, or of shared memory */
    uint32_t copied;     /* copied at the first write, as others hold them, too */
    uint32_t taken_back; /* the same, but nobody else held them any more: no copy */
};

#endif

#endif
