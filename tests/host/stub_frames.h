/*
 * stub_frames.h - a machine of a few frames for tests of what lies above pmm: pmm_alloc_page(),
 * promises, page_of() and page_release(), and a reclaimer that is called when they run short, as
 * pmm.h and page.h say.
 */
#ifndef STUB_FRAMES_H
#define STUB_FRAMES_H

#include <stdbool.h>
#include <stddef.h>

#define STUB_FRAMES 512

/* Frames that have no owner, and how many of these are promised. */
size_t stub_frames_free(void);
size_t stub_frames_promised(void);

/* How often the reclaimer was called since the last such call. */
size_t stub_frames_reclaims(void);

#endif
