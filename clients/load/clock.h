/* The generator's clocks. Thread: any. */
#ifndef MINGFA_LOAD_CLOCK_H
#define MINGFA_LOAD_CLOCK_H

#include <stdint.h>

/* Monotonic, of no particular beginning. */
int64_t clock_now_us(void);
/* CPU that this process has taken so far. */
int64_t clock_cpu_us(void);

#endif
