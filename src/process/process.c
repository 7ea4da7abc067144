/*
 * process/process.c - making a process from a file, and taking it apart again.
 *
 * A process is built bottom up - address space, program, stack, task - and every step can fail;
 * process_destroy() takes back everything that exists, so it serves the half-built and the finished
 * alike. What its memory is made of is the business of address_space.h.
 *
 * Size before speed.
 */
#include "process/process.h"

#include "arch/timer.h"
#include "arch/trap.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "fs/node.h"
#include "fs/ram/ram_fs.h"
#include "base/align.h"
#include "fs/page_object.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/loader.h"
#include "process/process_memory.h"

/* Of each process, whatever it does: directory and tables, kernel stack, and a page that stands for
 * its small objects. */
#define OBJECT_PAGES 1
#define FIXED_PAGES  (PAGING_CHUNK_PAGES + TASK_STACK_PAGES + OBJECT_PAGES)

/* How each program finds the console. */
#define SESSION_MODE (CONSOLE_LINES | CONSOLE_ECHO)

/* Children that are given away between two pauses. */
#define CHILDREN_A_PIECE 64

/* Lists by which a process is found by its id: each has those with the same remainder. */
#define ID_LISTS 64

static struct {
    struct list_node by_id[ID_LISTS];
    struct list_node all; /* started, and not forgotten, in the order of their serials */
    uint32_t last_id;
    uint64_t started;
    struct process *init;
    const struct process *tracer; /* has turned on the trace; NULL: it is off */
    bool restarts;                /* init has asked for it */
    void (*init_exit_handler)(int status, bool restarts);
    void (*trace_handler)(bool is_on);
} processes;

struct process *process_current(void)
{
    return LIST_ENTRY(task_running(), struct process, task);
}

/* ---------------------------------------------------------------- loading */

/* What the family is charged for a process whatever it does. 0 or an error. */
static int charge_process(struct family *family)
{
    if (family->is_ending) {
        return -EINTERRUPTED;
    }
    if (!family_charge(family, FAMILY_PROCESSES, 1)) {
        return -ELIMIT;
    }
    if (!family_charge(family, FAMILY_PAGES, FIXED_PAGES)) {
        family_give_back(family, FAMILY_PROCESSES, 1);
        return -ENOMEM;
    }
    return OK;
}

/* May it have a kernel stack of those that are kept for need: is it the shell's, or a new job? */
static bool may_use_spare(const struct process *process)
{
    return process->family == family_of_init() || process->family->used[FAMILY_PROCESSES] == 1;
}

/* The last name of the path is the process's. */
static void set_name(struct process *process, const char *path)
{
    const char *name = path;

    for (const char *c = path; *c; c++) {
        if (*c == '/') {
            name = c + 1;
        }
    }
    string_copy(process->name, name, sizeof(process->name));
}

/* A process of the family, which is charged for it, without an address space and a task. 0 or an
 * error. */
static int new_process(struct family *family, struct process **process)
{
    int status = charge_process(family);
    struct process *created;

    if (status < 0) {
        return status;
    }
    created = kmem_zalloc(sizeof(*created));
    if (!created) {
        family_give_back(family, FAMILY_PROCESSES, 1);
        family_give_back(family, FAMILY_PAGES, FIXED_PAGES);
        return -ENOMEM;
    }
    list_initialise(&created->link);
    list_initialise(&created->same_id);
    list_initialise(&created->children);
    list_initialise(&created->sibling);
    created->family = family;
    family_join(family);
    wait_queue_initialise(&created->child_ended);
    created->session.turns = &family->turns;
    created->session.mode = SESSION_MODE;
    *process = created;
    return OK;
}

/* The last step of making one, when status says how the others went: it is whole, and *made, or it
 * is gone again. */
static int finish(struct process *process, int status, struct process **made)
{
    const struct family *family = process->family;

    /* Others ran meanwhile, and may have ended the caller, or its family with all that is in it. */
    if (status == OK && (family->is_ending || (task_current() && task_is_cancelled()))) {
        status = -EINTERRUPTED;
    }
    if (status < 0) {
        process_destroy(process);
    } else {
        process->task.group = &process->family->turns;
        *made = process;
    }
    return status;
}

