/*
 * tests/kernel/x86_64/test_user_code.c - pieces of 64-bit code in ring 3: SYSCALL with every flag
 * that a program can set, from either mode; and what FS and GS are to two tasks.
 *
 * Each runs in the place of the disk's init, which is loaded as always: only its first page and its
 * first registers are others. A piece ends with UD2 when all was right and with INT3 when something
 * was wrong, and the process's status says which.
 */
#include "arch/context.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "arch/x86_64/gdt.h"
#include "arch/x86_64/trap_frame.h"
#include "base/status.h"
#include "fs/file_object.h"
#include "ktest.h"
#include "space_model.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "process/process.h"
#include "task/task.h"
#include "watching.h"

#define INIT_PATH      "0:/init.elf"
#define STATUS_RIGHT   134 /* invalid opcode */
#define STATUS_WRONG   131 /* breakpoint */
#define STATUS_STEPPED 129 /* debug exception */
#define STATUS_REFUSED 141 /* general protection */
#define STATUS_NO_PAGE 142 /* page fault */
#define FLAG_NESTED    0x00004000u
#define FLAG_PRIVILEGE 0x00003000u
#define FAR_ADDRESS    0x0000123400000000ul
#define UNUSED_COMMAND 10 /* of no call: -EINVARG */

/* A piece of code: position-independent, at most a page. */
#define CODE(name, instructions)                                                   \
    extern const uint8_t name[], name##_end[];                                     \
    __asm__(".pushsection .rodata\n" #name ":\n" instructions "\n" #name "_end:\n" \
            ".popsection\n")

/* What the registers begin with says each piece. */
struct piece {
    const uint8_t *code, *end;
    uint64_t rdi, rsi, rdx;
    vaddr_t thread_pointer;
    bool is_32_bit;
};

/* The disk's init with the piece in place of its first page; NULL when it cannot be loaded. */
static struct process *load(const struct piece *piece)
{
    struct process *process = NULL;
    void *text;

    if (process_load(INIT_PATH, NULL, &process) != OK) {
        return NULL;
    }
    struct trap_frame *frame = task_user_frame(&process->task);
    const struct user_start start = {
        .entry = USER_PROGRAM_ADDRESS,
        .stack = USER_STACK_TOP - 16,
        .is_64_bit = !piece->is_32_bit,
    };

    process->task.kernel_stack_pointer = context_prepare(frame + 1, &start);
    process->task.thread_pointer = piece->thread_pointer;
    frame->rdi = piece->rdi;
    frame->rsi = piece->rsi;
    frame->rdx = piece->rdx;
    if (area_protect(&process->space, USER_PROGRAM_ADDRESS, USER_PROGRAM_ADDRESS + PAGE_SIZE_BYTES,
                     PAGE_READ | PAGE_WRITE) != OK ||
        address_space_own_page(&process->space, USER_PROGRAM_ADDRESS, &text) != OK ||
        area_protect(&process->space, USER_PROGRAM_ADDRESS, USER_PROGRAM_ADDRESS + PAGE_SIZE_BYTES,
                     PAGE_READ | PAGE_EXECUTE) != OK) {
        return NULL;
    }
    memcpy(text, piece->code, (size_t)(piece->end - piece->code));
    return process;
}

/* Runs one to its end. */
static int status_of(const struct piece *piece)
{
    struct process *process = load(piece);
    int status = -1;

    if (process) {
        process_start(process, 0);
        task_run_all();
        status = process->task.state == TASK_ENDED ? process->exit_status : -1;
        process_destroy(process);
    }
    return status;
}

/* rsi = flags to add, rdi = the call, rdx = what it must give. SYSCALL is the first instruction
 * with these flags, and the only one with TF. All other registers are kept, but RCX and R11; so are
 * the flags. */
