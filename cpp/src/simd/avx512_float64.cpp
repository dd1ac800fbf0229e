// AVX-512 (F, BW, DQ, VL) for float64: 8 lanes, 32 registers.
#include <immintrin.h>

#include "simd/float64.hpp"

namespace lstm_ref {
namespace {

typedef Real Vec __attribute__((vector_size(64)));
constexpr int kLanes = 8;
constexpr int kTile = 6;
constexpr int kWide = 4;
constexpr int kPanels = 1;

inline Vec splat(Real x) { return _mm512_set1_pd(x); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_pd(a, b, c); }
inline Vec fnma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_pd(a, b, c); }
inline Vec max(Vec k, Vec x) { return _mm512_maskz_max_pd(0xff, k, x); }  // _mm512_max_pd draws a false warning from GCC 12

}  // namespace
}  // namespace lstm_ref

#include "simd/kernel.inl.hpp"

namespace lstm_ref {
const Kernels<Real> kAvx512Kernels64 = kernels<PlainWeights>("avx512");
}
