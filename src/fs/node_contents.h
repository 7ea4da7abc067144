/*
 * fs/node_contents.h - the bytes of files: read and written through their pages, where those who
 * map a file see them, too.
 *
 * Who writes to a file or sets its size has it alone for that time, so that one write is never
 * mixed with another. Who reads does not wait for that.
 *
 * Errors of all: -EISDIR, -EIO, -ECORRUPT, -ENOMEM, -EINTERRUPTED, and -EINVARG for a program's
 * memory that it may not use. Everything may wait.
 */
#ifndef FS_NODE_CONTENTS_H
#define FS_NODE_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

#include "fs/node.h"
#include "memory/io_buffer.h"

/*
 * Nobody changes a program that runs, and nobody runs a file that can be changed meanwhile. Writers
 * are open files and shared mappings that may be written to; runners are address spaces. Both count
 * until they say that they have ended. Those who begin hold the node until then.
 *
 * -EISDIR, -ERDONLY; -ERUNNING: it has runners. Devices are always free to be written to.
 */
int node_begin_writing(struct node *node);
void node_end_writing(struct node *node);

/* One writer more, where there is one already. */
void node_add_writer(struct node *node);

/* -EWRITTEN: it has writers. */
int node_begin_running(struct node *node);
void node_end_running(struct node *node);

/* As a position: the file's end. */
#define NODE_END UINT64_MAX

/* Reads up to length bytes, at most INT32_MAX, from position on. Returns how many: fewer only at
 * the file's end, or an error. */
int node_read(struct node *node, uint64_t position, struct io_buffer to, size_t length);

/*
 * Writes length bytes, at most INT32_MAX, at *position, which may lie behind the end: zeros come
 * between. Returns how many were written, and *position is behind them; an error if none was.
 * -ERDONLY, -ENOSPACE, -EFILESIZE.
 */
int node_write(struct node *node, uint64_t *position, struct io_buffer from, size_t length);

/* Sets a file's size; bytes that it gains are zero. -ERDONLY, -ENOSPACE, -EFILESIZE; then its size
 * is what it was. */
int node_resize(struct node *node, uint64_t size);

/* All of a file, or of a folder, gets to the disk: contents, size, name. */
int node_sync(struct node *node);

/*
 * What could not be written back, now or earlier, is an error for each who had the file open then,
 * once. *told is such a one's note of what it knows: node_errors_told() when it opens the file,
 * moved on by node_take_error(), which returns the latest error that it does not know, or 0. Who
 * comes when nobody was told yet is to be told as well. told NULL: only of that.
 */
uint32_t node_errors_told(const struct node *node);
int node_take_error(struct node *node, uint32_t *told);

/* The contents are being changed, now. */
void node_note_change(struct node *node);

int node_set_times(struct node *node, const struct node_times *times);

/* The attribute. Who has the file open already goes on writing. A folder does not get it: OK. */
int node_set_read_only(struct node *node, bool is_read_only);

#endif