CODE(call_with_flags, "pushfq\n"
                      "or %rsi, (%rsp)\n"
                      "mov %rdi, %rax\n"
                      "mov $0x1122334455667788, %rbx\n"
                      "mov %rbx, %r8\n"
                      "lea 1(%rbx), %r9\n"
                      "lea 2(%rbx), %r10\n"
                      "mov %rbx, %r15\n"
                      "mov %rsp, %rbp\n"
                      "popfq\n"
                      "syscall\n"
                      "pushfq\n"
                      "pop %r11\n"
                      "cld\n"
                      "add $-8, %rbp\n"
                      "add $16, %rbp\n"
                      "cmp %rsp, %rbp\n"
                      "jne 1f\n"
                      "and %rsi, %r11\n"
                      "cmp %rsi, %r11\n"
                      "jne 1f\n"
                      "cmp %rdx, %rax\n"
                      "jne 1f\n"
                      "cmp %rbx, %r8\n"
                      "jne 1f\n"
                      "sub %rbx, %r9\n"
                      "cmp $1, %r9\n"
                      "jne 1f\n"
                      "sub %rbx, %r10\n"
                      "cmp $2, %r10\n"
                      "jne 1f\n"
                      "cmp %rbx, %r15\n"
                      "jne 1f\n"
                      "ud2\n"
                      "1: int3\n");

static uintptr_t flags_seen;

static void note_flags(uint32_t command)
{
    (void)command;
    flags_seen |= cpu_read_flags();
}

KTEST(syscall_with_every_flag_that_a_program_can_set)
{
    static const struct watchers watchers = {.on_call = note_flags, .print_one_in = 1};
    static const uint32_t flags[] = {0,
                                     EFLAGS_DF,
                                     EFLAGS_AC,
                                     EFLAGS_ID,
                                     FLAG_NESTED,
                                     EFLAGS_CF,
                                     EFLAGS_DF | EFLAGS_AC | FLAG_NESTED | EFLAGS_ID | EFLAGS_CF};

    KEXPECT(ktest_mount());
    flags_seen = 0;
    watching_start(&watchers);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        struct piece piece = {
            .code = call_with_flags,
            .end = call_with_flags_end,
            .rdi = UNUSED_COMMAND,
            .rsi = flags[i],
            .rdx = (uint64_t)-EINVARG,
        };

        KEXPECT(status_of(&piece) == STATUS_RIGHT);
        /* A number whose lower half alone would be a call. */
        piece.rdi = 0x1234567800000000;
        KEXPECT(status_of(&piece) == STATUS_RIGHT);
        piece.rdi = UNUSED_COMMAND;
        piece.rsi |= EFLAGS_TF; /* the program's own exception, whenever it comes */
        KEXPECT(status_of(&piece) == STATUS_STEPPED);
        KEXPECT(!(cpu_read_flags() & (EFLAGS_AC | EFLAGS_DF | EFLAGS_IF | EFLAGS_TF)));
    }
    watching_stop();
    /* Nor had the kernel any of them while it was called. */
    KEXPECT(flags_seen != 0);
    KEXPECT(!(flags_seen & (EFLAGS_AC | EFLAGS_DF | EFLAGS_IF | EFLAGS_TF | FLAG_NESTED)));
    KEXPECT(fs_unmount() == OK);
}

static struct {
    trap_handler_t handler;
    bool is_where_traps_are;
} stepped;

static void note_place(struct trap_frame *frame)
{
    stepped.is_where_traps_are = frame == task_user_frame(task_current());
    stepped.handler(frame);
}

/* A debug exception has a stack of its own, for one task at a time: a program's must leave it, for
 * what handles it may change tasks. */
KTEST(debug_exceptions_of_programs_are_where_other_traps_are)
{
    const struct piece piece = {
        .code = call_with_flags,
        .end = call_with_flags_end,
        .rdi = UNUSED_COMMAND,
        .rsi = EFLAGS_TF,
    };

    KEXPECT(ktest_mount());
    stepped.is_where_traps_are = false;
    stepped.handler = trap_handlers[TRAP_DEBUG];
    trap_handlers[TRAP_DEBUG] = note_place;
    int status = status_of(&piece);
    trap_handlers[TRAP_DEBUG] = stepped.handler;
    KEXPECT(status == STATUS_STEPPED && stepped.is_where_traps_are);
    KEXPECT(fs_unmount() == OK);
}

extern uint8_t syscall_entry[]; /* trap.asm */

/* A CPU may report a program's single step at SYSCALL's first instruction, in ring 0. (QEMU does
 * not.) */
