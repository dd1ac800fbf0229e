// AVX-512 (F, BW, DQ, VL): 16 lanes, 32 registers.
#include <immintrin.h>

#include "simd/float32.hpp"

namespace lstm_ref {
namespace {

typedef Real Vec __attribute__((vector_size(64)));
constexpr int kLanes = 16;
constexpr int kTile = 6;
constexpr int kWide = 4;
constexpr int kPanels = 1;

inline Vec splat(Real x) { return _mm512_set1_ps(x); }
inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec fnma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }
inline Vec max(Vec k, Vec x) { return _mm512_maskz_max_ps(0xffff, k, x); }  // _mm512_max_ps draws a false warning from GCC 12

}  // namespace
}  // namespace lstm_ref

#include "simd/kernel.inl.hpp"

namespace lstm_ref {
static constexpr Kernels<Real> kBfloat16Kernels = kernels<Bfloat16Weights>("avx512");
const Kernels<Real> kAvx512Kernels = kernels<PlainWeights>("avx512", &kBfloat16Kernels);
}  // namespace lstm_ref
