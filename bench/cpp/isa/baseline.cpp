// Any machine: the library's kernel source, unchunked, and the loops of the benchmarks.
#include "isa/unchunked.hpp"

#define kBaselineKernels kBaselineUnchunked
#include "simd/baseline.cpp"
#undef kBaselineKernels

#include "isa/loops.inl.hpp"

namespace lstm_ref::bench {
const InstructionSet kBaseline = instruction_set("baseline", kBaselineUnchunked);
}
