/*
 * fs/write_behind.c - see write_behind.h.
 *
 * Size before speed.
 */
#include "fs/write_behind.h"

#include "arch/timer.h"
#include "base/align.h"
#include "base/status.h"
#include "config.h"
#include "debug/printk.h"
#include "fs/vfs.h"
#include "lib/status_text.h"
#include "task/task.h"

static struct task task;

/* The volume was to be written, with that result. */
static void note(struct volume *volume, int status)
{
    if (status == -ENOMEM || status == -EINTERRUPTED) {
        return; /* it is tried again at the next look */
    }
    volume->behind.is_waiting = false;
    if (status == OK) {
        volume->behind.has_failed = false;
        volume->behind.seconds = 0;
        return;
    }
    volume->behind.seconds = MIN(MAX(volume->behind.seconds, WRITE_BEHIND_SECONDS) * 2u,
                                 (uint32_t)WRITE_BEHIND_SECONDS_MAX);
    if (!volume->behind.has_failed) {
        volume->behind.has_failed = true;
        printk_sentence(0, "Not everything that was written to drive %u (%s) got to the disk: %s.",
                        volume->drive, volume->source, status_text(status));
    }
}

static bool is_due(const struct volume *volume)
{
    uint32_t seconds = MAX(volume->behind.seconds, (uint32_t)WRITE_BEHIND_SECONDS);

    return timer_get_ticks() - volume->behind.since >= seconds * TIMER_HZ; /* ticks wrap */
}

static void look_at(struct volume *volume)
{
    if (!vfs_is_changed(volume)) {
        volume->behind.is_waiting = false;
        return;
    }
    if (!volume->behind.is_waiting) {
        volume->behind.is_waiting = true;
        volume->behind.since = timer_get_ticks();
    } else if (is_due(volume) && vfs_claim(volume)) {
        note(volume, vfs_sync_volume(volume));
        vfs_give_up_claim(volume);
    }
}

void write_behind_look(void)
{
    for (unsigned drive = 0; drive < VFS_DRIVES; drive++) {
        struct volume *volume = vfs_volume(drive);

        if (volume) {
            look_at(volume);
        }
    }
}

static void run(void)
{
    for (;;) {
        task_sleep(TIMER_HZ);
        write_behind_look();
    }
}

void write_behind_start(void)
{
    if (task_create_kernel(&task, run) < 0) {
        printk_sentence(0, "There is no memory for the task that writes to the disks by itself:"
                           " what programs write is there after sync and after shutdown.");
        return;
    }
    task_start(&task);
}
