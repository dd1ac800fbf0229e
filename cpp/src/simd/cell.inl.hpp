// A whole step (2.1)-(2.4) of the plain LSTM, panel by panel: the reduction and the pointwise step of a panel follow each other,
// so that z never leaves the registers (few rows) or the first-level cache (many), and the states of one panel are computed while
// the weights of the next arrive.
#pragma once

#include "simd/pointwise.inl.hpp"
#include "simd/reduction.inl.hpp"

namespace lstm_ref {
namespace {

LSTM_REF_INLINE Units units_of(const CellStep<Real>& cell, int64_t r, int64_t p) {
  const int64_t unit = p * kLanes;
  Real* const c = cell.c + (p * cell.c_rows + r) * kLanes;
  if (!cell.y) return {c, cell.h[r] + unit, nullptr, 0};
  return {c, cell.h[r] + unit, cell.y[r] + unit, cell.H - unit};
}

// The states of a tile of R rows and N panels from panel p on, from its vector t = row * N + panel on, kWide at a time.
template <int R, int N, int t>
LSTM_REF_INLINE void advance_tile(const CellStep<Real>& cell, const Vec (&z)[R * N][4], int64_t p) {
  if constexpr (t < R * N) {
    constexpr int M = R * N - t < kWide ? R * N - t : kWide;
    Units units[M];
    for (int m = 0; m < M; ++m) units[m] = units_of(cell, (t + m) / N, p + (t + m) % N);
    advance_units<M>(z + t, units);
    advance_tile<R, N, t + M>(cell, z, p);
  }
}

// R rows and N panels from panel p on.
template <class W, int R, int N>
void cell_tile(const CellStep<Real>& cell, int64_t p) {
  Vec z[R * N][4];
#pragma GCC unroll 8
  for (int t = 0; t < R * N; ++t) {
    const Real* const from = cell.start.data + (p + t % N) * cell.start.panel_size + t / N * cell.start.row_size;
    for (int v = 0; v < 4; ++v) z[t][v] = load(from + v * kLanes);
  }
  for (int n = 0; n < cell.num_products; ++n) {
    const Product<Real>& product = cell.products[n];
    const int64_t panel_size = words_of<W>(product.K) * 4 * kLanes;
    const typename W::Word* const weights = panel_weights<W>(product, 4, p);
    for (int64_t k = 0; k < product.K; k += kChunk) {
      const Real* x[R];
      for (int r = 0; r < R; ++r) x[r] = product.inputs[r] + k;
      Vec a[R * N][4] = {};
      sum_chunk<W, R, N, false, 4>(a, weights + words_of<W>(k) * 4 * kLanes, panel_size, x, chunk_length(product.K, k), {});
#pragma GCC unroll 8
      for (int t = 0; t < R * N; ++t) {
        for (int v = 0; v < 4; ++v) z[t][v] += a[t][v];
      }
    }
  }
  advance_tile<R, N, 0>(cell, z, p);
}

// M rows of panel p from row r on, their z in memory.
template <int M>
LSTM_REF_INLINE void advance_rows(const CellStep<Real>& cell, int64_t r, int64_t p) {
  Vec z[M][4];
  Units units[M];
  for (int m = 0; m < M; ++m) {
    for (int v = 0; v < 4; ++v) z[m][v] = load(cell.z + ((r + m) * 4 + v) * kLanes);
    units[m] = units_of(cell, r + m, p);
  }
  advance_units<M>(z, units);
}

// All rows, one panel.
template <class W>
void cell_panel(const CellStep<Real>& cell, int64_t p) {
  PanelStart start = {cell.start.data + p * cell.start.panel_size, cell.start.row_size};
  for (int n = 0; n < cell.num_products; ++n) {
    const Product<Real>& product = cell.products[n];
    affine_panel<W, 4>(cell.z, start, product, p, cell.rows);
    start = {cell.z, 4 * kLanes};
  }
  int64_t r = 0;
  for (; r + kWide <= cell.rows; r += kWide) advance_rows<kWide>(cell, r, p);
  for (; r < cell.rows; ++r) advance_rows<1>(cell, r, p);
}

using CellTile = void (*)(const CellStep<Real>&, int64_t);

template <class W, int R>
constexpr CellTile cell_tile_or_null() {
  if constexpr (R <= kTile) {
    return cell_tile<W, R, 1>;
  } else {
    return nullptr;
  }
}

template <class W>
constexpr CellTile kRowTiles[6] = {cell_tile_or_null<W, 1>(), cell_tile_or_null<W, 2>(), cell_tile_or_null<W, 3>(),
                                   cell_tile_or_null<W, 4>(), cell_tile_or_null<W, 5>(), cell_tile_or_null<W, 6>()};
static_assert(kPanels <= 3, "the table has tiles of up to 3 panels");
template <class W>
constexpr CellTile kPanelTiles[3] = {cell_tile<W, 1, 1>, cell_tile<W, 1, 2>, cell_tile<W, 1, 3>};

// How many panels of one row go side by side: few, or small ones, since each alone would wait for its own sums.
template <class W>
LSTM_REF_INLINE int64_t panels_side_by_side(const CellStep<Real>& cell, int64_t P) {
  constexpr int64_t kSmallWeights = 65536 / sizeof(Real);  // more of them are better read in the order in which they lie
  int64_t weights = 0;
  for (int n = 0; n < cell.num_products; ++n) weights += cell.products[n].K * P * 4 * kLanes;
  return P <= 3 || weights <= kSmallWeights ? 3 : W::kPanels;
}

template <class W>
void cell(const CellStep<Real>& cell) {
  const PanelRange panels = cell.panels;
  const int64_t P = panels.end - panels.begin;
  const auto from = [&](int64_t done, int64_t next) { return cell.backwards ? panels.end - done - next : panels.begin + done; };
  if (cell.rows > 1) {
    const CellTile tile = cell.rows <= kTile ? kRowTiles<W>[cell.rows - 1] : cell_panel<W>;
    for (int64_t done = 0; done < P; ++done) tile(cell, from(done, 1));
    return;
  }
  const int64_t most = panels_side_by_side<W>(cell, P);
  for (int64_t done = 0, next; done < P; done += next) {
    next = next_part(P - done, most);
    kPanelTiles<W>[next - 1](cell, from(done, next));
  }
}

}  // namespace
}  // namespace lstm_ref
