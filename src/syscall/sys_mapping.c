/*
 * syscall/sys_mapping.c - mmap, munmap and mprotect.
 *
 * Size before speed.
 */
#include "abi/mapping.h"
#include "base/status.h"
#include "process/mapping.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"

/* struct memory_mapping as a 32-bit program has it. */
struct mapping32 {
    uint32_t address, length;
    uint32_t rights, flags;
    int32_t descriptor;
    uint32_t reserved;
    uint64_t offset;
};

static int read_mapping(struct user_pointer source, struct memory_mapping *mapping)
{
    struct mapping32 narrow;

    if (user_long_bytes() == sizeof(uintptr_t)) {
        return copy_from_user(mapping, source, sizeof(*mapping));
    }
    int status = copy_from_user(&narrow, source, sizeof(narrow));

    *mapping = (struct memory_mapping){
        .address = narrow.address,
        .length = narrow.length,
        .rights = narrow.rights,
        .flags = narrow.flags,
        .descriptor = narrow.descriptor,
        .reserved = narrow.reserved,
        .offset = narrow.offset,
    };
    return status;
}

/* map(mapping): the address */
intptr_t sys_map(const uintptr_t *arguments)
{
    struct process *process = process_current();
    struct memory_mapping mapping;
    int status = read_mapping(user_pointer(arguments[0]), &mapping);

    if (status < 0) {
        return status;
    }
    return mapping_add(process, &mapping,
                       descriptors_file(&process->descriptors, (uint32_t)mapping.descriptor));
}

/* unmap(address, length): 0 */
intptr_t sys_unmap(const uintptr_t *arguments)
{
    return mapping_remove(process_current(), arguments[0], arguments[1]);
}

/* protect(address, length, rights): 0 */
intptr_t sys_protect(const uintptr_t *arguments)
{
    return mapping_protect(process_current(), arguments[0], arguments[1], (uint32_t)arguments[2]);
}

/* sync_mapping(address, length): 0 */
intptr_t sys_sync_mapping(const uintptr_t *arguments)
{
    return mapping_sync(process_current(), arguments[0], arguments[1]);
}
