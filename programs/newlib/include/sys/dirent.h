/*
 * sys/dirent.h - reads folders, for <dirent.h>; it replaces newlib's, which is an #error.
 */
#ifndef DRUPE_SYS_DIRENT_H
#define DRUPE_SYS_DIRENT_H

#include <limits.h>
#include <sys/types.h>

#define DT_UNKNOWN 0
#define DT_CHR     2
#define DT_DIR     4
#define DT_REG     8

#define _DIRENT_HAVE_D_TYPE

struct dirent {
    ino_t d_ino;
    unsigned char d_type;
    unsigned short d_reclen; /* of this struct */
    char d_name[NAME_MAX + 1];
};

typedef struct drupe_directory DIR; /* programs/newlib/folders.c */

#endif
