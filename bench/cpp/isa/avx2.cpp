// AVX2 and FMA: the library's kernel source, unchunked, and the loops of the benchmarks.
#include "isa/unchunked.hpp"

#define kAvx2Kernels kAvx2Unchunked
#include "simd/avx2.cpp"
#undef kAvx2Kernels

#include "isa/loops.inl.hpp"

namespace lstm_ref::bench {
const InstructionSet kAvx2 = instruction_set("avx2", kAvx2Unchunked);
}
