/*
 * written_file.h - what writer.c leaves in 0:/w/file, for it and for who looks.
 */
#ifndef WRITTEN_FILE_H
#define WRITTEN_FILE_H

#include <stdint.h>

#define WRITTEN_BYTES 9000
#define CHANGED_START 5000 /* these are written for themselves */
#define CHANGED_BYTES 200

static inline uint8_t written_byte(uint32_t index)
{
    return (uint8_t)(index * 7 + index / 256 + 3);
}

#endif
