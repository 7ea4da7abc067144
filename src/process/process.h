/*
 * process/process.h - a program at work: its address space, its memory, its relatives, its end.
 *
 * A process is another's child (or the kernel's own) and has an end that its parent may wait for:
 *
 *   process_load     address space, program, stack, task; nothing runs yet
 *   process_start    it takes turns with the others
 *   ...              exits, is killed by its own fault, or is cancelled by another
 *   process_exit     gives back memory and files; its children have no parent now. The others run
 *                    while much memory goes back: until then the process is listed, as ready, and
 *                    its parent waits on. Nothing that others do to it changes its status then.
 *   buried           at once, by the idle task: kernel stack and the rest go back, but for a child
 *                    that can be waited for: its struct process stays, to keep the status
 *   process_wait     reports to the parent, and forgets the child
 *
 * Each process belongs to a family for ever (family.h), which is charged for what it takes.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/syscalls.h"
#include "device/console.h"
#include "base/list.h"
#include "process/address_space.h"
#include "process/arguments.h"
#include "process/descriptors.h"
#include "process/family.h"
#include "task/task.h"

struct process {
    uint32_t id;                   /* once started: 1 to INT32_MAX, unique */
    uint64_t serial;               /* 1 for the first that was started, and so on */
    uint64_t job;                  /* ctrl-C ends those with the same number together */
    char name[PROCESS_NAME_BYTES]; /* the file's, without the path */
    struct list_node link;         /* on the list of all processes, once started */
    struct list_node same_id;      /* on the list of those whose ids look alike, once started */
    struct process *parent;        /* NULL: the kernel */
    struct list_node children;     /* those that are not forgotten */
    struct list_node sibling;      /* on its parent's list */
    struct family *family;         /* it is a member of it until it is forgotten */
    bool is_detached;              /* its parent will not wait: it is forgotten when it ends */
    bool is_ending;                /* it gives back what it has, and its status is fixed */
    struct session session;        /* it may be in front: see console.h */
    struct task task;
    struct wait_queue child_ended; /* where it waits itself, for its children */
    struct address_space space;    /* whose chunk is NULL once it has ended */
    uint32_t argc;
    vaddr_t argv;
    int exit_status;
    uint8_t exit_signal; /* that ended it, by POSIX's number; 0: it ended by itself */
    uint32_t poll_tick;  /* getkey() calls in vain: in which tick, how many */
    uint32_t polls;
    struct node *folder; /* where relative paths begin, held; NULL: the root of drive 0 */
    struct descriptors descriptors;
};

/* Registers for tasks that end, for keys, and with the page cache. */
void process_initialise(void);

/*
 * Loads the ELF program at path into a new process, ready to run: program, user stack with the
 * arguments (NULL: none), kernel stack. It is of the running process's family, or of init's when
 * none runs. It has that one's input, output and errors (descriptors 0 to 2), or the console's. On
 * failure everything is given back: -ENOMEM, -ELIMIT when the family has as many
 * processes as it may, and the errors of elf.h and fs/file.h. Others run meanwhile; -EINTERRUPTED
 * when the caller was cancelled.
 */
int process_load(const char *path, const struct arguments *arguments, struct process **process);

/*
 * The same in a new family. -ELIMIT when there cannot be another one: the jobs that run have taken
 * all that they may; one that will be in front may then have a little more.
 */
int process_load_job(const char *path, const struct arguments *arguments, bool is_in_front,
                     struct process **process);

/* Its working folder from now on, of which it has a reference of its own; NULL: none. */
void process_set_folder(struct process *process, struct node *folder);

/* The child, which was not started, gets the running process's other open files, but for those that
 * are closed on execute. 0 or -ELIMIT: then it has a part. */
int process_inherit_files(struct process *child);

/*
 * The same for a program that works beside `mate`, a child of the running process that it has not
 * waited for: of mate's family, and when ctrl-C ends one of them, it ends both. As long as one of
 * them lives, the keyboard stays with them.
 */
int process_load_beside(const char *path, const struct arguments *arguments, struct process *mate,
                        struct process **process);

/* The running process's child with that id, that was not waited for; or NULL. */
struct process *process_find_child(uint32_t id);

/*
 * A copy of the running process, ready to run, of the same family: its memory, of which both see
 * only what they write themselves from now on; its open files, whose positions both share. It goes
 * on where the original is in its system call, with the result 0. 0 or an error: -ENOMEM, -ELIMIT,
 * -EINTERRUPTED.
 */
