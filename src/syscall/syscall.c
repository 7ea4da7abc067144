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
#include "base/compiler.h"
#include "base/status.h"
#include "fs/page_object.h"
#include "process/process.h"

static intptr_t sys_unknown(const uintptr_t *arguments)
{
    (void)arguments;
    return -EINVARG;
}

/* From a call's line of the table: how many arguments it has, and which of them have a sign (bit
 * n). */
#define SIGN_OF(type, name, is_signed) is_signed
#define SIGN(argument, bit)            ((SIGN_OF argument) << (bit))
#define SIGNS_0(result)                0
#define SIGNS_1(result, a)             SIGN(a, 0)
#define SIGNS_2(result, a, b)          SIGN(a, 0) | SIGN(b, 1)
#define SIGNS_3(result, a, b, c)       SIGN(a, 0) | SIGN(b, 1) | SIGN(c, 2)

#define FIFTH(result, a, b, c, fifth, ...) fifth
#define COUNT(...)                         FIFTH(__VA_ARGS__, 3, 2, 1, 0, none)
#define SIGNS_OF(...)                      FIFTH(__VA_ARGS__, SIGNS_3, SIGNS_2, SIGNS_1, SIGNS_0, none)
#define SIGNS(...)                         SIGNS_OF(__VA_ARGS__)(__VA_ARGS__)

#define WORD sizeof(uint32_t) /* of a 32-bit program */

static const struct {
    syscall_handler_t handler;
    size_t stack_bytes; /* that a 32-bit program's arguments take */
} syscalls[] = {
    [10 ... 15] = {sys_unknown, 0},
#define SYSCALL(number, NAME, name, ...) [SYSCALL_##NAME] = {sys_##name, COUNT(__VA_ARGS__) * WORD},
#include "abi/syscalls.def"
#undef SYSCALL
};

static const uint8_t signs[] = {
#define SYSCALL(number, NAME, name, ...) [SYSCALL_##NAME] = SIGNS(__VA_ARGS__),
#include "abi/syscalls.def"
#undef SYSCALL
};

enum {
#define SYSCALL(number, NAME, ...) LINE_OF_##NAME,
#include "abi/syscalls.def"
#undef SYSCALL
    CALLS /* how many lines there are */
};

_Static_assert(ARRAY_SIZE(syscalls) == SYSCALL_COUNT && SYSCALL_COUNT == CALLS + 6,
               "every number below SYSCALL_COUNT has a line: 10 to 15 are nobody's");

/*
 * The arguments of a 32-bit program: words on its stack. Where the kernel's are wider, some have a
 * sign. This is part of each such call, so it does not go the long way through copy_from_user().
 */
static inline int read_stack_arguments(vaddr_t stack, uintptr_t number, uintptr_t *arguments)
{
    vaddr_t end = user_range_end(stack);
    size_t bytes = syscalls[number].stack_bytes;
    uint32_t words[SYSCALL_ARGUMENTS_MAX];
    bool are_same = sizeof(*words) == sizeof(*arguments);

    if (!end || bytes > end - stack) {
        return -EINVARG;
    }
    if (!user_access_copy(are_same ? (void *)arguments : words, (const void *)stack, bytes)) {
        return trap_user_page_error();
    }
    for (unsigned i = 0; !are_same && i < bytes / WORD; i++) {
        bool is_signed = signs[number] >> i & 1;

        arguments[i] = is_signed ? (uintptr_t)(intptr_t)(int32_t)words[i] : words[i];
    }
    return OK;
}

/* Apart from the calls without arguments, so that those save fewer registers. */
static NOINLINE intptr_t call_with_arguments(const struct trap_frame *frame, uint32_t number)
{
    uintptr_t arguments[SYSCALL_ARGUMENTS_MAX];
    int status = read_stack_arguments(frame_user_stack_pointer(frame), number, arguments);

    return status == OK ? syscalls[number].handler(arguments) : status;
}

/* int 0x80. Of the number's register such programs have 32 bits; the rest may be anything. */
static inline intptr_t call_from_gate(const struct trap_frame *frame)
{
    uint32_t number = (uint32_t)frame_syscall_number(frame);

    if (number >= ARRAY_SIZE(syscalls)) {
        return -EINVARG;
    }
    return syscalls[number].stack_bytes == 0 ? syscalls[number].handler(NULL)
                                             : call_with_arguments(frame, number);
}

/*
 * A call that returns -ENOMEM has changed nothing. It is made again for as long as it was refused
 * only because the page cache, which could give memory back, had done its part of this stretch: so
 * nothing that a handler calls has to wait for memory in the middle of its work. For calls by the
 * instruction, the entry code does the same.
 */
static void syscall_from_gate(struct trap_frame *frame)
{
    intptr_t result;

    do {
        result = call_from_gate(frame); /* its number is in the frame until the result is */
    } while (__builtin_expect(result == -ENOMEM, false) && page_cache_may_try_again());
    frame_set_result(frame, result);
}

/* syscall */
static intptr_t syscall_from_instruction(const struct trap_frame *frame)
{
    uintptr_t number = frame_syscall_number(frame);

    if (number >= ARRAY_SIZE(syscalls)) {
        return -EINVARG;
    }
    return syscalls[number].handler(frame_register_arguments(frame)); /* a jump */
}

void syscall_initialise(void)
{
    trap_set_syscall_handler(syscall_from_gate);
    syscall_entry_set_handler(syscall_from_instruction);
    syscall_entry_set_refused(page_cache_may_try_again);
    process_set_trace_handler(sys_memory_set_trace);
}
