/*
 * fs/write_behind.h - what was written to files gets to the disks by itself, some seconds later: so
 * a power cut takes the work of seconds, not of hours, from those who never sync.
 *
 * A task of the kernel's looks at each volume once a second. One of which there has been something
 * to be written for WRITE_BEHIND_SECONDS is written as vfs_sync_volume() does it. Whoever writes
 * meanwhile goes on: each piece takes the volume's lock for itself. So what was written is on the
 * disk after WRITE_BEHIND_SECONDS, one second more, and the time that the disk takes.
 *
 * What cannot be written is told on the console: once, until all of the volume could be written
 * again. Then the time is doubled with each failure, up to WRITE_BEHIND_SECONDS_MAX: a disk that
 * does not answer keeps the machine waiting, as all disks are waited for without a pause.
 */
#ifndef FS_WRITE_BEHIND_H
#define FS_WRITE_BEHIND_H

#define WRITE_BEHIND_SECONDS     5
#define WRITE_BEHIND_SECONDS_MAX 640

/* Starts the task. Once. Without memory for it nothing is written behind; the console says so. */
void write_behind_start(void);

/* What the task does once a second. May wait. */
void write_behind_look(void);

#endif
