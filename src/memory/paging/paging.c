/*
 * memory/paging/paging.c - page directories and tables.
 *
 * Theory of operation
 *   One chunk, the kernel's, is built at boot and is the model of all others. Most of it is 4 MiB
 *   pages, so it needs a single table: the one for the first 4 MiB, where low memory, the kernel
 *   and the user's stack lie side by side. A new chunk is a copy of the kernel's directory and of
 *   that table; everything else the chunks share, entry by entry.
 *
 *       directory            0   first 4 MiB: a table, each chunk's own (the user stack is in it)
 *                      1 -   3   user program: empty, then the chunk's own tables
 *                      4 - 511   pool and frame zone: the kernel's 4 MiB pages
 *                    512 - 767   process heap: empty, then the chunk's own tables
 *                    768 - 770   the window on RAM at 4 to 16 MiB: the kernel's 4 MiB pages
 *                    772 - 831   the byte heap: empty, then tables that the kernel's chunk owns
 *                    832 - 1023  MMIO: the kernel's 4 MiB pages, uncached
 *
 * Invariants
 *   - Bit i of private_tables is set exactly when directory entry i points to a table that only
 *     this chunk uses; entries_in_use[i] then counts its non-zero entries and is never 0, but for
 *     the moment inside paging_map() and paging_unmap().
 *   - An entry is 0 or present. A table that becomes empty is all zeros, so it goes back through
 *     pmm_free_zeroed_page() and costs no clearing when it is next needed.
 *   - A directory entry without a private bit is 0, a 4 MiB page, or a table that the kernel's
 *     chunk owns and all chunks share.
 *
 *   - Tables, directories and chunks may lie in the window: entries and CR3 hold page_physical() of
 *     them.
 *
 * The kernel's own mappings change in two places only. Both change the kernel's chunk and, where a
 * directory entry changes, all chunks that had its old value:
 *   - Guard pages below kernel stacks. The 4 MiB page around one is replaced by a table that all chunks
 *     share; the table goes, and the 4 MiB page comes back, when its last guard page is given up.
 *   - The byte heap's pages. The table is made for the first page of its 4 MiB and goes with the last.
 */
#include "memory/paging/paging.h"

#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/i386/gdt.h"
#include "debug/backtrace.h"
#include "debug/panic.h"
#include "base/align.h"
#include "lib/string.h"
#include "base/status.h"

#define ENTRIES PAGING_TOTAL_ENTRIES_PER_TABLE

#define KERNEL_PAGE  (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_GLOBAL)
#define KERNEL_LARGE (KERNEL_PAGE | PAGING_LARGE_PAGE)
#define MMIO_LARGE   (KERNEL_LARGE | PAGING_CACHE_DISABLED | PAGING_WRITE_THROUGH)

/* Rights are in the table entries alone. */
#define TABLE_ENTRY_FLAGS (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)
/* In a directory entry: the private bit again, where the walk comes by anyway. Not in the kernel's
 * own directory, whose entries are copied into others. */
#define TABLE_IS_PRIVATE PAGING_SOFTWARE_1

/* What no two copies of an entry need have in common. */
#define SET_BY_CPU ((uint32_t)(PAGING_ACCESSED | PAGING_DIRTY))

#define NEW_CHUNK_FLAGS (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)

/* kernel.ld */
extern uint8_t kernel_start[], kernel_rodata_end[], kernel_stack_guard[];

static struct {
    struct paging_4gb_chunk kernel;
    uint32_t kernel_directory[ENTRIES] __attribute__((aligned(PAGE_SIZE_BYTES)));
    uint32_t kernel_first_table[ENTRIES] __attribute__((aligned(PAGE_SIZE_BYTES)));
    struct paging_4gb_chunk *current; /* NULL: paging is off */
    struct list_node chunks;          /* all but the kernel's */
} paging __attribute__((aligned(PAGE_SIZE_BYTES)));

static inline uint32_t directory_index(vaddr_t address)
{
    return address / LARGE_PAGE_SIZE_BYTES;
}

