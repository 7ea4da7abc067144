/*
 * syscall/syscall.c - from a call's number to its handler.
 */
#include "syscall/syscall.h"

#include <stddef.h>

#include "abi/syscalls.h"
#include "arch/syscall_entry.h"
#include "arch/trap.h"
#include "arch/user_access.h"
#include "base/align.h"
#include "base/status.h"
#include "process/process.h"

static intptr_t sys_unknown(const uintptr_t *arguments)
{
    (void)arguments;
    return -EINVARG;
}

/* Of an argument of the table: its bit, if it has a sign. */
#define SIGN_OF(type, name, is_signed) is_signed
#define SIGN(argument, bit)            ((SIGN_OF argument) << (bit))

/* A call's line by the number of its arguments. */
#define LINE_0(handler, result) \
    {                           \
        handler, 0, 0           \
    }
#define LINE_1(handler, result, a) \
    {                              \
        handler, 1, SIGN(a, 0)     \
    }
#define LINE_2(handler, result, a, b)       \
    {                                       \
        handler, 2, SIGN(a, 0) | SIGN(b, 1) \
    }
#define LINE_3(handler, result, a, b, c)                 \
    {                                                    \
        handler, 3, SIGN(a, 0) | SIGN(b, 1) | SIGN(c, 2) \
    }

#define LINE_CHOOSE(result, a, b, c, line, ...) line
#define LINE(handler, ...) \
    LINE_CHOOSE(__VA_ARGS__, LINE_3, LINE_2, LINE_1, LINE_0, none)(handler, __VA_ARGS__)

static const struct {
    syscall_handler_t handler;
    uint16_t argument_count;
    uint16_t signs; /* bit n: argument n has a sign */
} syscalls[] = {
    [10 ... 15] = {sys_unknown, 0, 0},
#define SYSCALL(number, NAME, name, ...) [SYSCALL_##NAME] = LINE(sys_##name, __VA_ARGS__),
#include "abi/syscalls.def"
#undef SYSCALL
};

enum {
    CALLS =
#define SYSCALL(...) 1 +
#include "abi/syscalls.def"
#undef SYSCALL
        0
};

_Static_assert(ARRAY_SIZE(syscalls) == SYSCALL_COUNT && SYSCALL_COUNT == CALLS + 6,
               "every number below SYSCALL_COUNT has a line: 10 to 15 are nobody's");

/*
 * The arguments of a 32-bit program: words on its stack. Where the kernel's are wider, some have a sign. This
 * is part of each such call, so it does not go the long way through copy_from_user().
 */
static inline bool read_stack_arguments(vaddr_t stack, uintptr_t number, uintptr_t *arguments)
{
    vaddr_t end = user_range_end(stack);
    unsigned count = syscalls[number].argument_count;
    uint32_t words[SYSCALL_ARGUMENTS_MAX];
    bool are_same = sizeof(*words) == sizeof(*arguments);

    if (!end || count * sizeof(*words) > end - stack ||
        !user_access_copy(are_same ? (void *)arguments : words, (const void *)stack,
                          count * sizeof(*words))) {
        return false;
    }
    for (unsigned i = 0; !are_same && i < count; i++) {
        bool is_signed = syscalls[number].signs >> i & 1;

        arguments[i] = is_signed ? (uintptr_t)(intptr_t)(int32_t)words[i] : words[i];
    }
    return true;
}

/* Apart from the calls without arguments, so that those save fewer registers. */
static void __attribute__((noinline)) call_with_arguments(struct trap_frame *frame, uint32_t number)
{
    uintptr_t arguments[SYSCALL_ARGUMENTS_MAX];

    if (read_stack_arguments(frame_user_stack_pointer(frame), number, arguments)) {
        frame_set_result(frame, syscalls[number].handler(arguments));
    } else {
        frame_set_result(frame, -EINVARG);
    }
}

/* int 0x80. Of the number's register such programs have 32 bits; the rest may be anything. */
static void syscall_from_gate(struct trap_frame *frame)
{
    uint32_t number = (uint32_t)frame_syscall_number(frame);

    if (number >= ARRAY_SIZE(syscalls)) {
        frame_set_result(frame, -EINVARG);
    } else if (syscalls[number].argument_count == 0) {
        frame_set_result(frame, syscalls[number].handler(NULL));
    } else {
        call_with_arguments(frame, number);
    }
}

/* syscall */
static void syscall_from_instruction(struct trap_frame *frame)
{
    uintptr_t number = frame_syscall_number(frame);
    uintptr_t arguments[SYSCALL_ARGUMENTS_MAX];

    if (number >= ARRAY_SIZE(syscalls)) {
        frame_set_result(frame, -EINVARG);
        return;
    }
    frame_register_arguments(frame, arguments);
    frame_set_result(frame, syscalls[number].handler(arguments));
}

void syscall_initialise(void)
{
    trap_set_syscall_handler(syscall_from_gate);
    syscall_entry_set_handler(syscall_from_instruction);
    process_set_trace_handler(sys_memory_set_trace);
}
