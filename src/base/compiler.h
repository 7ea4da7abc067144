/*
 * base/compiler.h - what the compiler is told where the C language has no word for it.
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

/* For a branch that is seldom taken: the usual path stays a straight line. */
#define RARELY(condition) __builtin_expect(!!(condition), 0)

/* For the unusual path: inlined, it would cost the usual one registers. */
#define NOINLINE __attribute__((noinline))

/* Where the function that asks was called from. */
#define CALLER __builtin_return_address(0)

#endif
