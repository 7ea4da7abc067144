/*
 * machine/_types.h - types of newlib that each system may choose. It replaces newlib's, which
 * chooses none.
 *
 * A file can be larger than a 32-bit `long` says, and the number of a file has 64 bits: without
 * these lines newlib would take `long` and `unsigned short`. So off_t, fpos_t and ino_t have 64
 * bits in all programs. ftell() and fseek() keep the type long, which C itself gives them.
 */
#ifndef _MACHINE__TYPES_H
#define _MACHINE__TYPES_H

#include <machine/_default_types.h>

typedef __int64_t _off_t;
#define __machine_off_t_defined

typedef __int64_t _fpos_t; /* as _off_t */
#define __machine_fpos_t_defined

typedef __uint64_t __ino_t;
#define __machine_ino_t_defined

#endif
