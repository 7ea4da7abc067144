/*
 * files.c - files and folders of a FAT volume.
 *
 * What a row reads is in memory, but for the first one: its figure counts the instructions that
 * wait for the host's disk, too, so it has no goal (the bench kernel has one for the chain alone).
 * All rows are of one file or folder: each has its name below.
 */
#include <stdio.h>

#include "rows.h"

#define LARGE       "large.dat" /* of the image: nothing has read it before */
#define LARGE_BYTES (30u * 1024u * 1024u)
#define STEPS       64u

#define FOLDER      "many"
#define FILES       500
#define NAME_LENGTH sizeof(FOLDER "/file000.txt")

#define NEW "new.txt"

static int file = -1;
static const char *file_name;
static char *buffer; /* row_buffer() */

/* ---------------------------------------------------------------- a large file */

static uint32_t first_read_at_the_end(void)
{
    buffer = row_buffer();
    system_mount();
    file = system_open(LARGE);
    uint32_t start = instructions();
    system_read_at(file, LARGE_BYTES - PAGE_BYTES, buffer, 4);
    return instructions() - start;
}

static uint32_t position;

static void step_back(void)
{
    position =
        position > LARGE_BYTES - STEPS * PAGE_BYTES ? position - PAGE_BYTES : LARGE_BYTES - 4;
    system_seek(file, position);
    system_read(file, buffer, 4);
}

/* The file of the row before is open; each step has been made before. */
static uint32_t stepping_back(void)
{
    position = LARGE_BYTES;
    uint32_t cost = cost_of(step_back, 2 * STEPS);
    system_close(file);
    return cost;
}

static void open_and_close(void)
{
    system_close(system_open(file_name));
}

static void ask_by_name(void)
{
    system_ask_by_name(file_name);
}

static uint32_t opening_a_large_one(void)
{
    file_name = LARGE;
    return cost_of(open_and_close, 100);
}

static uint32_t asking_by_name(void)
{
    file_name = LARGE;
    return cost_of(ask_by_name, 100);
}

/* ---------------------------------------------------------------- its bytes */

static void read_4096(void)
{
    system_read_at(file, 0, buffer, 4096);
}

static void read_4(void)
{
    system_read_at(file, 0, buffer, 4);
}

static void seek_and_read(void)
{
    system_seek(file, 4096);
    system_read(file, buffer, 16384);
}

static void read_65536(void)
{
    system_read_at(file, 0, buffer, ROW_BUFFER_BYTES);
}

static void ask(void)
{
    system_ask(file);
}

static uint32_t cost_with_file(void (*operation)(void))
{
    buffer = row_buffer();
    file = system_open(LARGE);
    uint32_t cost = cost_of(operation, 200);
    system_close(file);
    return cost;
}

static uint32_t reading(void)
{
    return cost_with_file(read_4096);
}

static uint32_t reading_little(void)
{
    return cost_with_file(read_4);
}

static uint32_t reading_there(void)
{
    return cost_with_file(seek_and_read);
}

static uint32_t reading_much(void)
{
    return cost_with_file(read_65536);
}

static uint32_t asking(void)
{
    return cost_with_file(ask);
}

/* ---------------------------------------------------------------- a folder */

static char first_name[NAME_LENGTH], last_name[NAME_LENGTH];

static void fill_folder(void)
{
    if (first_name[0]) {
        return;
    }
    system_make_folder(FOLDER);
    for (int i = 0; i < FILES; i++) {
        (void)snprintf(last_name, sizeof(last_name), FOLDER "/file%03d.txt", i);
        system_close(system_create(last_name));
    }
    (void)snprintf(first_name, sizeof(first_name), FOLDER "/file%03d.txt", 0);
}

static uint32_t opening_the_first(void)
{
    fill_folder();
    file_name = first_name;
    return cost_of(open_and_close, 100);
}

static uint32_t opening_the_last(void)
{
    fill_folder();
    file_name = last_name;
    return cost_of(open_and_close, 100);
}

static void list_folder(void)
{
    if (system_list(file) < FILES) {
        give_up("a folder has lost entries");
    }
}

static uint32_t listing(void)
{
    fill_folder();
    file = system_open(FOLDER);
    uint32_t cost = cost_of(list_folder, 10) / FILES;
    system_close(file);
    return cost;
}

/* ---------------------------------------------------------------- writing */

static void write_4096(void)
{
    system_write_at(file, 0, buffer, 4096);
}

static uint32_t writing(void)
{
    buffer = row_buffer();
    file = system_create(NEW);
    uint32_t cost = cost_of(write_4096, 200);
    system_close(file);
    system_remove(NEW);
    return cost;
}

static void live_and_die(void)
{
    file = system_create(NEW);
    system_write(file, buffer, 4096);
    system_close(file);
    system_remove(NEW);
}

static uint32_t lives(void)
{
    buffer = row_buffer();
    return cost_of(live_and_die, 100);
}

const struct row file_rows[] = {
    {"first read at the end of 30 MiB", first_read_at_the_end, NO_GOAL},
    {"a page back in 30 MiB, and 4 bytes read there", stepping_back, GOAL(2000)},
    {"open + close of 30 MiB", opening_a_large_one, GOAL(1800)},
    {"stat", asking_by_name, GOAL(1200)},
    {"fstat", asking, GOAL(230)},
    {"pread of 4 bytes, cached", reading_little, GOAL(300)},
    {"pread of 4 KiB, cached", reading, GOAL(1500)},
    {"seek + read of 16 KiB, cached", reading_there, GOAL(5000)},
    {"pread of 64 KiB, cached", reading_much, GOAL(18724)}, /* 3.5 bytes an instruction */
    {"open + close, first of 500", opening_the_first, GOAL(1500)},
    {"open + close, last of 500", opening_the_last, GOAL(1800)},
    {"an entry of a folder with 500", listing, GOAL(250)},
    {"pwrite of 4 KiB, cached", writing, GOAL(2500)},
    {"create, write 4 KiB, close, remove", lives, GOAL(15000)},
    {NULL, NULL, 0},
};