static inline uint32_t table_index(vaddr_t address)
{
    return address / PAGE_SIZE_BYTES % ENTRIES;
}

static inline bool is_table(uint32_t entry)
{
    return (entry & (PAGING_IS_PRESENT | PAGING_LARGE_PAGE)) == PAGING_IS_PRESENT;
}

static inline uint32_t *table_of(uint32_t entry)
{
    return page_memory(entry & ~PAGING_FLAGS_MASK);
}

static inline bool is_private(const struct paging_4gb_chunk *chunk, uint32_t index)
{
    return chunk->private_tables[index / 32] >> index % 32 & 1;
}

static inline void set_private(struct paging_4gb_chunk *chunk, uint32_t index, bool value)
{
    if (value) {
        chunk->private_tables[index / 32] |= 1u << index % 32;
    } else {
        chunk->private_tables[index / 32] &= ~(1u << index % 32);
    }
}

static inline void flush_page(const struct paging_4gb_chunk *chunk, vaddr_t address)
{
    if (chunk == paging.current) {
        cpu_invalidate_page(address);
    }
}

static inline void load_directory(const struct paging_4gb_chunk *chunk)
{
    paging_load_directory((uint32_t *)page_physical(chunk->directory_entry));
}

/* For changes of many pages at once, global ones among them: toggling PGE empties the TLB. */
static void flush_all(void)
{
    if (paging.current) {
        uint32_t cr4 = cpu_read_cr4();

        cpu_write_cr4(cr4 & ~CR4_PGE);
        cpu_write_cr4(cr4);
        load_directory(paging.current);
    }
}

bool paging_is_aligned(const void *address)
{
    return IS_ALIGNED((uintptr_t)address, PAGE_SIZE_BYTES);
}

void *paging_align_address(void *address)
{
    return (void *)ALIGN_UP((uintptr_t)address, PAGE_SIZE_BYTES);
}

void *paging_align_to_lower_page(void *address)
{
    return (void *)ALIGN_DOWN((uintptr_t)address, PAGE_SIZE_BYTES);
}

/* ---------------------------------------------------------------- the kernel's chunk */

static void map_first_4mib(void)
{
    uint32_t *table = paging.kernel_first_table;

    /* Page 0 stays absent: NULL faults. So do the user stack and its guards. */
    for (uint32_t address = PAGE_SIZE_BYTES; address < KERNEL_END_MAX; address += PAGE_SIZE_BYTES) {
        bool is_read_only =
            address >= (uint32_t)kernel_start && address < (uint32_t)kernel_rodata_end;

        table[table_index(address)] =
            address | (is_read_only ? KERNEL_PAGE & ~(uint32_t)PAGING_IS_WRITEABLE : KERNEL_PAGE);
    }
    table[table_index((uint32_t)kernel_stack_guard)] = 0;

    paging.kernel.directory_entry[0] = (uint32_t)table | TABLE_ENTRY_FLAGS;
    set_private(&paging.kernel, 0, true);
    paging.kernel.entries_in_use[0] = 0;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        paging.kernel.entries_in_use[0] += table[i] != 0;
    }
}

static void map_large(vaddr_t from, paddr_t frame, uint32_t count, uint32_t flags)
{
    for (uint32_t i = 0; i < count; i++) {
        paging.kernel.directory_entry[directory_index(from) + i] =
            (frame + i * LARGE_PAGE_SIZE_BYTES) | flags;
    }
}

void paging_initialise(void)
{
    list_initialise(&paging.chunks);
    paging.kernel.directory_entry = paging.kernel_directory;
    map_first_4mib();
    map_large(HEAP_ADDRESS, HEAP_ADDRESS, (FRAME_ZONE_END - HEAP_ADDRESS) / LARGE_PAGE_SIZE_BYTES,
              KERNEL_LARGE);
    map_large(WINDOW_ADDRESS, WINDOW_PHYSICAL, WINDOW_BYTES / LARGE_PAGE_SIZE_BYTES, KERNEL_LARGE);
    map_large(MMIO_ADDRESS, MMIO_ADDRESS, (0u - MMIO_ADDRESS) / LARGE_PAGE_SIZE_BYTES, MMIO_LARGE);
    gdt_set_double_fault_directory((uint32_t)paging.kernel_directory);
}