KTEST(debug_exceptions_at_the_entry_are_dropped)
{
    struct trap_frame frame = {
        .vector = TRAP_DEBUG,
        .rip = (vaddr_t)syscall_entry,
        .cs = KERNEL_CODE_SELECTOR,
        .rflags = EFLAGS_CLEAN | EFLAGS_TF,
    };

    trap_handlers[TRAP_DEBUG](&frame);
    KEXPECT(frame.rflags == EFLAGS_CLEAN && frame.rip == (vaddr_t)syscall_entry);
}

/* I/O privilege is not a program's to take: POPF leaves it as it is. */
KTEST(syscall_leaves_the_io_privilege)
{
    struct piece piece = {
        .code = call_with_flags,
        .end = call_with_flags_end,
        .rdi = UNUSED_COMMAND,
        .rsi = FLAG_PRIVILEGE,
        .rdx = (uint64_t)-EINVARG,
    };

    KEXPECT(ktest_mount());
    KEXPECT(status_of(&piece) == STATUS_WRONG); /* the flags are not there */
    KEXPECT(fs_unmount() == OK);
}

/* rdi = where to return to: SYSCALL's own RIP cannot be chosen, but INT 0x80 comes back by IRET,
 * and a jump there faults in ring 3, whichever address that is. */
CODE(jump_away, "jmp *%rdi\n");

KTEST(syscall_jumps_to_no_address_fault_in_ring_3)
{
    static const uint64_t places[] = {USER_END, 0xFFFF7FFFFFFFFFFFul, 0x8000000000000000ul};

    KEXPECT(ktest_mount());
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const struct piece piece = {.code = jump_away, .end = jump_away_end, .rdi = places[i]};

        KEXPECT(status_of(&piece) == STATUS_REFUSED);
    }
    KEXPECT(fs_unmount() == OK);
}

/* Calls the kernel, which is to come back somewhere else. */
CODE(call_once, "xor %eax, %eax\n"
                "syscall\n"
                "ud2\n");

/* No program can have SYSCALL come back to what is no address of its own: the instruction would
 * have to lie in the page before USER_END, which nothing is mapped in. So the call's handler does
 * it, as one might that sets up a frame of the program's choice. */
#define NEW_RCX 0x0C0FFEE0ul
static struct {
    uint64_t rip, cs;
    uint64_t rcx_at_fault;
    trap_handler_t on_protection, on_page_fault;
} elsewhere;

static bool return_elsewhere(uint32_t command, uint32_t *result)
{
    struct trap_frame *frame = task_user_frame(task_current());

    (void)command;
    frame->rip = elsewhere.rip;
    frame->cs = elsewhere.cs;
    frame->rcx = NEW_RCX;
    *result = 0;
    return true;
}

static void note_rcx(struct trap_frame *frame)
{
    elsewhere.rcx_at_fault = frame->rcx;
    (frame->vector == TRAP_PAGE_FAULT ? elsewhere.on_page_fault : elsewhere.on_protection)(frame);
}

/* What becomes of a program whose call comes back there: its status. */
static int status_elsewhere(uint64_t rip, uint64_t cs)
{
    static const struct watchers watchers = {.answer = return_elsewhere, .print_one_in = 1};
    const struct piece piece = {.code = call_once, .end = call_once_end};
    struct process *process = load(&piece);

    if (!process) {
        return -1;
    }
    elsewhere.rip = rip;
    elsewhere.cs = cs;
    elsewhere.rcx_at_fault = 0;
    elsewhere.on_protection = trap_handlers[TRAP_GENERAL_PROTECTION];
    elsewhere.on_page_fault = trap_handlers[TRAP_PAGE_FAULT];
    trap_handlers[TRAP_GENERAL_PROTECTION] = trap_handlers[TRAP_PAGE_FAULT] = note_rcx;
    watching_run(&watchers, process);
    trap_handlers[TRAP_GENERAL_PROTECTION] = elsewhere.on_protection;
    trap_handlers[TRAP_PAGE_FAULT] = elsewhere.on_page_fault;
    int status = process->exit_status;
    process_destroy(process);
    return status;
}

/* SYSRET takes such an address from RCX, and some CPUs then fault in ring 0, on the program's
 * stack. IRET does not, and RCX is what it shall be: that is how the two can be told apart on every
 * CPU. */
