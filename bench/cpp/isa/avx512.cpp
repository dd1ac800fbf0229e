// AVX-512: the library's kernel source, unchunked, and the loops of the benchmarks.
#include "isa/unchunked.hpp"

#define kAvx512Kernels kAvx512Unchunked
#include "simd/avx512.cpp"
#undef kAvx512Kernels

#include "isa/loops.inl.hpp"

namespace lstm_ref::bench {
const InstructionSet kAvx512 = instruction_set("avx512", kAvx512Unchunked);
}
