/*
 * process/loader.c - see loader.h.
 *
 * Size before speed.
 */
#include "process/loader.h"

#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "fs/file_object.h"
#include "fs/page_object.h"
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

static int add_area(struct address_space *space, vaddr_t start, vaddr_t end, page_rights_t rights)
{
    return area_add(space, &(struct area){
                               .start = start,
                               .end = end,
                               .rights = rights,
                               .kind = AREA_PROGRAM,
                           });
}

/* Bytes [from, to) of the segment, from the file into the process's own pages. */
static int copy_from_file(struct address_space *space, struct file *file,
                          const struct elf_segment *segment, vaddr_t from, vaddr_t to)
{
    for (vaddr_t address = from; address < to;) {
        vaddr_t page = ALIGN_DOWN(address, PAGE_SIZE_BYTES);
        vaddr_t stop = MIN(page + PAGE_SIZE_BYTES, to);
        uint32_t offset = segment->file_offset + (uint32_t)(address - segment->address);
        void *frame;
        int status = address_space_own_page(space, page, &frame);

        if (status == OK) {
            status = read_exactly(file, offset, (uint8_t *)frame + (address - page),
                                  (uint32_t)(stop - address));
        }
        if (status < 0) {
            return status;
        }
        address = stop;
        if (address < to && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    return OK;
}

/* ---------------------------------------------------------------- segments that are shown */

static vaddr_t page_start(const struct elf_segment *segment)
{
    return ALIGN_DOWN(segment->address, PAGE_SIZE_BYTES);
}

static vaddr_t page_end(const struct elf_segment *segment)
{
    return ALIGN_UP(segment->address + segment->memory_bytes, PAGE_SIZE_BYTES);
}

/* Are pages of the file pages of the program, and no page one of two segments? As linkers make it,
 * unless they were told not to. */
static bool can_be_shown(const struct elf_layout *layout)
{
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *segment = &layout->segments[i];

        if ((segment->address - segment->file_offset) % PAGE_SIZE_BYTES != 0) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (page_start(segment) < page_end(&layout->segments[j]) &&
                page_start(&layout->segments[j]) < page_end(segment)) {
                return false;
            }
        }
    }
    return true;
}

/*
 * An area that shows the file's pages, as far as they are the segment's as a whole, and one of the
 * process's own for the rest: what follows the file's part is zero.
 */
static int show_segment(struct address_space *space, struct file *file,
                        struct page_object *contents, const struct elf_segment *segment)
{
    vaddr_t start = page_start(segment), end = page_end(segment);
    vaddr_t file_end = segment->address + segment->file_bytes;
    bool is_all_file = !segment->writable && segment->file_bytes == segment->memory_bytes;
    vaddr_t shown_end = is_all_file ? end : MAX(start, ALIGN_DOWN(file_end, PAGE_SIZE_BYTES));
    int status = OK;

    if (shown_end > start) {
        status = area_add(
            space, &(struct area){
                       .start = start,
                       .end = shown_end,
                       .rights = rights_of(segment),
                       .kind = AREA_PROGRAM,
                       .object = contents,
                       .first = (uint32_t)((segment->file_offset - (segment->address - start)) /
                                           PAGE_SIZE_BYTES),
                   });
    }
    if (status == OK && end > shown_end) {
        status = add_area(space, shown_end, end, rights_of(segment));
    }
    return status == OK
               ? copy_from_file(space, file, segment, MAX(shown_end, segment->address), file_end)
               : status;
}

static int show_segments(struct address_space *space, struct file *file,
                         const struct elf_layout *layout)
{
    struct page_object *contents;
    int status = file_contents(file, &contents);

    if (status < 0) {
        return status;
    }
    for (size_t i = 0; status == OK && i < layout->segment_count; i++) {
        status = show_segment(space, file, contents, &layout->segments[i]);
    }
    page_object_release(contents);
    return status;
}

/* ---------------------------------------------------------------- segments that are copied */