KTEST(syscall_comes_back_to_no_address_without_sysret)
{
    static const uint64_t places[] = {
        USER_END,       USER_END + 0x400000,  0x00FF800000000000ul, 0x8000000000400000ul,
        KERNEL_ADDRESS, 0xFFFF7FFFFFFFFFFFul, 0xFFFFFFFFFFFFFFFFul,
    };

    KEXPECT(ktest_mount());
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int status = status_elsewhere(places[i], USER_CODE_64_SELECTOR);

        KEXPECT(status == STATUS_REFUSED || status == STATUS_NO_PAGE); /* CPUs differ */
        KEXPECT(elsewhere.rcx_at_fault == NEW_RCX);
    }
    KEXPECT(fs_unmount() == OK);
}

/* IRET refuses in ring 0 what is no code segment of ring 3: the end of that program, and no
 * panic. */
KTEST(syscall_comes_back_with_what_iret_refuses)
{
    static const uint64_t selectors[] = {USER_DATA_SELECTOR, REAL_MODE_CODE_SELECTOR | 3, 0xFFFB};

    KEXPECT(ktest_mount());
    for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
        KEXPECT(status_elsewhere(USER_END, selectors[i]) == STATUS_REFUSED);
    }
    KEXPECT(fs_unmount() == OK);
}

/* The stack pointer of a program is its own affair: SYSCALL does not use it, and brings it back.
 * rdi = RSP, rdx as above. */
CODE(call_with_stack, "mov %rdi, %rsp\n"
                      "mov $10, %eax\n"
                      "syscall\n"
                      "cmp %rdi, %rsp\n"
                      "jne 1f\n"
                      "cmp %rdx, %rax\n"
                      "jne 1f\n"
                      "ud2\n"
                      "1: int3\n");

KTEST(syscall_with_a_stack_pointer_to_nowhere)
{
    static const uint64_t stacks[] = {
        0, 1, 0xFFFFFFFF, USER_END, KERNEL_ADDRESS, DIRECT_MAP + 0x7FF8, 0xFFFFFFFFFFFFFFFFul};

    KEXPECT(ktest_mount());
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        const struct piece piece = {
            .code = call_with_stack,
            .end = call_with_stack_end,
            .rdi = stacks[i],
            .rdx = (uint64_t)-EINVARG,
        };

        KEXPECT(status_of(&piece) == STATUS_RIGHT);
    }
    KEXPECT(fs_unmount() == OK);
}

/* SYSCALL and SYSENTER from 32-bit code are no instructions: some CPUs have the one there, some the
 * other. */
CODE(syscall_in_32_bits, "mov $10, %eax\n"
                         "syscall\n"
                         "int3\n");
CODE(sysenter_in_32_bits, "mov $10, %eax\n"
                          "sysenter\n"
                          "int3\n");

KTEST(syscall_instructions_of_32_bits_are_refused)
{
    const struct piece by_syscall = {
        .code = syscall_in_32_bits, .end = syscall_in_32_bits_end, .is_32_bit = true};
    const struct piece by_sysenter = {
        .code = sysenter_in_32_bits, .end = sysenter_in_32_bits_end, .is_32_bit = true};

    KEXPECT(ktest_mount());
    int by_call = status_of(&by_syscall);
    int by_enter = status_of(&by_sysenter);
    KEXPECT(by_call == STATUS_RIGHT);
    KEXPECT(by_enter == STATUS_RIGHT || by_enter == STATUS_REFUSED);
    KEXPECT(fs_unmount() == OK);
}

/* What lies at a thread pointer. */
struct thread_data {
    uint64_t name;
    uint32_t goes_on;
};

/* rdi = the name that lies at the thread pointer. Looks as long as it is to go on. The clock
 * changes tasks meanwhile. */
CODE(look_at_fs, "1: mov %fs:0, %rax\n"
                 "cmp %rdi, %rax\n"
                 "jne 2f\n"
                 "mov %gs, %eax\n"
                 "test %eax, %eax\n"
                 "jnz 2f\n"
                 "cmpl $0, %fs:8\n"
                 "jne 1b\n"
                 "ud2\n"
                 "2: int3\n");

