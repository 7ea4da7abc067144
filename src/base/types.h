/*
 * base/types.h - addresses, so that one kind cannot pass for another.
 *
 * A pointer (void *) is memory that the kernel may touch. The others are numbers:
 *
 *   vaddr_t               a linear address, of the kernel or of the address space at hand
 *   paddr_t               a physical address: what an entry of a page table holds, a device, the firmware
 *   struct user_pointer   what a program says is an address. It cannot be dereferenced
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdint.h>

/* Of a word: 32 or 64. */
#define ARCH_BITS (__SIZEOF_POINTER__ * 8)

typedef uintptr_t vaddr_t;
typedef uintptr_t paddr_t; /* 32 bits are enough where there is no PAE */

struct user_pointer {
    vaddr_t address;
};

static inline struct user_pointer user_pointer(vaddr_t address)
{
    return (struct user_pointer){address};
}

/* offset bytes further; it may wrap: whoever uses the result finds out that it is not the
 * program's. */
static inline struct user_pointer user_pointer_add(struct user_pointer pointer, uintptr_t offset)
{
    return (struct user_pointer){pointer.address + offset};
}

/* What a page allows. Whoever may write or execute may read. */
typedef uint8_t page_rights_t;
#define PAGE_READ    1u
#define PAGE_WRITE   2u
#define PAGE_EXECUTE 4u /* without it the CPU refuses to, where it can */
#define PAGE_USER    8u
#define PAGE_DEVICE  16u /* a device's registers: not cached */

#endif
