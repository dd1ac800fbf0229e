// Layer normalisation (N13): first the moments of a row, over all its units, then its values.
#pragma once

#include "simd/kernels.hpp"
#include "simd/vectors.inl.hpp"

namespace lstm_ref {
namespace {

constexpr int kPartialSums = 16;  // whatever the lanes: every instruction set adds in this order
constexpr int kSumVectors = kPartialSums / kLanes;

LSTM_REF_INLINE float square_root(float x) { return __builtin_sqrtf(x); }
LSTM_REF_INLINE double square_root(double x) { return __builtin_sqrt(x); }

// v where the unit exists, +0 past the last one: what stands there may be anything.
LSTM_REF_INLINE Vec first_lanes(Vec v, int64_t count) {
  if (count >= kLanes) return v;
  Vec kept = {};
  __builtin_memcpy(&kept, &v, count * sizeof(Real));
  return kept;
}

// The columns of one row that are normalised together, s vectors of each in a panel.
struct Together {
  const Real* row;  // panel p at row + p * panel_size, as (4, V)
  int64_t panel_size, N;
  const int* group;
  int columns, which;
};

// (N13.1), (N13.2): sum(f), f(v, s, units left from this vector on).
template <int s, class F>
LSTM_REF_INLINE Real total(const Together& of, F f) {
  Vec sums[kSumVectors] = {};
  for (int column = 0; column < of.columns; ++column) {
    if (of.group[column] != of.which) continue;
    const Real* const first = of.row + column * s * kLanes;
    for (int64_t v = 0; v * kLanes < of.N; v += kSumVectors) {
#pragma GCC unroll 16
      for (int m = 0; m < kSumVectors; ++m) {
        const int64_t left = of.N - (v + m) * kLanes;
        if (left > 0) sums[m] = f(load(first + (v + m) / s * of.panel_size + (v + m) % s * kLanes), sums[m], left);
      }
    }
  }
  Real partial[kPartialSums];
  for (int m = 0; m < kSumVectors; ++m) store(partial + m * kLanes, sums[m]);
  for (int w = kPartialSums / 2; w > 0; w /= 2) {
    for (int j = 0; j < w; ++j) partial[j] = partial[j] + partial[j + w];
  }
  return partial[0];
}

template <int s>
LSTM_REF_INLINE Moments<Real> moments_of(const Together& of, Real n, Real epsilon) {
  const Real mean = total<s>(of, [](Vec v, Vec sum, int64_t left) { return first_lanes(v, left) + sum; }) / n;  // (N13.3)
  const auto add_square = [&](Vec v, Vec sum, int64_t left) {
    const Vec d = first_lanes(v - splat(mean), left);  // (N13.4)
    return fma(d, d, sum);
  };
  const Real variance = total<s>(of, add_square) / n;  // (N13.5)
  return {mean, 1 / square_root(variance + epsilon)};  // (N13.6)
}

// Of all rows, whatever is normalised: moments (num_norms, rows, 4), by the first column of those that go together.
void find_moments(const CellStep<Real>& step) {
  const Pointwise& k = *step.pointwise;
  for (int i = 0; i < step.num_norms; ++i) {
    const Norm<Real>& norm = step.norms[i];
    for (int column = 0; column < k.columns; ++column) {
      if (norm.group[column] != column) continue;
      int count = 0;
      for (int other = 0; other < k.columns; ++other) count += norm.group[other] == column;
      const Real n = static_cast<Real>(count * step.H);
      for (int64_t r = 0; r < step.rows; ++r) {
        const Together of = {
            norm.from.data + r * norm.from.row_size, norm.from.panel_size, step.H, norm.group, k.columns, column};
        step.moments[(i * step.rows + r) * 4 + column] = k.columns == 4   ? moments_of<1>(of, n, k.epsilon)
                                                         : k.columns == 2 ? moments_of<2>(of, n, k.epsilon)
                                                                          : moments_of<4>(of, n, k.epsilon);
      }
    }
  }
}

// (N13.7), of vector v of panel p, in a column that goes by these moments.
LSTM_REF_INLINE Vec normalise(const Norm<Real>& norm, const Moments<Real>& moments, int64_t r, int64_t p, int v) {
  const Vec d = load(norm.from.data + p * norm.from.panel_size + r * norm.from.row_size + v * kLanes) - splat(moments.mean);
  const int64_t at = (p * 4 + v) * kLanes;
  return fma(d * splat(moments.r), load(norm.gain + at), load(norm.shift + at));
}

// One panel of one row: z (4, V) is what is normalised (V16), (V17), or the bias and both of it (V18).
LSTM_REF_INLINE void normalise_panel(const CellStep<Real>& step, int64_t r, int64_t p, Real* z) {
  const int s = 4 / step.pointwise->columns;
  for (int v = 0; v < 4; ++v) {
    Vec sum = step.norm_bias ? load(step.norm_bias + (p * 4 + v) * kLanes) : Vec{};
    for (int i = 0; i < step.num_norms; ++i) {
      const int group = step.norms[i].group[v / s];
      if (group < 0) continue;
      const Vec part = normalise(step.norms[i], step.moments[(i * step.rows + r) * 4 + group], r, p, v);
      sum = step.norm_bias ? sum + part : part;
    }
    store(z + v * kLanes, sum);
  }
}

}  // namespace
}  // namespace lstm_ref
