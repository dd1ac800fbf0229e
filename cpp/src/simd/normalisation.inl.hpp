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
LSTM_REF_INLINE Vec first_lanes(Vec v, int64_t left) {
  if (left >= kLanes) return v;
  UVec number;
#pragma GCC unroll 16
  for (int lane = 0; lane < kLanes; ++lane) number[lane] = lane;
  return to_real(bits(v) & UVec(number < UVec{} + Bits(left)));
}

// M sums at once, each over the same number of columns: one alone would wait for its own additions.
template <int M>
struct Summed {
  const Real* first[M];   // of each the first vector of its first column
  int64_t panel_size[M];  // of each from panel to panel
  int64_t N;              // units
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
    const auto add = [&](int64_t v, int m, int64_t left) {
#pragma GCC unroll 4
      for (int i = 0; i < M; ++i) {
        const Real* const at = of.first[i] + (v + m) / s * of.panel_size[i] + ((v + m) % s + column * s) * kLanes;
        sums[i][m] = f(i, load(at), sums[i][m], left);
      }
    };
    int64_t v = 0;
    for (; (v + kSumVectors) * kLanes <= of.N; v += kSumVectors) {
#pragma GCC unroll 16
      for (int m = 0; m < kSumVectors; ++m) add(v, m, kLanes);
    }
#pragma GCC unroll 16
    for (int m = 0; m < kSumVectors; ++m) {
      const int64_t left = of.N - (v + m) * kLanes;
      if (left > 0) add(v, m, left);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < M; ++i) totals[i] = fold(sums[i]);
}

// The moments of each of the M.
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

// The same of the first `count`.
template <int s>
void moments_of(const Summed<kWide>& of, int count, Real epsilon, Moments<Real>* const* moments) {
  if (count == kWide) return moments_of<s, kWide>(of, epsilon, moments);
  int i = 0;
  for (; i + 2 <= count; i += 2) {
    const Summed<2> two = {{of.first[i], of.first[i + 1]}, {of.panel_size[i], of.panel_size[i + 1]}, of.N, of.columns};
    moments_of<s, 2>(two, epsilon, moments + i);
  }
  if (i < count) moments_of<s, 1>({{of.first[i]}, {of.panel_size[i]}, of.N, of.columns}, epsilon, moments + i);
}

// Of all rows and whatever is normalised: moments (num_norms, rows, 4), by the first column of those that go together.
template <int s>
void find_moments_of(const CellStep<Real>& step) {
  for (int columns = 1; columns <= 4 / s; columns *= 2) {
    Summed<kWide> of = {{}, {}, step.H, columns};
    Moments<Real>* to[kWide];
    int count = 0;
    const auto compute = [&] {
      if (count > 0) moments_of<s>(of, count, step.pointwise->epsilon, to);
      count = 0;
    };
    for (int i = 0; i < step.num_norms; ++i) {
      const Norm<Real>& norm = step.norms[i];
      for (int column = 0; column < 4 / s; ++column) {
        if (norm.together[column] != columns) continue;
        for (int64_t r = 0; r < step.rows; ++r) {
          of.first[count] = norm.from.data + r * norm.from.row_size + column * s * kLanes;
          of.panel_size[count] = norm.from.panel_size;
          to[count] = &step.moments[(i * step.rows + r) * 4 + column];
          if (++count == kWide) compute();
        }
      }
    }
    compute();
  }
}

void find_moments(const CellStep<Real>& step) {
  const int columns = step.pointwise->columns;
  columns == 4 ? find_moments_of<1>(step) : columns == 2 ? find_moments_of<2>(step) : find_moments_of<4>(step);
}

// (N13.7), of vector v of panel p, in a column that goes by these moments.
LSTM_REF_INLINE Vec normalise(const Norm<Real>& norm, const Moments<Real>& moments, int64_t r, int64_t p, int v) {
  const Vec d = load(norm.from.data + p * norm.from.panel_size + r * norm.from.row_size + v * kLanes) - splat(moments.mean);
  const int64_t at = (p * 4 + v) * kLanes;
  return fma(d * splat(moments.r), load(norm.gain + at), load(norm.shift + at));
}

// One panel of one row, s vectors of each column: z (4, V) is what is normalised (V16), (V17), or the bias and both of it (V18).
template <int s>
LSTM_REF_INLINE void normalise_panel_of(const CellStep<Real>& step, int64_t r, int64_t p, Real* z) {
  const auto part = [&](int i, int v, int group) __attribute__((always_inline)) {
    return normalise(step.norms[i], step.moments[(i * step.rows + r) * 4 + group], r, p, v);
  };
#pragma GCC unroll 4
  for (int v = 0; v < 4; ++v) {
    if (!step.norm_bias) {
      store(z + v * kLanes, part(0, v, step.norms[0].group[v / s]));
      continue;
    }
    Vec sum = load(step.norm_bias + (p * 4 + v) * kLanes);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const int group = step.norms[i].group[v / s];
      if (group >= 0) sum += part(i, v, group);
    }
    store(z + v * kLanes, sum);
  }
}

LSTM_REF_INLINE void normalise_panel(const CellStep<Real>& step, int64_t r, int64_t p, Real* z) {
  const int columns = step.pointwise->columns;
  columns == 4   ? normalise_panel_of<1>(step, r, p, z)
  : columns == 2 ? normalise_panel_of<2>(step, r, p, z)
                 : normalise_panel_of<4>(step, r, p, z);
}

}  // namespace
}  // namespace lstm_ref