static int load(const char *path, const struct arguments *arguments, struct family *family,
                struct process **process)
{
    struct user_start start = {0};
    struct process *created;
    int status = new_process(family, &created);

    if (status < 0) {
        return status;
    }
    set_name(created, path);
    if (task_current()) {
        process_set_folder(created, process_current()->folder);
    }
    created->argc = arguments_count(arguments);
    status = loader_load(created->folder, path, arguments, family, &created->space, &start,
                         &created->argv);
    if (status == OK) {
        status = task_create(&created->task, created->space.chunk, &start, may_use_spare(created));
    }
    if (status == OK && task_current()) {
        status = descriptors_inherit(&created->descriptors, family, &process_current()->descriptors,
                                     0, FILE_DESCRIPTOR_FIRST);
    } else if (status == OK) {
        descriptors_begin(&created->descriptors);
    }
    return finish(created, status, process);
}

int process_load(const char *path, const struct arguments *arguments, struct process **process)
{
    return load(path, arguments, task_current() ? process_current()->family : family_of_init(),
                process);
}

int process_load_job(const char *path, const struct arguments *arguments, bool is_in_front,
                     struct process **process)
{
    struct family *family;

    do {
        family = family_new(is_in_front);
    } while (!family && page_cache_may_try_again());
    if (!family) {
        return -ELIMIT;
    }
    family_join(family); /* until the process has */
    int status = load(path, arguments, family, process);
    family_leave(family);
    return status;
}

int process_load_beside(const char *path, const struct arguments *arguments, struct process *mate,
                        struct process **process)
{
    uint64_t job = mate->job;
    int status = load(path, arguments, mate->family, process);

    if (status == OK) {
        (*process)->job = job;
    }
    return status;
}

int process_inherit_files(struct process *child)
{
    int status =
        descriptors_inherit(&child->descriptors, child->family, &process_current()->descriptors,
                            FILE_DESCRIPTOR_FIRST, FILE_DESCRIPTORS);

    descriptors_execute(&child->descriptors, child->family);
    return status;
}

int process_fork(struct process **process)
{
    struct process *parent = process_current();
    struct process *child;
    int status = new_process(parent->family, &child);

    if (status < 0) {
        return status;
    }
    string_copy(child->name, parent->name, sizeof(child->name));
    child->argc = parent->argc;
    process_set_folder(child, parent->folder);
    child->argv = parent->argv;
    child->session.mode = parent->session.mode;
    status = address_space_create(&child->space, child->family);
    if (status == OK) {
        status = address_space_clone(&child->space, &parent->space);
    }
    if (status == OK) {
        status = descriptors_inherit(&child->descriptors, child->family, &parent->descriptors, 0,
                                     FILE_DESCRIPTORS);
    }
    if (status == OK) {
        status = task_create_copy(&child->task, child->space.chunk, 0, may_use_spare(child));
    }
    return finish(child, status, process);
}

int process_execute(const char *path, const struct arguments *arguments, struct user_start *start)
{
    struct process *process = process_current();
    struct address_space space = {0}, old = process->space;
    vaddr_t argv;
    int status =
        loader_load(process->folder, path, arguments, process->family, &space, start, &argv);

    if (status < 0) {
        address_space_destroy(&space);
        return status;
    }
    set_name(process, path);
    process->space = space;
    process->argc = arguments_count(arguments);
    process->argv = argv;
    process->session.takes_interrupt = false;
    process->session.mode = SESSION_MODE;
    descriptors_execute(&process->descriptors, process->family);
    task_set_chunk(space.chunk);
    address_space_destroy(&old);
    return OK;
}

/* The process with that id, alive or not; or NULL. */
static struct process *process_of(uint32_t id)
{
    LIST_FOR_EACH(node, &processes.by_id[id % ID_LISTS]) {
        struct process *process = LIST_ENTRY(node, struct process, same_id);

        if (process->id == id) {
            return process;
        }
    }
    return NULL;
}

