/*
 * positions.c - fgetpos() and fsetpos(). newlib's pass the position through a long, which is too
 * short for it on a 32-bit machine. newlib has each in one object with a function for reentrant
 * callers, so these are here, too: a program gets either that object or this one.
 */
#include <reent.h>
#include <stdio.h>

int _fgetpos_r(struct _reent *reent, FILE *restrict stream, fpos_t *restrict position)
{
    *position = _ftello_r(reent, stream);
    return *position == -1 ? EOF : 0;
}

int fgetpos(FILE *restrict stream, fpos_t *restrict position)
{
    return _fgetpos_r(_REENT, stream, position);
}

int _fsetpos_r(struct _reent *reent, FILE *stream, const fpos_t *position)
{
    return _fseeko_r(reent, stream, *position, SEEK_SET);
}

int fsetpos(FILE *stream, const fpos_t *position)
{
    return _fsetpos_r(_REENT, stream, position);
}