struct paging_4gb_chunk *paging_kernel_chunk(void)
{
    return &paging.kernel;
}

struct paging_4gb_chunk *paging_current(void)
{
    return paging.current;
}

/* For backtraces, which may follow a damaged frame pointer. */
static bool is_readable(uint32_t address)
{
    return paging_is_mapped(paging.current, (void *)address);
}

void enable_paging(void)
{
    uint32_t cr4 = cpu_read_cr4() | CR4_PSE;

    cpu_write_cr4(cr4);
    paging_load_directory(paging.kernel_directory);
    cpu_write_cr0(cpu_read_cr0() | CR0_PG | CR0_WP);
    if (features_have_pge()) {
        cpu_write_cr4(cr4 | CR4_PGE); /* not before PG (SDM volume 3, section 2.5) */
    }
    paging.current = &paging.kernel;
    backtrace_set_address_check(is_readable);
    panic_add_reporter(paging_report_fault);
}

void paging_switch(struct paging_4gb_chunk *chunk)
{
    if (chunk != paging.current) {
        paging.current = chunk;
        load_directory(chunk);
    }
}

/* ---------------------------------------------------------------- chunks */

struct paging_4gb_chunk *paging_new_4gb(uint32_t flags)
{
    if (flags & ~(uint32_t)NEW_CHUNK_FLAGS) {
        return NULL;
    }

    struct paging_4gb_chunk *chunk = pmm_alloc_page();
    if (!chunk) {
        return NULL;
    }
    chunk->directory_entry = pmm_alloc_page();
    if (!chunk->directory_entry) {
        goto free_chunk;
    }
    uint32_t *first_table = pmm_alloc_page();
    if (!first_table) {
        goto free_directory;
    }

    memcpy(chunk->directory_entry, paging.kernel_directory, PAGE_SIZE_BYTES);
    memcpy(first_table, paging.kernel_first_table, PAGE_SIZE_BYTES);
    memset(chunk->private_tables, 0, sizeof(chunk->private_tables));
    chunk->directory_entry[0] = page_physical(first_table) | TABLE_ENTRY_FLAGS | TABLE_IS_PRIVATE;
    chunk->private_tables[0] = 1;
    chunk->entries_in_use[0] = paging.kernel.entries_in_use[0];
    list_append(&paging.chunks, &chunk->link);
    return chunk;

free_directory:
    pmm_free_page(chunk->directory_entry);
free_chunk:
    pmm_free_page(chunk);
    return NULL;
}

void paging_free_4gb(struct paging_4gb_chunk *chunk)
{
    if (!chunk) {
        return;
    }
    KASSERT(chunk != &paging.kernel);
    if (chunk == paging.current) {
        paging_switch(&paging.kernel);
    }
    list_remove(&chunk->link);
    for (uint32_t word = 0; word < ARRAY_SIZE(chunk->private_tables); word++) {
        for (uint32_t bits = chunk->private_tables[word]; bits; bits &= bits - 1) {
            uint32_t index = word * 32 + (uint32_t)__builtin_ctz(bits);

            pmm_free_page(table_of(chunk->directory_entry[index]));
        }
    }
    pmm_free_page(chunk->directory_entry);
    pmm_free_page(chunk);
}

struct paging_4gb_chunk *paging_find_chunk(const uint32_t *directory)
{
    if (directory == paging.kernel_directory) {
        return &paging.kernel;
    }
    LIST_FOR_EACH(node, &paging.chunks) {
        struct paging_4gb_chunk *chunk = LIST_ENTRY(node, struct paging_4gb_chunk, link);

        if (chunk->directory_entry == directory) {
            return chunk;
        }
    }
    return NULL;
}