/* An unused one. Ids are positive as an int, too: a result of spawn below 0 is an error. */
static uint32_t new_id(void)
{
    do {
        processes.last_id = processes.last_id % INT32_MAX + 1;
    } while (process_of(processes.last_id));
    return processes.last_id;
}

/* It is that one's child from now on; NULL: the kernel's. */
static void set_parent(struct process *child, struct process *parent)
{
    list_remove(&child->sibling);
    child->parent = parent;
    if (parent) {
        list_append(&parent->children, &child->sibling);
    }
}

void process_start(struct process *process, unsigned flags)
{
    process->id = new_id();
    process->serial = ++processes.started;
    process->job = process->job ? process->job : process->serial;
    set_parent(process, task_current() ? process_current() : NULL);
    process->is_detached = flags & PROCESS_DETACHED;
    list_append(&processes.all, &process->link);
    list_append(&processes.by_id[process->id % ID_LISTS], &process->same_id);
    task_start(&process->task);
    if (!processes.init) {
        processes.init = process;
        console_set_front(&process->session);
    } else if (flags & PROCESS_FRONT) {
        console_start_front(&process->session);
    }
}

/* ---------------------------------------------------------------- the end */

void process_set_folder(struct process *process, struct node *folder)
{
    struct node *before = process->folder;

    process->folder = folder ? node_hold(folder) : NULL;
    if (before) {
        node_release(before);
    }
}

static bool has_ended(const struct process *process)
{
    return process->task.state == TASK_ENDED;
}

void process_destroy(struct process *process)
{
    struct family *family = process->family;

    process_set_folder(process, NULL);
    descriptors_end(&process->descriptors, process->family);
    address_space_destroy(&process->space);
    if (process->task.kernel_stack) {
        task_destroy(&process->task);
    }
    if (!has_ended(process)) { /* else it was buried */
        family_give_back(family, FAMILY_PAGES, FIXED_PAGES);
    }
    family_give_back(family, FAMILY_PROCESSES, 1);
    list_remove(&process->link);
    list_remove(&process->same_id);
    list_remove(&process->sibling);
    kmem_free(process);
    family_leave(family);
}

/* Gives away some children of process. Were these all? */
static bool abandon_some(struct process *process)
{
    for (size_t count = 0; !list_is_empty(&process->children); count++) {
        struct process *child = LIST_ENTRY(process->children.next, struct process, sibling);

        if (count == CHILDREN_A_PIECE) {
            return false;
        }
        set_parent(child, process->parent);
        child->is_detached = true;
        if (has_ended(child)) {
            process_destroy(child);
        }
    }
    return true;
}

/* Its children are their grandparent's now, which does not wait for them: they only need to know
 * to whom the keyboard goes after them. While others run, children may end and leave theirs to this
 * one. */
static void abandon_children(struct process *process)
{
    while (!abandon_some(process)) {
        task_pause();
    }
}

void process_exit_by_signal(int status, unsigned signal)
{
    process_current()->exit_signal = (uint8_t)signal;
    process_exit(status);
}

/* Who has the keyboard after process: one that works beside it, or else its parent. */
static struct session *next_in_front(const struct process *process)
{
    LIST_FOR_EACH(node, &processes.all) {
        struct process *other = LIST_ENTRY(node, struct process, link);

        if (other->job == process->job && !other->is_ending && !has_ended(other)) {
            return &other->session;
        }
    }
    return process->parent ? &process->parent->session : NULL;
}

void process_exit(int status)
{
    struct process *process = process_current();

    process->exit_status = status;
    process->is_ending = true; /* before the first pause */
    if (processes.tracer == process) {
        (void)process_trace(false);
    }
    process_set_folder(process, NULL);
    descriptors_end(&process->descriptors, process->family);
    abandon_children(process);
    if (process_is_front(process)) {
        console_set_front(next_in_front(process));
    }
    /* The kernel stack that this runs on is mapped in the kernel's chunk as well. */
    address_space_destroy(&process->space);
    if (process == processes.init) {
        processes.init = NULL;
        if (processes.init_exit_handler) {
            task_set_chunk(paging_kernel_chunk()); /* others may run in between */
            task_forget_cancel();
            processes.init_exit_handler(status, processes.restarts);
        }
    }
    task_end();
}

