/*
 * arch/x86/features.h - what this CPU can do. After cpu_features_initialise() (arch/cpu.h).
 */
#ifndef ARCH_X86_FEATURES_H
#define ARCH_X86_FEATURES_H

#include <stdbool.h>

bool features_have_pge(void);  /* global pages */
bool features_have_fxsr(void); /* FXSAVE, FXRSTOR */
bool features_have_sse(void);

#endif