size_t paging_count_private(const struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end)
{
    size_t pages = 0;

    for (uint32_t index = directory_index(start); index < directory_index(end); index++) {
        if (is_private(chunk, index)) {
            pages += 1u + chunk->entries_in_use[index];
        }
    }
    return pages;
}

/* ---------------------------------------------------------------- single pages */

/* Puts a table of the chunk's own, with the same mappings, in place of directory entry index:
 * an empty one, a split 4 MiB page, or a copy of a table that the kernel shares. NULL when there is
 * no memory. Where there is a table of the chunk's own already, that is it. */
static uint32_t *make_private_table(struct paging_4gb_chunk *chunk, uint32_t index)
{
    uint32_t old = chunk->directory_entry[index];

    if (is_private(chunk, index)) {
        return table_of(old);
    }
    uint32_t *table = old ? pmm_alloc_page() : pmm_alloc_zeroed_page();
    uint32_t in_use = 0;

    if (!table) {
        return NULL;
    }
    if (is_table(old)) {
        memcpy(table, table_of(old), PAGE_SIZE_BYTES);
        for (uint32_t i = 0; i < ENTRIES; i++) {
            in_use += table[i] != 0;
        }
    } else if (old) {
        uint32_t page = old & ~(uint32_t)PAGING_LARGE_PAGE;

        for (uint32_t i = 0; i < ENTRIES; i++, page += PAGE_SIZE_BYTES) {
            table[i] = page;
        }
        in_use = ENTRIES;
    }
    chunk->directory_entry[index] =
        page_physical(table) | TABLE_ENTRY_FLAGS | (chunk == &paging.kernel ? 0 : TABLE_IS_PRIVATE);
    chunk->entries_in_use[index] = (uint16_t)in_use;
    set_private(chunk, index, true);
    if (old && chunk == paging.current) {
        flush_all();
    }
    return table;
}

/* The chunk's own table for index, or NULL when one is needed and there is no memory. */
static inline uint32_t *private_table(struct paging_4gb_chunk *chunk, uint32_t index)
{
    uint32_t entry = chunk->directory_entry[index];

    return entry & TABLE_IS_PRIVATE ? table_of(entry) : make_private_table(chunk, index);
}

/*
 * Gives back the emptied table of directory entry index. The CPU keeps directory entries too, and
 * may have fetched this one again for a walk since the last INVLPG: without another one it would go
 * on reading the frame as a table when it belongs to another owner (SDM volume 3, section 4.10.4;
 * INVLPG of any address is enough).
 */
static void drop_table(struct paging_4gb_chunk *chunk, uint32_t index)
{
    uint32_t *table = table_of(chunk->directory_entry[index]);

    chunk->directory_entry[index] = 0;
    flush_page(chunk, index * LARGE_PAGE_SIZE_BYTES);
    set_private(chunk, index, false);
    pmm_free_zeroed_page(table);
}

/* Writes the entry for address into table, which is the chunk's own. */
static inline void write_entry(struct paging_4gb_chunk *chunk, uint32_t *table, vaddr_t address,
                               uint32_t entry)
{
    uint32_t index = directory_index(address);
    uint32_t *slot = &table[table_index(address)];
    uint32_t old = *slot;

    *slot = entry;
    if (old) {
        /* Not-present entries are never cached, so only a change of a present one needs this. */
        flush_page(chunk, address);
        if (!entry && --chunk->entries_in_use[index] == 0) {
            drop_table(chunk, index);
        }
    } else if (entry) {
        chunk->entries_in_use[index]++;
    }
}

static inline int set_entry(struct paging_4gb_chunk *chunk, vaddr_t address, uint32_t entry)
{
    uint32_t *table = private_table(chunk, directory_index(address));

    if (!table) {
        return -ENOMEM;
    }
    write_entry(chunk, table, address, entry);
    return OK;
}

/* Unmaps address, and sets *old to the entry that was there; 0 when nothing was. -ENOMEM when a table of
 * the chunk's own is needed for it, which then is not there. */
