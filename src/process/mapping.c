/*
 * process/mapping.c - see mapping.h.
 *
 * Size before speed.
 */
#include "process/mapping.h"

#include "base/align.h"
#include "base/status.h"
#include "fs/file.h"
#include "fs/node_contents.h"
#include "fs/page_object.h"
#include "memory/pmm.h"

/* Pages of an object, and of a mapping. */
#define PAGES_MAX (1u << 29)

#define RIGHTS_ALL (MAPPING_READ | MAPPING_WRITE | MAPPING_EXECUTE)
#define FLAGS_ALL  (MAPPING_SHARED | MAPPING_PRIVATE | MAPPING_FIXED | MAPPING_ANONYMOUS)

_Static_assert(MAPPING_READ == PAGE_READ && MAPPING_WRITE == PAGE_WRITE &&
                   MAPPING_EXECUTE == PAGE_EXECUTE,
               "rights are the same numbers");

static bool are_rights(uint32_t rights)
{
    return !(rights & ~RIGHTS_ALL) &&
           (rights & (MAPPING_WRITE | MAPPING_EXECUTE)) != (MAPPING_WRITE | MAPPING_EXECUTE);
}

/* What can be written to or executed can be read: the CPU knows no other pages. */
static page_rights_t readable(uint32_t rights)
{
    return rights ? (page_rights_t)(rights | PAGE_READ) : 0;
}

static bool is_sound(const struct memory_mapping *mapping)
{
    uint32_t kind = mapping->flags & (MAPPING_SHARED | MAPPING_PRIVATE);

    return mapping->length > 0 && are_rights(mapping->rights) && !(mapping->flags & ~FLAGS_ALL) &&
           (kind == MAPPING_SHARED || kind == MAPPING_PRIVATE) && mapping->reserved == 0 &&
           IS_ALIGNED(mapping->offset, (uint64_t)PAGE_SIZE_BYTES) &&
           mapping->offset / PAGE_SIZE_BYTES < PAGES_MAX &&
           (IS_ALIGNED(mapping->address, (uintptr_t)PAGE_SIZE_BYTES) ||
            !(mapping->flags & MAPPING_FIXED));
}

/* May a mapping be put to exactly that place? */
static bool is_place(const struct address_space *space, vaddr_t start, size_t length)
{
    const struct address_map map = address_space_map(space);

    return range_is_inside(start, length, map.heap_start, map.heap_end) ||
           range_is_inside(start, length, map.program_start, map.program_end);
}

/* Are all areas of [start, end) mappings, and is nothing of process_malloc()'s there? */
static bool are_mappings(const struct address_space *space, vaddr_t start, vaddr_t end)
{
    const struct address_map map = address_space_map(space);

    for (size_t count = 0; start < end; area_pause(&count)) {
        const struct area *area = area_from(space, start);
        vaddr_t free_end = area ? MIN(area->start, end) : end;

        if (area && area->start < end && area->kind != AREA_MAPPING) {
            return false;
        }
        if (start < free_end && start >= map.heap_start && start < map.heap_end &&
            !address_space_is_free(space, start, free_end)) {
            return false;
        }
        start = area ? area->end : end;
    }
    return true;
}

/* Where a mapping of so many bytes goes. 0: nowhere; it may be taken again before it is used. */
static vaddr_t choose_place(struct address_space *space, vaddr_t hint, size_t length)
{
    const struct address_map map = address_space_map(space);
    vaddr_t start = ALIGN_DOWN(hint, PAGE_SIZE_BYTES);

    if (start && range_is_inside(start, length, map.heap_start, map.heap_end) &&
        address_space_is_free(space, start, start + length)) {
        return start;
    }
    start =
        room_take_highest(&space->room, map.heap_start, map.break_start, length / PAGE_SIZE_BYTES);
    if (!start) {
        start =
            room_take_highest(&space->room, map.heap_start, map.heap_end, length / PAGE_SIZE_BYTES);
    }
    if (start) {
        room_give(&space->room, start, start + length);
    } else if (room_has_lost(&space->room)) {
        start =
            address_space_find_free(space, map.heap_start, map.heap_end, length / PAGE_SIZE_BYTES);
    }
    return start;
}

/* ---------------------------------------------------------------- objects */

static void charge_back(void *family, uint32_t pages)
{
    family_give_back(family, FAMILY_PAGES, pages);
}

/* Memory that a fork shares. */
static int new_shared_memory(struct family *family, size_t length, struct page_object **object)
{
    uint32_t pages = (uint32_t)(length / PAGE_SIZE_BYTES);

    if (!family_charge(family, FAMILY_PAGES, pages)) {
        return -ENOMEM;
    }
    if (page_cache_promise(pages)) {
        *object = shared_memory_new(pages, family, charge_back);
        if (*object) {
            return OK;
        }
        pmm_give_back_promise(pages);
    }
    family_give_back(family, FAMILY_PAGES, pages);
    return -ENOMEM;
}

