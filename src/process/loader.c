/*
 * process/loader.c - see loader.h.
 *
 * Size before speed.
 */
#include "process/loader.h"

#include "base/align.h"
#include "base/status.h"
#include "fs/file.h"
#include "process/elf.h"
#include "task/task.h"

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
    return (uint32_t)status == length ? OK : -ECUTOFF;
}

static int elf_read_from_file(void *context, uint32_t offset, void *buffer, uint32_t length)
{
    return read_exactly(context, offset, buffer, length);
}

/* ---------------------------------------------------------------- segments */

static page_rights_t rights_of(const struct elf_segment *segment)
{
    return (page_rights_t)(PAGE_READ | (segment->writable ? PAGE_WRITE : 0) |
                           (segment->executable ? PAGE_EXECUTE : 0));
}

/* Areas for the segment's pages. Those that an earlier segment has as well get the rights of both. */
static int add_areas(struct address_space *space, const struct elf_segment *segment)
{
    vaddr_t start = ALIGN_DOWN(segment->address, PAGE_SIZE_BYTES);
    vaddr_t end = ALIGN_UP(segment->address + segment->memory_bytes, PAGE_SIZE_BYTES);
    page_rights_t rights = rights_of(segment);
    int status = OK;

    while (status == OK && start < end) {
        const struct area *area = area_from(space, start);
        vaddr_t stop = end;

        if (area && area->start <= start) {
            stop = MIN(area->end, end);
            status = area_protect(space, start, stop, (page_rights_t)(rights | area->rights));
        } else {
            stop = area ? MIN(area->start, end) : end;
            status = area_add(space, start, stop, rights, AREA_PROGRAM);
        }
        start = stop;
    }
    return status;
}

/* What the file has of the segment. What it has not is zero at the first touch. */
static int fill_segment(struct address_space *space, struct file *file,
                        const struct elf_segment *segment)
{
    vaddr_t address = segment->address;
    vaddr_t file_end = segment->address + segment->file_bytes;

    while (address < file_end) {
        vaddr_t page = ALIGN_DOWN(address, PAGE_SIZE_BYTES);
        vaddr_t stop = MIN(page + PAGE_SIZE_BYTES, file_end);
        uint8_t *frame = address_space_page(space, page);
        uint32_t offset = segment->file_offset + (uint32_t)(address - segment->address);
        int status = read_exactly(file, offset, frame + (address - page), (uint32_t)(stop - address));

        if (status < 0) {
            return status;
        }
        address = stop;
        if (address < file_end && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    return OK;
}

static int load_segments(struct address_space *space, struct file *file,
                         const struct elf_layout *layout)
{
    int status = OK;

    for (size_t i = 0; status == OK && i < layout->segment_count; i++) {
        status = add_areas(space, &layout->segments[i]);
    }
    for (size_t i = 0; status == OK && i < layout->segment_count; i++) {
        status = fill_segment(space, file, &layout->segments[i]);
    }
    return status;
}

/* ---------------------------------------------------------------- the stack */

static size_t stack_bytes(const struct address_map *map, const struct elf_layout *layout)
{
    size_t bytes = layout->stack_bytes        ? layout->stack_bytes
                   : layout->has_stack_header ? map->stack_bytes
                                              : USER_STACK_BYTES;

    return ALIGN_UP(MAX(MIN(bytes, USER_STACK_BYTES_MAX), USER_STACK_BYTES), PAGE_SIZE_BYTES);
}

static uint8_t *stack_memory(void *space, vaddr_t address)
{
    return (uint8_t *)address_space_page(space, address) + address % PAGE_SIZE_BYTES;
}

/* The stack, with the arguments at its end; pages that these do not need come when they are touched. Below a
 * large one lies a guard, as its neighbours may be anything. */
static int add_stack(struct address_space *space, const struct elf_layout *layout,
                     const struct arguments *arguments, vaddr_t *stack, vaddr_t *argv)
{
    const struct address_map map = address_space_map(space);
    size_t word_bytes = layout->is_64_bit ? sizeof(uint64_t) : sizeof(uint32_t);
    size_t bytes = stack_bytes(&map, layout);
    bool is_large = bytes > USER_STACK_BYTES;
    vaddr_t top = is_large ? map.large_stack_top : map.stack_top;

    if (!arguments_fit(arguments, bytes, word_bytes)) {
        return -E2BIG;
    }
    int status = area_add(space, top - bytes, top, PAGE_READ | PAGE_WRITE, AREA_STACK);

    if (status == OK && is_large) {
        status = area_add(space, top - bytes - PAGE_SIZE_BYTES, top - bytes, 0, AREA_GUARD);
    }
    if (status == OK) {
        *stack = arguments_place(arguments, stack_memory, space, top, word_bytes, argv);
    }
    return status;
}

/* ---------------------------------------------------------------- all of it */

static int read_layout(const char *path, struct file **file, struct elf_layout *layout)
{
    struct file_stat stat;
    int status = file_open(path, file);

    if (status < 0) {
        return status;
    }
    file_stat(*file, &stat);

    struct elf_source source = {
        .read = elf_read_from_file,
        .context = *file,
        .size = stat.size,
    };
    status = stat.is_directory ? -EISDIR : elf_read_layout(&source, layout);
    if (status < 0) {
        file_close(*file);
    }
    return status;
}

int loader_load(const char *path, const struct arguments *arguments, struct family *family,
                struct address_space *space, struct user_start *start, vaddr_t *argv)
{
    struct elf_layout layout;
    struct file *file;
    int status = address_space_create(space, family);

    if (status < 0) {
        return status;
    }
    status = read_layout(path, &file, &layout);
    if (status < 0) {
        return status;
    }
    address_space_set_map(space, layout.is_64_bit);
    status = load_segments(space, file, &layout);
    file_close(file);
    *start = (struct user_start){.entry = layout.entry, .is_64_bit = layout.is_64_bit};
    return status < 0 ? status : add_stack(space, &layout, arguments, &start->stack, argv);
}
