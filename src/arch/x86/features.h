/*
 * arch/x86/features.h - what this CPU can do, and the protections that it offers.
 */
#ifndef ARCH_X86_FEATURES_H
#define ARCH_X86_FEATURES_H

#include <stdbool.h>

/*
 * Ends with a sentence on a CPU without CPUID, 4 MiB pages or an FPU (so: older than a Pentium).
 * Turns on SMEP, SMAP, UMIP and machine checks where the CPU has them, and prepares the FPU.
 */
void features_initialise(void);

bool features_have_pge(void);  /* global pages */
bool features_have_fxsr(void); /* FXSAVE, FXRSTOR */
bool features_have_sse(void);

#endif
