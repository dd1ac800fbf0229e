// Included before a kernel source: its sums then have one chunk each, as long as a sum may be.
#ifdef LSTM_REF_INLINE
#error "the kernel source was included before"
#endif
#include "simd/constants.hpp"

#define kChunk 16777216
