/*
 * abi/syscalls.h - the system calls: what programs and kernel agree on.
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

#define SYSCALL_EXIT_STATUS 16 /* (int status): does not return */
#define SYSCALL_WAIT_KEY    17 /* () -> the next key (abi/keys.h); sleeps until there is one */

#define COMMAND_ARGUMENT_BYTES 512

#ifndef __ASSEMBLER__

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

#endif

#endif
