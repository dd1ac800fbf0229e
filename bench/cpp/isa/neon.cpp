// NEON: the library's kernel source, unchunked, and the loops of the benchmarks.
#include "isa/unchunked.hpp"

#define kNeonKernels kNeonUnchunked
#include "simd/neon.cpp"
#undef kNeonKernels

#include "isa/loops.inl.hpp"

namespace lstm_ref::bench {
const InstructionSet kNeon = instruction_set("neon", kNeonUnchunked);
}
