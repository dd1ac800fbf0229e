// arm64: 4 lanes, 32 registers.
#include <arm_neon.h>

#include "simd/float32.hpp"

namespace lstm_ref {
namespace {

typedef Real Vec __attribute__((vector_size(16)));
constexpr int kLanes = 4;
constexpr int kTile = 6;
constexpr int kWide = 4;
constexpr int kPanels = 3;

inline Vec splat(Real x) { return vdupq_n_f32(x); }
inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
inline Vec fnma(Vec a, Vec b, Vec c) { return vfmsq_f32(c, a, b); }
inline Vec max(Vec k, Vec x) { return vmaxq_f32(k, x); }

}  // namespace
}  // namespace lstm_ref

#include "simd/kernel.inl.hpp"

namespace lstm_ref {
static constexpr Kernels<Real> kBfloat16Kernels = kernels<Bfloat16Weights>("neon");
const Kernels<Real> kNeonKernels = kernels<PlainWeights>("neon", &kBfloat16Kernels);
}  // namespace lstm_ref