/* What the mapping shows, with a reference; NULL for private memory. */
static int find_object(struct process *process, const struct memory_mapping *mapping,
                       struct file *file, size_t length, struct page_object **object)
{
    bool is_shared = mapping->flags & MAPPING_SHARED;

    *object = NULL;
    if (!(mapping->flags & MAPPING_ANONYMOUS)) {
        return !file_is_readable(file) ? -EMODE
               : is_shared && mapping->rights & MAPPING_WRITE && !file_is_writable(file)
                   ? -ERDONLY
                   : file_contents(file, object);
    }
    return is_shared ? new_shared_memory(process->family, length, object) : OK;
}

/* ---------------------------------------------------------------- the calls */

intptr_t mapping_add(struct process *process, const struct memory_mapping *mapping,
                     struct file *file)
{
    struct address_space *space = &process->space;
    bool is_fixed = mapping->flags & MAPPING_FIXED;
    bool is_of_file = !(mapping->flags & MAPPING_ANONYMOUS);
    struct page_object *object;

    if (!is_sound(mapping) || (is_of_file && !file)) {
        return -EINVARG;
    }
    size_t length = ALIGN_UP(mapping->length, (uintptr_t)PAGE_SIZE_BYTES);

    if (length == 0 || length / PAGE_SIZE_BYTES >= PAGES_MAX) { /* 0: beyond all addresses */
        return -ENOMEM;
    }
    if (is_fixed && (!is_place(space, mapping->address, length) ||
                     !are_mappings(space, mapping->address, mapping->address + length))) {
        return -EINVARG;
    }
    int status = find_object(process, mapping, file, length, &object);

    if (status == OK && is_fixed) {
        status = area_remove(space, mapping->address, mapping->address + length);
    }
    vaddr_t start = is_fixed ? mapping->address : choose_place(space, mapping->address, length);

    if (status == OK) {
        status = start == 0 ? -ENOMEM
                            : area_add(space, &(struct area){
                                                  .start = start,
                                                  .end = start + length,
                                                  .rights = readable(mapping->rights),
                                                  .kind = AREA_MAPPING,
                                                  .object = object,
                                                  .first = is_of_file ? (uint32_t)(mapping->offset /
                                                                                   PAGE_SIZE_BYTES)
                                                                      : 0,
                                                  .is_shared = mapping->flags & MAPPING_SHARED,
                                                  .is_fixed = is_of_file && !file_is_writable(file),
                                              });
    }
    if (object) {
        page_object_release(object); /* the area has its own reference */
    }
    return status < 0 ? status : (intptr_t)start;
}

/* Whole pages from address on, in *end; false: no such range. */
static bool find_end(vaddr_t address, size_t length, vaddr_t *end)
{
    *end = ALIGN_UP(address + length, (uintptr_t)PAGE_SIZE_BYTES);
    return IS_ALIGNED(address, (uintptr_t)PAGE_SIZE_BYTES) && *end > address &&
           length <= *end - address;
}

int mapping_remove(struct process *process, vaddr_t address, size_t length)
{
    struct address_space *space = &process->space;
    vaddr_t end;

    if (!find_end(address, length, &end) || !are_mappings(space, address, end)) {
        return -EINVARG;
    }
    return area_remove(space, address, end);
}

int mapping_protect(struct process *process, vaddr_t address, size_t length, uint32_t rights)
{
    struct address_space *space = &process->space;
    vaddr_t end;

    if (!are_rights(rights) || (length > 0 ? !find_end(address, length, &end)
                                           : !IS_ALIGNED(address, (uintptr_t)PAGE_SIZE_BYTES))) {
        return -EINVARG;
    }
    if (length == 0) {
        return OK;
    }
    size_t count = 0;

    for (vaddr_t at = address; at < end; area_pause(&count)) {
        const struct area *area = area_at(space, at);

        if (!area || area->kind == AREA_GUARD) {
            return -ENOMEM;
        }
        if (area->kind == AREA_STACK || area->kind == AREA_BREAK) {
            return -EINVARG; /* these grow and shrink as one */
        }
        if (area->is_shared && rights & MAPPING_WRITE && area->is_fixed) {
            return -ERDONLY;
        }
        at = area->end;
    }
    return area_protect(space, address, end, readable(rights));
}

int mapping_sync(struct process *process, vaddr_t address, size_t length)
{
    struct address_space *space = &process->space;
    vaddr_t end;

    if (length == 0) {
        return IS_ALIGNED(address, (uintptr_t)PAGE_SIZE_BYTES) ? OK : -EINVARG;
    }
    if (!find_end(address, length, &end)) {
        return -EINVARG;
    }
    for (size_t count = 0; address < end; area_pause(&count)) {
        const struct area *area = area_at(space, address);

        if (!area || area->kind == AREA_GUARD) {
            return -ENOMEM;
        }
        if (area->is_shared && area->object && page_object_notices_writes(area->object)) {
            struct node *node = node_of(area->object);
            int status = node_sync(node);
            int earlier = node_take_error(node, NULL);

            if (status < 0 || earlier < 0) {
                return status < 0 ? status : earlier;
            }
        }
        address = area->end;
    }
    return OK;
}
