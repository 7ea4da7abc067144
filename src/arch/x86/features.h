/*
 * arch/x86/features.h - what this CPU can do. After cpu_features_initialise() (arch/cpu.h).
 */
#ifndef ARCH_X86_FEATURES_H
#define ARCH_X86_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

bool features_have_pge(void);  /* global pages */
bool features_have_fxsr(void); /* FXSAVE, FXRSTOR */
bool features_have_sse(void);

/* The registers that XSAVE is to take (XCR0_...), and the bytes that it needs for them; 0 without
 * XSAVE. */
#define XCR0_X87 1u
#define XCR0_SSE 2u
#define XCR0_AVX 4u
uint32_t features_xsave_mask(void);
uint32_t features_xsave_bytes(void);

#endif
