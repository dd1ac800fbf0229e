// One phase of any cell, panel by panel: the reduction into a small buffer, then the pointwise part, so that z stays in the
// first-level cache, and the states of one panel are computed while the weights of the next arrive.
#pragma once

#include "simd/cell.inl.hpp"
#include "simd/reduction.inl.hpp"
#include "simd/variants.inl.hpp"

namespace lstm_ref {
namespace {

// One row, N panels from panel p on: weights * x is added to the vectors first, ..., first + G - 1 of each.
template <int N, int G, int first>
LSTM_REF_INLINE void add_product(Vec (&z)[N][4], const Product<Real>& product, int64_t p) {
  const int64_t panel_size = product.K * G * kLanes;
  const Real* const weights = product.weights + p * panel_size;
  for (int64_t k = 0; k < product.K; k += kChunk) {
    const Real* const x[1] = {product.inputs[0] + k};
    Vec a[N][G] = {};
    sum_chunk<1, N, false, G>(a, weights + k * G * kLanes, panel_size, x, chunk_length(product.K, k), {});
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      for (int v = 0; v < G; ++v) z[n][first + v] += a[n][v];
    }
  }
}

// One row, N panels from panel p on, their sums side by side, into step.z (N, 4, V).
template <int N>
void sum_panels(const CellStep<Real>& step, int64_t p) {
  Vec z[N][4];
  for (int n = 0; n < N; ++n) {
    for (int v = 0; v < 4; ++v) z[n][v] = load(step.start.data + (p + n) * step.start.panel_size + v * kLanes);
  }
  for (int n = 0; n < step.num_products; ++n) {
    const Product<Real>& product = step.products[n];
    if (product.G == 4) {
      add_product<N, 4, 0>(z, product, p);
    } else if (product.first == 0) {
      add_product<N, 3, 0>(z, product, p);
    } else {
      add_product<N, 3, 1>(z, product, p);
    }
  }
  for (int n = 0; n < N; ++n) {
    for (int v = 0; v < 4; ++v) store(step.z + (n * 4 + v) * kLanes, z[n][v]);
  }
}

static_assert(kSideBySide == 3, "the table has up to 3 panels");
constexpr void (*kSumPanels[3])(const CellStep<Real>&, int64_t) = {sum_panels<1>, sum_panels<2>, sum_panels<3>};

// All rows, one panel.
LSTM_REF_INLINE void phase_panel(const CellStep<Real>& step, int64_t p) {
  PanelStart start = {step.start.data + p * step.start.panel_size, step.start.row_size};
  for (int n = 0; n < step.num_products; ++n) {
    affine_panel(step.z, start, step.products[n], p, step.rows);
    start = {step.z, 4 * kLanes};
  }
  pointwise_part(step, step.rows, [&](int64_t r) { return Tile4{step.z + r * 4 * kLanes, r, p}; });
}

// One row, N panels.
LSTM_REF_INLINE void phase_panels(const CellStep<Real>& step, int64_t p, int64_t N) {
  kSumPanels[N - 1](step, p);
  pointwise_part(step, N, [&](int64_t n) { return Tile4{step.z + n * 4 * kLanes, 0, p + n}; });
}

void phase(const CellStep<Real>& step) {
  const PanelRange panels = step.panels;
  const int64_t P = panels.end - panels.begin;
  const auto from = [&](int64_t done, int64_t next) { return step.backwards ? panels.end - done - next : panels.begin + done; };
  const int64_t most = step.rows > 1 ? 1 : panels_side_by_side(step, P);
  for (int64_t done = 0, next; done < P; done += next) {
    next = next_part(P - done, most);
    step.rows > 1 ? phase_panel(step, from(done, 1)) : phase_panels(step, from(done, next), next);
  }
}

void pointwise(const CellStep<Real>& step, Real* z, int64_t z_rows) {
  for (int64_t p = step.panels.begin; p < step.panels.end; ++p) {
    pointwise_part(step, step.rows, [&](int64_t r) { return Tile4{z + (p * z_rows + r) * 4 * kLanes, r, p}; });
  }
}

}  // namespace
}  // namespace lstm_ref
