// The one kernel source. An instruction set's .cpp includes float32.hpp or float64.hpp, which says what a Real is, and defines,
// in an unnamed namespace, the shim
//     Vec (kLanes numbers), splat(x), fma(a, b, c), fnma(a, b, c) = fma(-a, b, c), max(k, x) (N1),
//     kTile: the rows of the largest tile of sums that the registers hold, 4 vectors each,
//     kWide: how many vectors of activations go in lockstep (vectors.inl.hpp),
//     kPanels: how many panels of one row go side by side: as many as it takes to read weights at the speed of a cache,
// and includes this file. Everything here has internal linkage and nothing comes from the standard library's templates:
// code compiled for one instruction set must never be what the linker picks for another.
#ifdef __FAST_MATH__
#error "the canonical arithmetic (spec/numerics.md) cannot be compiled with -ffast-math"
#endif

#include "simd/phase.inl.hpp"

namespace lstm_ref {
namespace {

// For weights that lie as W says.
template <class W>
constexpr Kernels<Real> kernels(const char* name, const Kernels<Real>* for_bfloat16 = nullptr) {
  return {name, kLanes, W::kTerms > 1, affine<W>, step, cell<W>, phase<W>, sums<W>, normalise, pointwise, for_bfloat16};
}

}  // namespace
}  // namespace lstm_ref
