/*
 * fs/ram/ram_fs.h - volumes in memory: files and folders until the machine is switched off.
 *
 * Contents are the files' pages in the page cache, which stay there. A page is taken when it is
 * first written to; what was never written, holes, is zeros and takes none. All pages, and the
 * memory for names, count towards a limit: RAM_FS_FRACTION of the machine's pages. Beyond it, and
 * when memory is short, writing gives -ENOSPACE. A file can be as long as the limit.
 *
 * Names are case sensitive, and may have every character but '/' and those below ' '.
 */
#ifndef FS_RAM_RAM_FS_H
#define FS_RAM_RAM_FS_H

#include <stddef.h>

#include "fs/vfs.h"

#define RAM_FS_FRACTION 4

extern const struct file_system ram_file_system;

/* Who else is asked for each page, so that files and programs together leave enough for others
 * (process/family.h): false, and none is taken. NULL: nobody. */
void ram_fs_set_charge(bool (*charge)(size_t pages), void (*give_back)(size_t pages));

#endif
