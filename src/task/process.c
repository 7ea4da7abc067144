/*
 * task/process.c - making a process from a file, and taking it apart again.
 *
 * A process is built bottom up - address space, program, stack, task - and every step can fail;
 * process_destroy() takes back whatever exists, so it serves the half-built and the finished
 * alike. All of a process's user memory lies in three ranges (stack, program, heap) and every
 * frame in them is its own, so giving it back needs no list.
 */
#include "task/process.h"

#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "fs/file.h"
#include "lib/align.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "status.h"
#include "task/elf.h"

#define USER_EFLAGS (0x2 | EFLAGS_IF) /* bit 1 is always set */

static struct {
    uint32_t next_id;
    struct process *init;
    void (*init_exit_handler)(int status);
} processes;

struct process *process_current(void)
{
    struct task *task = task_current();

    KASSERT(task);
    return LIST_ENTRY(task, struct process, task);
}

/* ---------------------------------------------------------------- loading */

/* The frame behind the user page at address: mapped now if it was not. A page that two segments
 * share is writeable if one of them is. NULL when out of memory. */
static uint8_t *user_page(struct process *process, vaddr_t address, bool is_writable)
{
    uint32_t entry = paging_get(process->chunk, (void *)address);
    uint32_t flags = PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL |
                     (is_writable ? PAGING_IS_WRITEABLE : 0);
    uint8_t *frame = (uint8_t *)(entry & ~PAGING_FLAGS_MASK);

    if (!entry) {
        frame = pmm_alloc_page();
        if (!frame) {
            return NULL;
        }
        pmm_zero_page(frame);
    } else {
        flags |= entry & PAGING_IS_WRITEABLE;
    }
    if (paging_map(process->chunk, (void *)address, frame, flags) < 0) {
        pmm_free_page(frame); /* no table: so the page was not mapped before either */
        return NULL;
    }
    return frame;
}

static int read_exactly(struct file *file, uint32_t offset, void *buffer, uint32_t length)
{
    int status = file_seek(file, offset);

    if (status < 0) {
        return status;
    }
    status = file_read(file, buffer, length);
    if (status < 0) {
        return status;
    }
    return (uint32_t)status == length ? OK : -EINFORMAT;
}

static int elf_read_from_file(void *context, uint32_t offset, void *buffer, uint32_t length)
{
    return read_exactly(context, offset, buffer, length);
}

/* Pages are zeroed when mapped, so .bss needs no more than to exist. */
static int load_segment(struct process *process, struct file *file,
                        const struct elf_segment *segment)
{
    uint32_t end = segment->address + segment->memory_bytes;
    uint32_t file_end = segment->address + segment->file_bytes;
    uint32_t address = segment->address;

    while (address < end) {
        uint32_t page = ALIGN_DOWN(address, PAGE_SIZE_BYTES);
        uint32_t next = page + PAGE_SIZE_BYTES;
        uint8_t *frame = user_page(process, page, segment->writable);

        if (!frame) {
            return -ENOMEM;
        }
        if (address < file_end) {
            int status = read_exactly(file, segment->file_offset + (address - segment->address),
                                      frame + (address - page), MIN(next, file_end) - address);
            if (status < 0) {
                return status;
            }
        }
        address = next;
    }
    return OK;
}

static int load_program(struct process *process, const char *path, uint32_t *entry)
{
    struct file *file;
    struct file_stat stat;
    struct elf_layout layout;
    int status = file_open(path, &file);

    if (status < 0) {
        return status;
    }
    file_stat(file, &stat);
    if (stat.is_directory) {
        status = -EISDIR;
        goto close;
    }

    struct elf_source source = {
        .read = elf_read_from_file,
        .context = file,
        .size = stat.size,
    };
    status = elf_read_layout(&source, &layout);
    for (size_t i = 0; status == OK && i < layout.segment_count; i++) {
        status = load_segment(process, file, &layout.segments[i]);
    }
    *entry = layout.entry;

close:
    file_close(file);
    return status;
}

static int map_user_stack(struct process *process)
{
    for (vaddr_t page = USER_STACK_BOTTOM; page < USER_STACK_TOP; page += PAGE_SIZE_BYTES) {
        if (!user_page(process, page, true)) {
            return -ENOMEM;
        }
    }
    return OK;
}

