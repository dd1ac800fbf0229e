// arm64 for float64: 2 lanes, 32 registers.
#include <arm_neon.h>

#include "simd/float64.hpp"

namespace lstm_ref {
namespace {

typedef Real Vec __attribute__((vector_size(16)));
constexpr int kLanes = 2;
constexpr int kTile = 6;
constexpr int kWide = 4;
constexpr int kPanels = 3;

inline Vec splat(Real x) { return vdupq_n_f64(x); }
inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f64(c, a, b); }
inline Vec fnma(Vec a, Vec b, Vec c) { return vfmsq_f64(c, a, b); }
inline Vec max(Vec k, Vec x) { return vmaxq_f64(k, x); }

}  // namespace
}  // namespace lstm_ref

#include "simd/kernel.inl.hpp"

namespace lstm_ref {
const Kernels<Real> kNeonKernels64 = kernels<PlainWeights>("neon");
}