static inline int clear_entry(struct paging_4gb_chunk *chunk, vaddr_t address, uint32_t *old)
{
    uint32_t entry = chunk->directory_entry[directory_index(address)];

    if (entry & TABLE_IS_PRIVATE) { /* as nearly always: one walk does */
        uint32_t *table = table_of(entry);

        *old = table[table_index(address)];
        if (*old) {
            write_entry(chunk, table, address, 0);
        }
        return OK;
    }
    *old = paging_get(chunk, (void *)address);
    return *old ? set_entry(chunk, address, 0) : OK;
}

/* Both are aligned, and flags has nothing but what a page's entry may have. */
static inline bool is_mappable(const void *virt, const void *phys, uint32_t flags)
{
    return !(((vaddr_t)virt | (paddr_t)phys) & PAGING_FLAGS_MASK) &&
           !(flags & ~(uint32_t)(PAGING_FLAGS_MASK & ~PAGING_LARGE_PAGE));
}

int paging_map(struct paging_4gb_chunk *chunk, void *virt, void *phys, uint32_t flags)
{
    if (!is_mappable(virt, phys, flags)) {
        return -EINVARG;
    }
    return set_entry(chunk, (vaddr_t)virt, (paddr_t)phys | flags | PAGING_IS_PRESENT);
}

/* Makes the chunk's own tables for directory entries first to last, as set_entry() needs them. On
 * -ENOMEM every address is mapped as before: a table that is still empty goes back, one that shows
 * the pages that its directory entry showed may stay. */
static int make_private_tables(struct paging_4gb_chunk *chunk, uint32_t first, uint32_t last)
{
    for (uint32_t index = first; index <= last; index++) {
        if (private_table(chunk, index)) {
            continue;
        }
        while (index-- > first) {
            if (chunk->entries_in_use[index] == 0) {
                drop_table(chunk, index);
            }
        }
        return -ENOMEM;
    }
    return OK;
}

int paging_map_range(struct paging_4gb_chunk *chunk, void *virt, void *phys, size_t count,
                     uint32_t flags)
{
    vaddr_t address = (vaddr_t)virt;
    paddr_t frame = (paddr_t)phys;

    /* Neither range may wrap past 4 GiB. */
    if (count > (0u - address - 1) / PAGE_SIZE_BYTES + 1 ||
        count > (0u - frame - 1) / PAGE_SIZE_BYTES + 1 || !is_mappable(virt, phys, flags)) {
        return -EINVARG;
    }
    if (count == 0) {
        return OK;
    }
    /* The tables first: nothing can fail once the first entry is replaced. */
    int status = make_private_tables(chunk, directory_index(address),
                                     directory_index(address + (count - 1) * PAGE_SIZE_BYTES));

    for (size_t i = 0; status == OK && i < count; i++) {
        status = set_entry(chunk, address + i * PAGE_SIZE_BYTES,
                           (frame + i * PAGE_SIZE_BYTES) | flags | PAGING_IS_PRESENT);
    }
    return status;
}

int paging_map_to(struct paging_4gb_chunk *chunk, void *virt, void *phys, void *phys_end,
                  uint32_t flags)
{
    if (!paging_is_aligned(virt) || !paging_is_aligned(phys) || !paging_is_aligned(phys_end) ||
        (paddr_t)phys_end < (paddr_t)phys) {
        return -EINVARG;
    }
    return paging_map_range(chunk, virt, phys,
                            ((paddr_t)phys_end - (paddr_t)phys) / PAGE_SIZE_BYTES, flags);
}

int paging_map_4mib(struct paging_4gb_chunk *chunk, void *virt, void *phys, uint32_t flags)
{
    if (!IS_ALIGNED((vaddr_t)virt | (paddr_t)phys, LARGE_PAGE_SIZE_BYTES) ||
        (flags & ~(uint32_t)(PAGING_FLAGS_MASK & ~TABLE_IS_PRIVATE))) {
        return -EINVARG;
    }

    uint32_t index = directory_index((vaddr_t)virt);
    uint32_t old = chunk->directory_entry[index];

    chunk->directory_entry[index] = (paddr_t)phys | flags | PAGING_IS_PRESENT | PAGING_LARGE_PAGE;
    if (old && chunk == paging.current) {
        flush_all();
    }
    if (is_private(chunk, index)) {
        set_private(chunk, index, false);
        pmm_free_page(table_of(old));
    }
    return OK;
}

