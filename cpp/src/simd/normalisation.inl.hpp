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

// M sums at once, each over the same number of columns: one alone would wait for its own additions.
template <int M>
struct Summed {
  const Real* first[M];   // of each the first vector of its first column
  int64_t panel_size, N;  // units
  int columns;
};

template <int W>
struct Lanes {
  typedef Real Type __attribute__((vector_size(W * sizeof(Real))));
};

// (N13.2), of W partial sums in one vector.
template <int W>
LSTM_REF_INLINE Real fold(typename Lanes<W>::Type s) {
  if constexpr (W == 2) {
    return s[0] + s[1];
  } else {
    typename Lanes<W / 2>::Type halves[2];
    __builtin_memcpy(halves, &s, sizeof s);
    return fold<W / 2>(halves[0] + halves[1]);
  }
}

// (N13.2)
LSTM_REF_INLINE Real fold(Vec (&s)[kSumVectors]) {
  for (int w = kSumVectors / 2; w > 0; w /= 2) {
    for (int m = 0; m < w; ++m) s[m] += s[m + w];
  }
  return fold<kLanes>(s[0]);
}

// (N13.1): of each, sum(f); f(which, v, s, units from this vector on). A panel has s vectors of each column.
template <int s, int M, class F>
LSTM_REF_INLINE void total(const Summed<M>& of, Real (&totals)[M], F f) {
  Vec sums[M][kSumVectors] = {};
  for (int column = 0; column < of.columns; ++column) {
    for (int64_t v = 0; v * kLanes < of.N; v += kSumVectors) {
#pragma GCC unroll 16
      for (int m = 0; m < kSumVectors; ++m) {
        const int64_t left = of.N - (v + m) * kLanes;
        const int64_t at = (v + m) / s * of.panel_size + ((v + m) % s + column * s) * kLanes;
#pragma GCC unroll 4
        for (int i = 0; i < M && left > 0; ++i) sums[i][m] = f(i, load(of.first[i] + at), sums[i][m], left);
      }
    }
  }
  for (int i = 0; i < M; ++i) totals[i] = fold(sums[i]);
}

template <int s, int M>
void moments_of(const Summed<M>& of, Real epsilon, Moments<Real>* const* moments) {
  const Real n = static_cast<Real>(of.columns * of.N);
  Real sums[M], means[M];
  total<s>(of, sums, [](int, Vec v, Vec sum, int64_t left) { return first_lanes(v, left) + sum; });
  for (int i = 0; i < M; ++i) means[i] = sums[i] / n;  // (N13.3)
  total<s>(of, sums, [&](int i, Vec v, Vec sum, int64_t left) {
    const Vec d = first_lanes(v - splat(means[i]), left);  // (N13.4)
    return fma(d, d, sum);
  });
  for (int i = 0; i < M; ++i) {
    const Real variance = sums[i] / n;                              // (N13.5)
    *moments[i] = {means[i], 1 / square_root(variance + epsilon)};  // (N13.6)
  }
}

// `count` of them, fewer than kWide one after the other.
template <int s>
void moments_of(const Summed<kWide>& of, int count, Real epsilon, Moments<Real>* const* moments) {
  if (count == kWide) return moments_of<s>(of, epsilon, moments);
  for (int i = 0; i < count; ++i) moments_of<s, 1>({{of.first[i]}, of.panel_size, of.N, of.columns}, epsilon, moments + i);
}

// Of all rows, of those groups of columns that have so many of them.
void find_moments(const CellStep<Real>& step, int which, int columns) {
  const Pointwise& k = *step.pointwise;
  const Norm<Real>& norm = step.norms[which];
  Summed<kWide> of = {{}, norm.from.panel_size, step.H, columns};
  Moments<Real>* to[kWide];
  int count = 0;
  const auto compute = [&] {
    k.columns == 4   ? moments_of<1>(of, count, k.epsilon, to)
    : k.columns == 2 ? moments_of<2>(of, count, k.epsilon, to)
                     : moments_of<4>(of, count, k.epsilon, to);
    count = 0;
  };
  for (int64_t r = 0; r < step.rows; ++r) {
    for (int column = 0; column < k.columns; ++column) {
      int size = 0;
      for (int other = column; other < k.columns; ++other) size += norm.group[other] == column;
      if (size != columns) continue;
      of.first[count] = norm.from.data + r * norm.from.row_size + column * (4 / k.columns) * kLanes;
      to[count] = &step.moments[(which * step.rows + r) * 4 + column];
      if (++count == kWide) compute();
    }
  }
  compute();
}

// Of all rows and whatever is normalised: moments (num_norms, rows, 4), by the first column of those that go together.
void find_moments(const CellStep<Real>& step) {
  for (int i = 0; i < step.num_norms; ++i) {
    for (int columns = 1; columns <= 4; columns *= 2) find_moments(step, i, columns);
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
