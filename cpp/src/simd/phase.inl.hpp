// One phase of any cell, panel by panel: the reduction into a small buffer, then the pointwise part, so that z stays in the
// first-level cache, and the states of one panel are computed while the weights of the next arrive.
#pragma once

#include "simd/cell.inl.hpp"
#include "simd/normalisation.inl.hpp"
#include "simd/reduction.inl.hpp"
#include "simd/variants.inl.hpp"

namespace lstm_ref {
namespace {

// One row, N panels from panel p on: weights * x is added to the vectors first, ..., first + G - 1 of each.
template <class W, int N, int G, int first>
LSTM_REF_INLINE void add_product(Vec (&z)[N][4], const Product<Real>& product, int64_t p) {
  const int64_t panel_size = words_of<W>(product.K) * G * kLanes;
  const typename W::Word* const weights = panel_weights<W>(product, G, p);
  for (int64_t k = 0; k < product.K; k += kChunk) {
    const Real* const x[1] = {product.inputs[0] + k};
    Vec a[N][G] = {};
    sum_chunk<W, 1, N, false, G>(a, weights + words_of<W>(k) * G * kLanes, panel_size, x, chunk_length(product.K, k), {});
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      for (int v = 0; v < G; ++v) z[n][first + v] += a[n][v];
    }
  }
}

// What is added up: the start, then so many products.
struct Sum {
  const Start<Real>& start;
  const Product<Real>* products;
  int num_products;
};

// One row, N panels from panel p on, their sums side by side, into z: (4, V), and the next panel_size numbers on.
template <class W, int N>
void sum_panels(const Sum& sum, int64_t p, Real* to, int64_t panel_size) {
  Vec z[N][4];
  for (int n = 0; n < N; ++n) {
    for (int v = 0; v < 4; ++v) z[n][v] = load(sum.start.data + (p + n) * sum.start.panel_size + v * kLanes);
  }
  for (int n = 0; n < sum.num_products; ++n) {
    const Product<Real>& product = sum.products[n];
    if (product.G == 4) {
      add_product<W, N, 4, 0>(z, product, p);
    } else if (product.first == 0) {
      add_product<W, N, 3, 0>(z, product, p);
    } else {
      add_product<W, N, 3, 1>(z, product, p);
    }
  }
  for (int n = 0; n < N; ++n) {
    for (int v = 0; v < 4; ++v) store(to + n * panel_size + v * kLanes, z[n][v]);
  }
}

static_assert(kSideBySide >= 3 && kSideBySide >= kWide, "the room for panels of one row");
template <class W>
constexpr void (*kSumPanels[3])(const Sum&, int64_t, Real*, int64_t) = {sum_panels<W, 1>, sum_panels<W, 2>, sum_panels<W, 3>};

// All rows, one panel, into z (rows, 4, V).
template <class W>
LSTM_REF_INLINE void sum_panel(const Sum& sum, int64_t p, int64_t rows, Real* z) {
  PanelStart start = {sum.start.data + p * sum.start.panel_size, sum.start.row_size};
  for (int n = 0; n < sum.num_products; ++n) {
    affine_panel<W>(z, start, sum.products[n], p, rows);
    start = {z, 4 * kLanes};
  }
}

LSTM_REF_INLINE Sum sum_of(const CellStep<Real>& step) { return {step.start, step.products, step.num_products}; }

// All rows, one panel.
template <class W>
LSTM_REF_INLINE void phase_panel(const CellStep<Real>& step, int64_t p) {
  sum_panel<W>(sum_of(step), p, step.rows, step.z);
  pointwise_part(step, step.rows, [&](int64_t r) { return Tile4{step.z + r * 4 * kLanes, r, p}; });
}

// One row, N panels.
template <class W>
LSTM_REF_INLINE void phase_panels(const CellStep<Real>& step, int64_t p, int64_t N) {
  kSumPanels<W>[N - 1](sum_of(step), p, step.z, 4 * kLanes);
  pointwise_part(step, N, [&](int64_t n) { return Tile4{step.z + n * 4 * kLanes, 0, p + n}; });
}

// compute(p, N), for N panels of one row from panel p on, or one panel of many.
template <class Compute>
LSTM_REF_INLINE void for_each_part(const CellStep<Real>& step, int64_t most, const Compute& compute) {
  const PanelRange panels = step.panels;
  const int64_t P = panels.end - panels.begin;
  for (int64_t done = 0, next; done < P; done += next) {
    next = next_part(P - done, step.rows > 1 ? 1 : most);
    compute(step.backwards ? panels.end - done - next : panels.begin + done, next);
  }
}

// The pointwise part of what is normalised first.
void normalised_phase(const CellStep<Real>& step) {
  find_moments(step);
  for_each_part(step, kSideBySide, [&](int64_t p, int64_t N) {
    for (int64_t n = 0; n < N && step.pointwise->part != Part::kCell; ++n) {  // which normalises c' itself
      for (int64_t r = 0; r < step.rows; ++r) normalise_panel(step, r, p + n, step.z + (n + r) * 4 * kLanes);
    }
    const auto tile = [&](int64_t t) {  // of one row, or of one panel
      return Tile4{step.z + t * 4 * kLanes, N > 1 ? 0 : t, N > 1 ? p + t : p};
    };
    pointwise_part(step, N > 1 ? N : step.rows, tile);
  });
}

template <class W>
void phase(const CellStep<Real>& step) {
  if (step.num_norms > 0) return normalised_phase(step);
  const int64_t most = step.rows > 1 ? 1 : panels_side_by_side<W>(step, step.panels.end - step.panels.begin);
  for_each_part(step, most, [&](int64_t p, int64_t N) { step.rows > 1 ? phase_panel<W>(step, p) : phase_panels<W>(step, p, N); });
}

template <class W>
void sum_into(const CellStep<Real>& step, const Sum& sum, Real* z) {
  const int64_t panel_size = step.sums_rows * 4 * kLanes;
  const int64_t most = step.rows > 1 ? 1 : panels_side_by_side<W>(step, step.panels.end - step.panels.begin);
  for_each_part(step, most, [&](int64_t p, int64_t N) {
    Real* const to = z + p * panel_size;
    step.rows > 1 ? sum_panel<W>(sum, p, step.rows, to) : kSumPanels<W>[N - 1](sum, p, to, panel_size);
  });
}

template <class W>
void sums(const CellStep<Real>& step) {
  if (!step.norm_bias) return sum_into<W>(step, sum_of(step), step.sums[0]);
  for (int n = 0; n < step.num_products; ++n) {  // of h alone, or of x and of h
    sum_into<W>(step, {step.start, step.products + n, 1}, step.sums[step.num_norms - step.num_products + n]);
  }
}

void normalise(const CellStep<Real>& step, Real* z, int64_t z_rows) {
  find_moments(step);
  for (int64_t p = step.panels.begin; p < step.panels.end; ++p) {
    for (int64_t r = 0; r < step.rows; ++r) normalise_panel(step, r, p, z + (p * z_rows + r) * 4 * kLanes);
  }
}

void pointwise(const CellStep<Real>& step, Real* z, int64_t z_rows) {
  for (int64_t p = step.panels.begin; p < step.panels.end; ++p) {
    pointwise_part(step, step.rows, [&](int64_t r) { return Tile4{z + (p * z_rows + r) * 4 * kLanes, r, p}; });
  }
}

}  // namespace
}  // namespace lstm_ref