int paging_unmap(struct paging_4gb_chunk *chunk, void *virt)
{
    uint32_t old = 0;
    int status = paging_is_aligned(virt) ? clear_entry(chunk, (vaddr_t)virt, &old) : OK;

    return old ? status : -EINVARG;
}

uint32_t paging_take(struct paging_4gb_chunk *chunk, void *virt)
{
    uint32_t old;

    return clear_entry(chunk, (vaddr_t)virt, &old) == OK ? old : 0;
}

vaddr_t paging_release_part(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end, size_t max,
                            size_t *released)
{
    vaddr_t address = start;

    while (address < end) {
        uint32_t index = directory_index(address);
        vaddr_t next = ALIGN_DOWN(address, LARGE_PAGE_SIZE_BYTES) + LARGE_PAGE_SIZE_BYTES;
        vaddr_t stop = next < end ? next : end;

        if (is_private(chunk, index)) {
            uint32_t *table = table_of(chunk->directory_entry[index]);

            for (; address < stop; address += PAGE_SIZE_BYTES) {
                uint32_t entry = table[table_index(address)];

                if (!entry) {
                    continue;
                }
                if (*released >= max) {
                    return address;
                }
                table[table_index(address)] = 0;
                flush_page(chunk, address);
                KASSERT(pmm_free_page(page_memory(entry & ~PAGING_FLAGS_MASK)) == OK);
                ++*released;
                if (--chunk->entries_in_use[index] == 0) {
                    drop_table(chunk, index);
                    ++*released;
                    break;
                }
            }
        }
        address = stop;
    }
    return end;
}

void paging_release_range(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end)
{
    size_t released = 0;

    (void)paging_release_part(chunk, start, end, SIZE_MAX, &released);
}

/* ---------------------------------------------------------------- looking things up */

uint32_t paging_get(const struct paging_4gb_chunk *chunk, const void *virt)
{
    uint32_t entry = chunk->directory_entry[directory_index((vaddr_t)virt)];

    return is_table(entry) ? table_of(entry)[table_index((vaddr_t)virt)] : entry;
}

int paging_set(struct paging_4gb_chunk *chunk, void *virt, uint32_t entry)
{
    if (!paging_is_aligned(virt) || (entry && !(entry & PAGING_IS_PRESENT)) ||
        (entry & PAGING_LARGE_PAGE)) {
        return -EINVARG;
    }
    if (!entry && !paging_is_mapped(chunk, virt)) {
        return OK; /* as it is; no table is made to say so */
    }
    return set_entry(chunk, (vaddr_t)virt, entry);
}

bool paging_is_mapped(const struct paging_4gb_chunk *chunk, const void *virt)
{
    return paging_get(chunk, virt) & PAGING_IS_PRESENT;
}

int paging_get_physical_address(const struct paging_4gb_chunk *chunk, const void *virt,
                                paddr_t *phys)
{
    uint32_t entry = paging_get(chunk, virt);

    if (!(entry & PAGING_IS_PRESENT)) {
        return -EINVARG;
    }
    if (entry & PAGING_LARGE_PAGE) {
        *phys = ALIGN_DOWN(entry, LARGE_PAGE_SIZE_BYTES) | (vaddr_t)virt % LARGE_PAGE_SIZE_BYTES;
    } else {
        *phys = (entry & ~PAGING_FLAGS_MASK) | (vaddr_t)virt % PAGE_SIZE_BYTES;
    }
    return OK;
}

/* ---------------------------------------------------------------- guard pages */

/* Gives directory entry index the kernel chunk's value in all chunks that had its old one. The CPU
 * marks in each chunk's own copy that it was used. */
