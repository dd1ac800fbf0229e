// Any machine for float64: 2 lanes and no fma but our own (N2).
#include "simd/float64.hpp"
#include "simd/fma64.hpp"

namespace lstm_ref {
namespace {

typedef DoubleVec Vec;
constexpr int kLanes = 2;
constexpr int kTile = 2;
constexpr int kWide = 2;
constexpr int kPanels = 1;

inline Vec splat(Real x) { return Vec{x, x}; }
inline Vec fma(Vec a, Vec b, Vec c) { return fma64(a, b, c); }
inline Vec fnma(Vec a, Vec b, Vec c) { return fma64(-a, b, c); }
inline Vec max(Vec k, Vec x) { return k >= x ? k : x; }

}  // namespace
}  // namespace lstm_ref

#include "simd/kernel.inl.hpp"

namespace lstm_ref {
const Kernels<Real> kBaselineKernels64 = kernels<PlainWeights>("baseline");
}
