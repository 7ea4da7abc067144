/*
 * fs/file_contents.h - a file's contents in the page cache: one page object for all who have it
 * open.
 */
#ifndef FS_FILE_CONTENTS_H
#define FS_FILE_CONTENTS_H

#include "fs/fat16.h"
#include "fs/page_object.h"
#include "memory/io_buffer.h"

/* The object of that file, with a reference of the caller's; NULL: no memory. It stays in the cache
 * when nobody has the file open any more. */
struct page_object *file_contents_get(struct fat16_volume *volume, const struct fat16_node *node);

/* Forgets all files' contents, of a volume that goes away. false: some are in use. */
bool file_contents_forget(void);

/* Copies length bytes from position on, which lie in the file. 0 or an error, as
 * page_object_get()'s and io_buffer_put()'s. May wait. */
int file_contents_read(struct page_object *contents, uint32_t position, struct io_buffer to,
                       uint32_t length);

#endif
