// One phase of any cell, panel by panel: the reduction into a small buffer, then the pointwise part, so that z stays in the
// first-level cache, and the states of one panel are computed while the weights of the next arrive.
#pragma once

#include "simd/cell.inl.hpp"
#include "simd/reduction.inl.hpp"
#include "simd/variants.inl.hpp"

namespace lstm_ref {
namespace {

// One row, N panels from panel p on, their sums side by side: z (N, 4, V) += weights * x.
template <int G, int N>
void add_panels(float* z, const Product& product, int64_t p) {
  const int64_t panel_size = product.K * G * kLanes;
  const float* const weights = product.weights + p * panel_size;
  z += product.first * kLanes;
  Vec sums[N][G];
  for (int n = 0; n < N; ++n) {
    for (int v = 0; v < G; ++v) sums[n][v] = load(z + (n * 4 + v) * kLanes);
  }
  for (int64_t k = 0; k < product.K; k += kChunk) {
    const float* const x[1] = {product.inputs[0] + k};
    Vec a[N][G] = {};
    sum_chunk<1, N, false, G>(a, weights + k * G * kLanes, panel_size, x, chunk_length(product.K, k), {});
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      for (int v = 0; v < G; ++v) sums[n][v] += a[n][v];
    }
  }
  for (int n = 0; n < N; ++n) {
    for (int v = 0; v < G; ++v) store(z + (n * 4 + v) * kLanes, sums[n][v]);
  }
}

using AddPanels = void (*)(float*, const Product&, int64_t);
static_assert(kSideBySide == 3, "the table has up to 3 panels");
template <int G>
constexpr AddPanels kAddPanels[3] = {add_panels<G, 1>, add_panels<G, 2>, add_panels<G, 3>};

// All rows, one panel.
LSTM_REF_INLINE void phase_panel(const CellStep& step, int64_t p) {
  PanelStart start = {step.start.data + p * step.start.panel_size, step.start.row_size};
  for (int n = 0; n < step.num_products; ++n) {
    affine_panel(step.z, start, step.products[n], p, step.rows);
    start = {step.z, 4 * kLanes};
  }
  pointwise_part(step, step.rows, [&](int64_t r) { return Tile4{step.z + r * 4 * kLanes, r, p}; });
}

// One row, N panels.
LSTM_REF_INLINE void phase_panels(const CellStep& step, int64_t p, int64_t N) {
  for (int64_t n = 0; n < N; ++n) {
    copy_start(step.z + n * 4 * kLanes, {step.start.data + (p + n) * step.start.panel_size, 0}, 1);
  }
  for (int n = 0; n < step.num_products; ++n) {
    const Product& product = step.products[n];
    (product.G == 4 ? kAddPanels<4> : kAddPanels<3>)[N - 1](step.z, product, p);
  }
  pointwise_part(step, N, [&](int64_t n) { return Tile4{step.z + n * 4 * kLanes, 0, p + n}; });
}

void phase(const CellStep& step) {
  const PanelRange panels = step.panels;
  const int64_t P = panels.end - panels.begin;
  const auto from = [&](int64_t done, int64_t next) { return step.backwards ? panels.end - done - next : panels.begin + done; };
  const int64_t most = step.rows > 1 ? 1 : panels_side_by_side(step, P);
  for (int64_t done = 0, next; done < P; done += next) {
    next = next_part(P - done, most);
    step.rows > 1 ? phase_panel(step, from(done, 1)) : phase_panels(step, from(done, next), next);
  }
}

void pointwise(const CellStep& step, float* z, int64_t z_rows) {
  for (int64_t p = step.panels.begin; p < step.panels.end; ++p) {
    pointwise_part(step, step.rows, [&](int64_t r) { return Tile4{z + (p * z_rows + r) * 4 * kLanes, r, p}; });
  }
}

}  // namespace
}  // namespace lstm_ref
