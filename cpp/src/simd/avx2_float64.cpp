// AVX2 and FMA for float64: 4 lanes, 16 registers.
#include <immintrin.h>

#include "simd/float64.hpp"

namespace lstm_ref {
namespace {

typedef Real Vec __attribute__((vector_size(32)));
constexpr int kLanes = 4;
constexpr int kTile = 3;
constexpr int kWide = 2;
constexpr int kPanels = 3;

inline Vec splat(Real x) { return _mm256_set1_pd(x); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_pd(a, b, c); }
inline Vec fnma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_pd(a, b, c); }
inline Vec max(Vec k, Vec x) { return _mm256_max_pd(k, x); }

}  // namespace
}  // namespace lstm_ref

#include "simd/kernel.inl.hpp"

namespace lstm_ref {
const Kernels<Real> kAvx2Kernels64 = kernels<PlainWeights>("avx2");
}
