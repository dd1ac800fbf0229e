// Any machine: 4 lanes and no float32 fma, which is made from float64 (N2).
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "simd/float32.hpp"
#include "simd/round_to_odd.hpp"

namespace lstm_ref {
namespace {

typedef Real Vec __attribute__((vector_size(16)));
constexpr int kLanes = 4;
constexpr int kTile = 2;
constexpr int kWide = 2;
constexpr int kPanels = 1;

inline Vec splat(Real x) { return Vec{x, x, x, x}; }

// Lanes 0, 1 and lanes 2, 3 in float64, and back.
#if defined(__SSE2__)
inline DoubleVec low(Vec v) { return _mm_cvtps_pd(v); }
inline DoubleVec high(Vec v) { return _mm_cvtps_pd(_mm_movehl_ps(v, v)); }
inline Vec narrow(DoubleVec low, DoubleVec high) { return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high)); }
#else
// By halves of a vector: lane by lane, as in DoubleVec{v[0], v[1]}, GCC 12 makes wrong code of it at -O3.
typedef float HalfVec __attribute__((vector_size(8)));
struct Halves {
  HalfVec low, high;
};
inline Halves split(Vec v) {
  Halves halves;
  __builtin_memcpy(&halves, &v, sizeof v);
  return halves;
}
inline DoubleVec low(Vec v) { return __builtin_convertvector(split(v).low, DoubleVec); }
inline DoubleVec high(Vec v) { return __builtin_convertvector(split(v).high, DoubleVec); }
inline Vec narrow(DoubleVec low, DoubleVec high) {
  const Halves halves = {__builtin_convertvector(low, HalfVec), __builtin_convertvector(high, HalfVec)};
  Vec v;
  __builtin_memcpy(&v, &halves, sizeof v);
  return v;
}
#endif

// Sums rounded to odd never lie halfway between two float32 values, so that rounding them again gives the rounding of the exact
// sum; the products are exact.
inline Vec fma(Vec a, Vec b, Vec c) {
  return narrow(add_to_odd(low(a) * low(b), low(c)), add_to_odd(high(a) * high(b), high(c)));
}
inline Vec fnma(Vec a, Vec b, Vec c) { return fma(-a, b, c); }
inline Vec max(Vec k, Vec x) { return k >= x ? k : x; }

}  // namespace
}  // namespace lstm_ref

#include "simd/kernel.inl.hpp"

namespace lstm_ref {
static constexpr Kernels<Real> kBfloat16Kernels = kernels<Bfloat16Weights>("baseline");
const Kernels<Real> kBaselineKernels = kernels<PlainWeights>("baseline", &kBfloat16Kernels);
}  // namespace lstm_ref