/* The same in 32 bits: FS is the selector of the thread's segment. */
CODE(look_at_fs_32, ".code32\n"
                    "mov $0x4B, %eax\n"
                    "mov %eax, %fs\n"
                    "1: mov %fs:0, %eax\n"
                    "cmp %edi, %eax\n"
                    "jne 2f\n"
                    "cmpl $0, %fs:8\n"
                    "jne 1b\n"
                    "ud2\n"
                    "2: int3\n"
                    ".code64\n");

#define THREADS      4
#define THREAD_TICKS (6 * THREADS) /* turns for each */

static struct {
    struct thread_data *data[THREADS];
    unsigned ticks;
} threads;

static void end_threads_in_time(void)
{
    if (++threads.ticks == THREAD_TICKS) {
        for (unsigned i = 0; i < THREADS; i++) {
            threads.data[i]->goes_on = 0;
        }
    }
}

/* Two tasks of 64 bits whose thread pointers are beyond 4 GiB, and two of 32 bits, take turns: each
 * sees its own FS, all the time. */
KTEST(tasks_have_fs_and_gs_of_their_own)
{
    struct process *processes[THREADS] = {NULL};
    static const struct watchers watchers = {.on_tick = end_threads_in_time};
    int wrong = 0;

    KEXPECT(ktest_mount());
    for (unsigned i = 0; i < THREADS; i++) {
        bool is_64_bit = i % 2 == 0;
        vaddr_t data = is_64_bit ? FAR_ADDRESS + i * 0x100000000ul : 0x600000 + i * 0x10000;
        const struct piece piece = {
            .code = is_64_bit ? look_at_fs : look_at_fs_32,
            .end = is_64_bit ? look_at_fs_end : look_at_fs_32_end,
            .rdi = 0x5EED0000 + i,
            .thread_pointer = data,
            .is_32_bit = !is_64_bit,
        };

        processes[i] = load(&piece);
        KEXPECT(processes[i]);
        struct address_space *space = &processes[i]->space;
        void *memory;

        KEXPECT(space_add_area(space, data, data + PAGE_SIZE_BYTES, PAGE_READ | PAGE_WRITE,
                               AREA_MAPPING) == OK);
        KEXPECT(address_space_own_page(space, data, &memory) == OK);
        threads.data[i] = memory;
        *threads.data[i] = (struct thread_data){.name = piece.rdi, .goes_on = 1};
    }
    threads.ticks = 0;
    watching_start(&watchers);
    for (unsigned i = 0; i < THREADS; i++) {
        process_start(processes[i], 0);
    }
    task_run_all();
    watching_stop();
    for (unsigned i = 0; i < THREADS; i++) {
        wrong += processes[i]->exit_status != STATUS_RIGHT || processes[i]->task.ticks == 0;
        process_destroy(processes[i]);
    }
    KEXPECT(wrong == 0);
    KEXPECT(fs_unmount() == OK);
}

/* A 32-bit program without FS that jumps to 64-bit code and calls THREAD_POINTER (39) there. edx =
 * what it must give. */
CODE(set_thread_pointer_by_a_far_jump,
     ".code32\n"
     "xor %eax, %eax\n"
     "mov %eax, %fs\n"
     "ljmp $0x2B, $0x400000 + 2f - set_thread_pointer_by_a_far_jump\n"
     ".code64\n"
     "2: mov $39, %eax\n"
     "movabs $0x8000000000000000, %rdi\n"
     "syscall\n"
     "cmp %edx, %eax\n"
     "jne 1f\n"
     "ud2\n"
     "1: int3\n");

/* As the base of FS a number that is no address faults, in the kernel. (QEMU does not check it.) */
KTEST(thread_pointer_of_a_32_bit_program_has_32_bits)
{
    const struct piece piece = {
        .code = set_thread_pointer_by_a_far_jump,
        .end = set_thread_pointer_by_a_far_jump_end,
        .rdx = (uint64_t)-EINVARG,
        .is_32_bit = true,
    };

    KEXPECT(ktest_mount());
    KEXPECT(status_of(&piece) == STATUS_RIGHT);
    KEXPECT(fs_unmount() == OK);
}