static void share_entry(uint32_t index, uint32_t old)
{
    LIST_FOR_EACH(node, &paging.chunks) {
        struct paging_4gb_chunk *chunk = LIST_ENTRY(node, struct paging_4gb_chunk, link);

        if (((chunk->directory_entry[index] ^ old) & ~SET_BY_CPU) == 0) {
            chunk->directory_entry[index] = paging.kernel.directory_entry[index];
        }
    }
    flush_all();
}

int paging_guard_page(void *page)
{
    struct paging_4gb_chunk *kernel = &paging.kernel;
    uint32_t index = directory_index((vaddr_t)page);

    KASSERT(paging_is_aligned(page));
    KASSERT(range_is_inside((vaddr_t)page, PAGE_SIZE_BYTES, HEAP_ADDRESS, FRAME_ZONE_END) ||
            range_is_inside((vaddr_t)page, PAGE_SIZE_BYTES, WINDOW_ADDRESS, WINDOW_END));
    if (!paging_is_mapped(kernel, page)) {
        return -EISTKN; /* counted out once already */
    }
    if (!is_private(kernel, index)) {
        uint32_t old = kernel->directory_entry[index];

        if (!make_private_table(kernel, index)) {
            return -ENOMEM;
        }
        share_entry(index, old);
    }
    table_of(kernel->directory_entry[index])[table_index((vaddr_t)page)] = 0;
    kernel->entries_in_use[index]--;
    cpu_invalidate_page((vaddr_t)page);
    return OK;
}

void paging_unguard_page(void *page)
{
    struct paging_4gb_chunk *kernel = &paging.kernel;
    uint32_t index = directory_index((vaddr_t)page);

    KASSERT(is_private(kernel, index));

    uint32_t old = kernel->directory_entry[index];
    uint32_t *table = table_of(old);

    KASSERT(table[table_index((vaddr_t)page)] == 0);
    table[table_index((vaddr_t)page)] = page_physical(page) | KERNEL_PAGE;
    if (++kernel->entries_in_use[index] == ENTRIES) {
        vaddr_t start = ALIGN_DOWN((vaddr_t)page, LARGE_PAGE_SIZE_BYTES);

        set_private(kernel, index, false);
        map_large(start, page_physical((void *)start), 1, KERNEL_LARGE);
        share_entry(index, old);
        pmm_free_page(table);
    }
}

/* ---------------------------------------------------------------- the byte heap's pages */

static bool is_vmalloc_page(const void *page)
{
    return paging_is_aligned(page) &&
           range_is_inside((vaddr_t)page, PAGE_SIZE_BYTES, VMALLOC_ADDRESS, VMALLOC_END);
}

int paging_map_kernel_page(void *virt, void *frame)
{
    struct paging_4gb_chunk *kernel = &paging.kernel;
    uint32_t index = directory_index((vaddr_t)virt);

    KASSERT(is_vmalloc_page(virt) && !paging_is_mapped(kernel, virt));
    if (!is_private(kernel, index)) {
        if (!make_private_table(kernel, index)) {
            return -ENOMEM;
        }
        share_entry(index, 0);
    }
    table_of(kernel->directory_entry[index])[table_index((vaddr_t)virt)] =
        page_physical(frame) | KERNEL_PAGE;
    kernel->entries_in_use[index]++;
    return OK;
}

void *paging_unmap_kernel_page(void *virt)
{
    struct paging_4gb_chunk *kernel = &paging.kernel;
    uint32_t index = directory_index((vaddr_t)virt);

    KASSERT(is_vmalloc_page(virt) && paging_is_mapped(kernel, virt));

    uint32_t old = kernel->directory_entry[index];
    uint32_t *table = table_of(old);
    uint32_t entry = table[table_index((vaddr_t)virt)];

    table[table_index((vaddr_t)virt)] = 0;
    cpu_invalidate_page((vaddr_t)virt);
    if (--kernel->entries_in_use[index] == 0) {
        set_private(kernel, index, false);
        kernel->directory_entry[index] = 0;
        share_entry(index, old); /* empties the TLB as well: see drop_table() */
        pmm_free_zeroed_page(table);
    }
    return page_memory(entry & ~PAGING_FLAGS_MASK);
}