int process_fork(struct process **process);

/*
 * The running process gets the program at path in place of its own: id, family, parent, children
 * and open files stay, but for those that are closed on execute. Only its memory is another's
 * then, and *start says where the program begins: the caller gives back what it has, and calls
 * task_restart(). On an error, those of process_load(), nothing has changed.
 */
int process_execute(const char *path, const struct arguments *arguments, struct user_start *start);

/*
 * Lets it run, as a child of the running process, or of the kernel when none runs. The first of all
 * is init, and in front.
 *   PROCESS_DETACHED  its parent will not wait for it
 *   PROCESS_FRONT     it gets the keyboard
 */
#define PROCESS_DETACHED 1
#define PROCESS_FRONT    2
void process_start(struct process *process, unsigned flags);

/* The process whose task is running. In system calls and traps from ring 3 only. */
struct process *process_current(void);

/* Ends the running process. With a signal, by POSIX's number: it did not do so itself. */
void process_exit(int status) __attribute__((noreturn));
void process_exit_by_signal(int status, unsigned signal) __attribute__((noreturn));

/* Makes process end with that status before it executes another instruction of its own. May be
 * called by an interrupt handler. */
void process_cancel(struct process *process, int status);

/* The same for all processes of a family, which gets no new ones. Not for init's. */
void process_cancel_family(struct family *family, int status);

/*
 * The living process with that id, if the running process may end it; or NULL. A process reaches
 * its own family, those of init's family reach all. No other process reaches init itself: it is the
 * person's shell, and the machine stops when it ends.
 */
struct process *process_find_reachable(uint32_t id);

/*
 * Waits until the child with that id, or any child for WAIT_ANY, has ended; *status is its exit
 * status, and it is forgotten. Returns its id; -ECHILD when there is no such child to wait for.
 */
int process_wait(int id, int *status);

/*
 * The same with POSIX's status: the exit status times 256, or the signal that ended it. can_wait
 * false: 0 when no such child has ended yet.
 */
int process_wait_posix(int id, bool can_wait, int *status);

/* Of a word of its program's, and of a pointer: 4 or 8. */
static inline size_t process_word_bytes(const struct process *process)
{
    return ARCH_BITS == 64 && process->space.is_64_bit ? sizeof(uint64_t) : sizeof(uint32_t);
}

/* Has it the keyboard? */
bool process_is_front(const struct process *process);

/* Called with the status when the first process that was started ends, as its task, which has given
 * back all else: the handler may wait, even if the process was cancelled. restarts: it asked that
 * the machine starts again. */
void process_set_init_exit_handler(void (*handler)(int status, bool restarts));

/* The running process ends, and the handler gets to know that the machine is to start again.
 * -EINVARG when it is not init. */
int process_restart(void);

/* Init ends before it executes anything more in ring 3, and the handler is called. Nothing happens
 * when there is none, or it ends already. May be called by an interrupt handler. */
void process_cancel_init(int status);

/* Ends all processes but the running one, and waits until they have ended, but not for more than
 * that many ticks of the clock. */
void process_end_others(uint32_t ticks);

/* Gives back everything that process holds. It was never started, or the kernel started it and it
 * has ended. */
void process_destroy(struct process *process);

/* The process with that id, alive or not; NULL when it was never started, or is forgotten. */
const struct process *process_with_id(uint32_t id);

/* Calls visit for each process that was started and is not forgotten; stops when it returns
 * false. */
void process_for_each(bool (*visit)(void *context, const struct process *process), void *context);

/* The same for those that were started after the one with that serial, in this order. So a long
 * walk can pause and go on where it was. */
void process_for_each_after(uint64_t serial,
                            bool (*visit)(void *context, const struct process *process),
                            void *context);

/*
 * A line on the console for each allocation of kernel and programs, until the process that asked
 * for it turns it off, or ends. Only the process in front and those of init's family may: -EINVARG
 * for others, as the lines appear on the screen that all share.
 */
int process_trace(bool is_on);
void process_set_trace_handler(void (*handler)(bool is_on)); /* called when that changes */

/* What command SYSCALL_PROCESS_LIST reports about it. */
void process_describe(const struct process *process, struct process_info *info);

/* Pages that it has, or has been promised, tables and kernel stack included. Those that it shares
 * count for each of the processes. */
uint32_t process_count_pages(const struct process *process);

#endif