int process_load(const char *path, struct process **process)
{
    struct process *new_process = kmem_zalloc(sizeof(*new_process));
    const char *name = path;
    uint32_t entry = 0;
    int status = -ENOMEM;

    if (!new_process) {
        return -ENOMEM;
    }
    for (const char *c = path; *c; c++) {
        if (*c == '/') {
            name = c + 1;
        }
    }
    string_copy(new_process->name, name, sizeof(new_process->name));
    new_process->heap_next = PROCESS_HEAP_ADDRESS;
    new_process->chunk = paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);
    if (!new_process->chunk) {
        goto fail;
    }
    status = load_program(new_process, path, &entry);
    if (status < 0) {
        goto fail;
    }
    status = map_user_stack(new_process);
    if (status < 0) {
        goto fail;
    }

    struct trap_frame frame = {
        .eip = entry,
        .cs = USER_CODE_SELECTOR,
        .eflags = USER_EFLAGS,
        .esp = USER_STACK_TOP,
        .ss = USER_DATA_SELECTOR,
        .ds = USER_DATA_SELECTOR,
        .es = USER_DATA_SELECTOR,
        .fs = USER_DATA_SELECTOR,
        .gs = USER_DATA_SELECTOR,
    };
    status = task_create(&new_process->task, new_process->chunk, &frame);
    if (status < 0) {
        goto fail;
    }
    new_process->id = ++processes.next_id;
    *process = new_process;
    return OK;

fail:
    process_destroy(new_process);
    return status;
}

void process_start(struct process *process)
{
    if (!processes.init) {
        processes.init = process;
    }
    task_start(&process->task);
}

/* ---------------------------------------------------------------- the end */

static void release_user_memory(struct process *process)
{
    paging_release_range(process->chunk, USER_STACK_BOTTOM, USER_STACK_TOP);
    paging_release_range(process->chunk, USER_PROGRAM_ADDRESS, USER_PROGRAM_END);
    paging_release_range(process->chunk, PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END);
    paging_free_4gb(process->chunk);
    process->chunk = NULL;
}

static void close_files(struct process *process)
{
    for (size_t i = 0; i < FILE_DESCRIPTORS_MAX; i++) {
        file_close(process->files[i]);
        process->files[i] = NULL;
    }
}

void process_destroy(struct process *process)
{
    close_files(process);
    if (process->chunk) {
        release_user_memory(process);
    }
    if (process->task.kernel_stack) {
        task_destroy(&process->task);
    }
    kmem_free(process);
}

void process_exit(int status)
{
    struct process *process = process_current();

    process->exit_status = status;
    close_files(process);
    /* The kernel stack that this runs on is mapped in the kernel's chunk as well. */
    release_user_memory(process);
    if (process == processes.init && processes.init_exit_handler) {
        processes.init_exit_handler(status);
    }
    task_end();
}

void process_set_init_exit_handler(void (*handler)(int status))
{
    processes.init_exit_handler = handler;
}

/* ---------------------------------------------------------------- faults */

/* Which rule of layout.h's map a touch of address breaks. */
static const char *broken_rule(vaddr_t address, uint32_t error_code)
{
    if (address < PAGE_SIZE_BYTES) {
        return "NULL and the page around it are never mapped";
    }
    if (address >= USER_STACK_GUARD && address < USER_STACK_BOTTOM) {
        return "the guard page below the stack: the stack is full";
    }
    if (address >= USER_STACK_TOP && address < USER_PROGRAM_ADDRESS) {
        return "the guard page above the stack";
    }
    if (error_code & PAGE_FAULT_PRESENT) {
        return error_code & PAGE_FAULT_WRITE && address >= USER_STACK_BOTTOM &&
                       (address < USER_PROGRAM_END ||
                        (address >= PROCESS_HEAP_ADDRESS && address < PROCESS_HEAP_END))
                   ? "that page is read-only"
                   : "that page is the kernel's";
    }
    return "nothing is mapped there";
}

static void process_on_fault(struct trap_frame *frame)
{
    struct process *process = process_current();

    printk("%s (process %u) killed: ", process->name, process->id);
    if (frame->vector == TRAP_PAGE_FAULT) {
        uint32_t address = cpu_read_cr2();

        printk("%s address %08x: %s; eip %08x\n",
               frame->error_code & PAGE_FAULT_FETCH   ? "executed"
               : frame->error_code & PAGE_FAULT_WRITE ? "wrote to"
                                                      : "read",
               address, broken_rule(address, frame->error_code), frame->eip);
    } else {
        printk("%s; eip %08x, error code %x\n", trap_name(frame->vector), frame->eip,
               frame->error_code);
    }
    process_exit(STATUS_FAULT + (int)frame->vector);
}

void process_initialise(void)
{
    trap_set_user_fault_handler(process_on_fault);
}