int process_restart(void)
{
    if (process_current() != processes.init) {
        return -EINVARG;
    }
    processes.restarts = true;
    process_exit(OK);
}

/* The idle task calls this when a task has left its stack for good. */
static void process_bury(struct task *task)
{
    struct process *process = LIST_ENTRY(task, struct process, task);

    task_destroy(task);
    family_give_back(process->family, FAMILY_PAGES, FIXED_PAGES);
    if (process->is_detached) {
        process_destroy(process);
    } else if (process->parent) {
        task_wake_all(&process->parent->child_ended);
    }
}

void process_cancel(struct process *process, int status)
{
    if (!process->task.is_cancelled && !process->is_ending) {
        process->exit_status = status;
        /* As abi/syscalls.h numbers them. */
        process->exit_signal = (uint8_t)(status - STATUS_FAULT);
        task_cancel(&process->task);
    }
}

void process_cancel_init(int status)
{
    if (processes.init) {
        process_cancel(processes.init, status);
    }
}

/* Cancels all but the running process. How many have not ended yet? */
static uint32_t cancel_others(void)
{
    const struct process *current = process_current();
    uint32_t count = 0;

    LIST_FOR_EACH(node, &processes.all) {
        struct process *process = LIST_ENTRY(node, struct process, link);

        if (process != current && !has_ended(process)) {
            process_cancel(process, STATUS_KILLED);
            count++;
        }
    }
    return count;
}

void process_end_others(uint32_t ticks)
{
    uint32_t start = timer_get_ticks();

    while (cancel_others() > 0 && timer_get_ticks() - start < ticks) {
        task_rest();
    }
}

void process_cancel_family(struct family *family, int status)
{
    KASSERT(family != family_of_init());
    family->is_ending = true;
    LIST_FOR_EACH(node, &processes.all) {
        struct process *process = LIST_ENTRY(node, struct process, link);

        if (process->family == family && !has_ended(process)) {
            process_cancel(process, status);
        }
    }
}

struct process *process_find_reachable(uint32_t id)
{
    const struct process *current = process_current();
    struct process *process = process_of(id);

    if (!process || has_ended(process) || (process == processes.init && process != current)) {
        return NULL;
    }
    return current->family == family_of_init() || current->family == process->family ? process
                                                                                     : NULL;
}

struct process *process_find_child(uint32_t id)
{
    struct process *process = process_of(id);

    return process && process->parent == process_current() && !process->is_detached ? process
                                                                                    : NULL;
}

/* A child that waiting for id would be about: one that has ended if there is any; or NULL. */
static struct process *find_child(const struct process *parent, int id)
{
    struct process *found = NULL;

    if (id != WAIT_ANY) {
        return process_find_child((uint32_t)id);
    }
    LIST_FOR_EACH(node, &parent->children) {
        struct process *child = LIST_ENTRY(node, struct process, sibling);

        if (child->is_detached) {
            continue;
        }
        found = child;
        if (has_ended(child)) {
            break;
        }
    }
    return found;
}

/* The child that has ended, in *child, and 1; 0: none has, and the caller cannot wait; or an
 * error. */
static int wait_for_child(int id, bool can_wait, struct process **child)
{
    struct process *parent = process_current();

    while ((*child = find_child(parent, id)) != NULL) {
        if (has_ended(*child)) {
            return 1;
        }
        if (!can_wait) {
            return 0;
        }
        if (task_is_cancelled()) {
            return -EINTERRUPTED;
        }
        task_block(&parent->child_ended);
    }
    return -ECHILD;
}

/* Reports a child that has ended, for the last time. */
static int take_child(struct process *child)
{
    int id = (int)child->id;

    process_destroy(child);
    return id;
}

int process_wait(int id, int *status)
{
    struct process *child;
    int result = wait_for_child(id, true, &child);

    if (result <= 0) {
        return result;
    }
    *status = child->exit_status;
    return take_child(child);
}

