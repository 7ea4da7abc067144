/*
 * fs/path.h - "0:/dir/name.ext", part by part. Nothing is allocated.
 *
 *     const char *rest;
 *     uint8_t name[PATH_NAME_BYTES];
 *     int status = path_open(path, &drive, &rest);
 *     while ((status = path_next(&rest, name)) == 1) ...
 */
#ifndef FS_PATH_H
#define FS_PATH_H

#include <stddef.h>
#include <stdint.h>

#define PATH_NAME_BYTES 11 /* FAT's form: 8 + 3, capitals, padded with blanks */

/* Checks the whole path, at most PATH_BYTES_MAX with its NUL. 0 and *rest behind "0:/", or
 * -EBADPATH. */
int path_open(const char *path, unsigned *drive, const char **rest);

/* Writes name, with "0:/" before it unless it names a drive itself, to path (PATH_BYTES_MAX bytes):
 * so "dir/name", "/dir/name", "./dir/name" and "0:/dir/name" are one. 0, or -EBADPATH when it is
 * too long. */
int path_complete(char *path, const char *name);

/* Takes the next name off *rest: 1, 0 when there is none left, -EBADPATH. */
int path_next(const char **rest, uint8_t name[PATH_NAME_BYTES]);

#endif
