// AVX2 and FMA: 8 lanes, 16 registers.
#include <immintrin.h>

#include "simd/float32.hpp"

namespace lstm_ref {
namespace {

typedef Real Vec __attribute__((vector_size(32)));
constexpr int kLanes = 8;
constexpr int kTile = 3;
constexpr int kWide = 2;
constexpr int kPanels = 3;

inline Vec splat(Real x) { return _mm256_set1_ps(x); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec fnma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }
inline Vec max(Vec k, Vec x) { return _mm256_max_ps(k, x); }

}  // namespace
}  // namespace lstm_ref

#include "simd/kernel.inl.hpp"

namespace lstm_ref {
static constexpr Kernels<Real> kBfloat16Kernels = kernels<Bfloat16Weights>("avx2");
const Kernels<Real> kAvx2Kernels = kernels<PlainWeights>("avx2", &kBfloat16Kernels);
}  // namespace lstm_ref
