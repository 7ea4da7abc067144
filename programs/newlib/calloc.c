/*
 * calloc.c - in place of newlib's, which multiplies without looking whether the product fits.
 */
#include <reent.h>
#include <stdlib.h>

#include "layer.h"

void *calloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return _calloc_r(_REENT, 1, bytes);
}