int process_wait_posix(int id, bool can_wait, int *status)
{
    struct process *child;
    int result = wait_for_child(id, can_wait, &child);

    if (result <= 0) {
        return result;
    }
    *status = child->exit_signal ? child->exit_signal : (child->exit_status & 0xFF) << 8;
    return take_child(child);
}

/* ---------------------------------------------------------------- the keyboard */

bool process_is_front(const struct process *process)
{
    return console_is_front(&process->session);
}

/* It, and those that work beside it. */
static void interrupt_session(struct session *front)
{
    uint64_t job = LIST_ENTRY(front, struct process, session)->job;

    LIST_FOR_EACH(node, &processes.all) {
        struct process *process = LIST_ENTRY(node, struct process, link);

        if (process->job == job && !process->session.takes_interrupt && !has_ended(process)) {
            process_cancel(process, STATUS_INTERRUPTED);
        }
    }
}

static bool can_quit_session(const struct session *front)
{
    return LIST_ENTRY(front, struct process, session)->family != family_of_init();
}

/* Ends all of the family. The nearest of those that started it and are of another family is
 * next. */
static struct session *quit_session(struct session *front)
{
    struct process *next = LIST_ENTRY(front, struct process, session);
    struct family *family = next->family;

    process_cancel_family(family, STATUS_QUIT);
    while (next && next->family == family) {
        next = next->parent;
    }
    return next ? &next->session : NULL;
}

static struct session *running_session(void)
{
    return &process_current()->session;
}

static const struct console_actions session_actions = {
    .running = running_session,
    .interrupt = interrupt_session,
    .can_quit = can_quit_session,
    .quit = quit_session,
};

void process_set_init_exit_handler(void (*handler)(int status, bool restarts))
{
    processes.init_exit_handler = handler;
}

/* ---------------------------------------------------------------- figures */

uint32_t process_count_pages(const struct process *process)
{
    return process->space.chunk ? FIXED_PAGES - OBJECT_PAGES + process->space.pages : 0;
}

void process_describe(const struct process *process, struct process_info *info)
{
    *info = (struct process_info){
        .pid = process->id,
        .parent = process->parent ? process->parent->id : 0,
        .pages = process_count_pages(process),
        .ticks = process->task.ticks,
        .state = has_ended(process)                    ? PROCESS_ENDED
                 : process->task.state == TASK_BLOCKED ? PROCESS_WAITING
                                                       : PROCESS_READY,
        .is_front = process_is_front(process),
        .family = (uint16_t)process->family->number,
    };
    string_copy(info->name, process->name, sizeof(info->name));
}

const struct process *process_with_id(uint32_t id)
{
    return process_of(id);
}

void process_for_each_after(uint64_t serial,
                            bool (*visit)(void *context, const struct process *process),
                            void *context)
{
    LIST_FOR_EACH(node, &processes.all) {
        const struct process *process = LIST_ENTRY(node, struct process, link);

        if (process->serial > serial && !visit(context, process)) {
            return;
        }
    }
}

void process_for_each(bool (*visit)(void *context, const struct process *process), void *context)
{
    process_for_each_after(0, visit, context);
}

/* ---------------------------------------------------------------- the trace */

int process_trace(bool is_on)
{
    const struct process *process = process_current();

    if (process != processes.tracer && process->family != family_of_init() &&
        !process_is_front(process)) {
        return -EINVARG;
    }
    processes.tracer = is_on ? process : NULL;
    kheap_set_trace(is_on);
    if (processes.trace_handler) {
        processes.trace_handler(is_on);
    }
    return OK;
}

void process_set_trace_handler(void (*handler)(bool is_on))
{
    processes.trace_handler = handler;
}

struct address_space *process_address_space(struct process *process)
{
    return &process->space;
}

void process_initialise(void)
{
    list_initialise(&processes.all);
    for (size_t i = 0; i < ID_LISTS; i++) {
        list_initialise(&processes.by_id[i]);
    }
    family_initialise();
    console_initialise(&session_actions);
    task_set_end_handler(process_bury);
    address_space_initialise();
    ram_fs_set_charge(family_charge_files, family_give_back_files);
}
