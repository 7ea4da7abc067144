/*
 * errors.c - the numbers of status.h in words: the kernel's own.
 */
#include "include/drupe.h"

#include "lib/status_text.h"

const char *error_text(int error)
{
    return status_text(error);
}