/* Areas for the segment's pages. Those that an earlier segment has as well get the rights of
 * both. */
static int add_areas(struct address_space *space, const struct elf_segment *segment)
{
    vaddr_t start = page_start(segment), end = page_end(segment);
    page_rights_t rights = rights_of(segment);
    int status = OK;

    while (status == OK && start < end) {
        const struct area *area = area_from(space, start);
        vaddr_t stop;

        if (area && area->start <= start) {
            stop = MIN(area->end, end);
            status = area_protect(space, start, stop, (page_rights_t)(rights | area->rights));
        } else {
            stop = area ? MIN(area->start, end) : end;
            status = add_area(space, start, stop, rights);
        }
        start = stop;
    }
    return status;
}

static int copy_segments(struct address_space *space, struct file *file,
                         const struct elf_layout *layout)
{
    int status = OK;

    for (size_t i = 0; status == OK && i < layout->segment_count; i++) {
        status = add_areas(space, &layout->segments[i]);
    }
    for (size_t i = 0; status == OK && i < layout->segment_count; i++) {
        const struct elf_segment *segment = &layout->segments[i];

        status = copy_from_file(space, file, segment, segment->address,
                                segment->address + segment->file_bytes);
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
    void *frame = NULL;

    KASSERT(address_space_own_page(space, address, &frame) == OK); /* promised, and of no file */
    return (uint8_t *)frame + address % PAGE_SIZE_BYTES;
}

/* The stack's area; below a large one lies a guard, as its neighbours may be anything. */
static int add_stack_area(struct address_space *space, vaddr_t bottom, vaddr_t top, bool is_large)
{
    const struct area stack = {
        .start = bottom, .end = top, .rights = PAGE_READ | PAGE_WRITE, .kind = AREA_STACK};
    const struct area guard = {
        .start = bottom - PAGE_SIZE_BYTES, .end = bottom, .kind = AREA_GUARD};
    int status = area_add(space, &stack);

    return status == OK && is_large ? area_add(space, &guard) : status;
}

/* The stack, with the arguments at its end; pages that these do not need come when they are
 * touched. */
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
    int status = add_stack_area(space, top - bytes, top, is_large);

    if (status == OK) {
        *stack = arguments_place(arguments, stack_memory, space, top, word_bytes, argv);
    }
    return status;
}

/* ---------------------------------------------------------------- all of it */

static int read_layout(struct address_space *space, struct file *file, struct elf_layout *layout)
{
    struct node *program = file->node;
    struct file_stat stat;
    int status = program ? address_space_set_program(space, program) : OK;

    if (status < 0) {
        return status;
    }
    file_stat(file, &stat);

    struct elf_source source = {
        .read = elf_read_from_file,
        .context = file,
        .size = stat.size,
    };
    return stat.is_directory ? -EISDIR : elf_read_layout(&source, layout);
}

static int load_segments(struct address_space *space, struct file *file, struct elf_layout *layout)
{
    int status = read_layout(space, file, layout);

    if (status < 0) {
        return status;
    }
    address_space_set_map(space, layout->is_64_bit);
    return can_be_shown(layout) ? show_segments(space, file, layout)
                                : copy_segments(space, file, layout);
}

int loader_load(struct node *folder, const char *path, const struct arguments *arguments,
                struct family *family, struct address_space *space, struct user_start *start,
                vaddr_t *argv)
{
    struct elf_layout layout;
    struct file *file;
    int status = address_space_create(space, family);

    if (status < 0) {
        return status;
    }
    status = file_open_at(folder, path, FILE_READ, 0, &file);
    if (status < 0) {
        return status;
    }
    status = load_segments(space, file, &layout);
    file_close(file);
    if (status < 0) {
        return status;
    }
    *start = (struct user_start){.entry = layout.entry, .is_64_bit = layout.is_64_bit};
    return add_stack(space, &layout, arguments, &start->stack, argv);
}
