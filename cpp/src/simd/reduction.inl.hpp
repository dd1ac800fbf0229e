// The affine reduction (N3): z = start + sum over the chunks of weights * inputs.
#pragma once

#include "simd/kernels.hpp"
#include "simd/vectors.inl.hpp"

namespace lstm_ref {
namespace {

LSTM_REF_INLINE int64_t chunk_length(int64_t K, int64_t k) { return K - k < kChunk ? K - k : kChunk; }

// What is fetched while a chunk is summed.
struct Ahead {
  const Real* data;
  int64_t step;  // numbers per term
};

// One chunk for R rows and N panels, the sums held in registers: a[r * N + n] += weights * x[r].
// weights (length, G, V), the next panel's panel_size numbers on; x[r] (length,). kFetch: meanwhile
// ahead.step numbers per term are fetched from memory.
template <int R, int N, bool kFetch, int G>
LSTM_REF_INLINE void sum_chunk(Vec (&a)[R * N][G], const Real* weights, int64_t panel_size, const Real* const (&x)[R],
                               int64_t length, Ahead ahead) {
  for (int64_t k = 0; k < length; ++k, weights += G * kLanes) {
    if (kFetch) __builtin_prefetch(ahead.data + k * ahead.step);
#pragma GCC unroll 32
    for (int v = 0; v < G * N; ++v) {
      const Vec w = load(weights + v / G * panel_size + v % G * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) a[r * N + v / G][v % G] = fma(w, splat(x[r][k]), a[r * N + v / G][v % G]);
    }
  }
}

constexpr int64_t kCacheLine = 64 / sizeof(Real);

// Pre-activations so far of one panel: row r at data + r * row_size, as (4, V).
struct PanelStart {
  const Real* data;
  int64_t row_size;
};

// One chunk of one panel for R rows and G of the panel's vectors: z[r] = start[r] + a, both from the first of these vectors on.
// Its weights (length, G, V) meet inputs[r] from number k on.
template <int R, int G>
void tile(Real* z, const PanelStart& start, const Real* weights, const Real* const* inputs, int64_t k, int64_t length,
          Ahead ahead) {
  Vec a[R][G] = {};
  const Real* x[R];
  for (int r = 0; r < R; ++r) x[r] = inputs[r] + k;
  sum_chunk<R, 1, true, G>(a, weights, 0, x, length, ahead);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < G; ++v) {
      store(z + (r * 4 + v) * kLanes, load(start.data + r * start.row_size + v * kLanes) + a[r][v]);
    }
  }
}

using Tile = void (*)(Real*, const PanelStart&, const Real*, const Real* const*, int64_t, int64_t, Ahead);

// None where R rows are more than the registers hold.
template <int R, int G>
constexpr Tile tile_or_null() {
  if constexpr (R <= kTile) {
    return tile<R, G>;
  } else {
    return nullptr;
  }
}

static_assert(kTile <= 6, "the tables have tiles of up to 6 rows");
template <int G>
constexpr Tile kTiles[6] = {tile_or_null<1, G>(), tile_or_null<2, G>(), tile_or_null<3, G>(),
                            tile_or_null<4, G>(), tile_or_null<5, G>(), tile_or_null<6, G>()};

// The next of the fewest and most equal parts that `left` splits into, none above `most`.
LSTM_REF_INLINE int64_t next_part(int64_t left, int64_t most) {
  const int64_t parts = (left + most - 1) / most;
  return (left + parts - 1) / parts;
}

// z[r] = start[r] for a panel of each row; z (rows, 4, V).
LSTM_REF_INLINE void copy_start(Real* z, const PanelStart& start, int64_t rows) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int v = 0; v < 4; ++v) store(z + (r * 4 + v) * kLanes, load(start.data + r * start.row_size + v * kLanes));
  }
}

// One panel and many rows: chunk by chunk, which stays in the first-level cache, tile of rows by tile of rows. Meanwhile the
// weights that come next are fetched, evenly: as many at a time as a processor waits for are soon used up.
// z (rows, 4, V), weights (K, G, V).
template <int G>
LSTM_REF_INLINE void affine_panel(Real* z, PanelStart start, const Product<Real>& product, const Real* weights, int64_t rows) {
  const int64_t tiles = (rows + kTile - 1) / kTile;
  const int64_t step = tiles < G * kLanes / kCacheLine ? kCacheLine : (G * kLanes + tiles - 1) / tiles;
  for (int64_t k = 0; k < product.K; k += kChunk) {
    const Real* const chunk = weights + k * G * kLanes;
    const int64_t length = chunk_length(product.K, k);
    Ahead ahead = {chunk + length * G * kLanes, step};
    for (int64_t r = 0, tile_rows; r < rows; r += tile_rows, ahead.data += length * step) {
      tile_rows = next_part(rows - r, kTile);
      kTiles<G>[tile_rows - 1](z + r* 4 * kLanes, {start.data + r * start.row_size, start.row_size}, chunk, product.inputs + r, k,
                               length, ahead);
    }
    start = {z, 4 * kLanes};
  }
}

// The same, whichever vectors the product adds to.
LSTM_REF_INLINE void affine_panel(Real* z, PanelStart start, const Product<Real>& product, int64_t p, int64_t rows) {
  const Real* const weights = product.weights + p * product.K * product.G * kLanes;
  if (product.G == 4) {
    affine_panel<4>(z, start, product, weights, rows);
  } else {  // what it does not add to stays as it starts
    if (start.data != z) copy_start(z, start, rows);
    Real* const first = z + product.first * kLanes;
    affine_panel<3>(first, {first, 4 * kLanes}, product, weights, rows);
  }
}

void affine(Real* z, int64_t z_rows, const Start<Real>& start, const Product<Real>& product, int64_t rows, PanelRange panels) {
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    affine_panel(z + p * z_rows * 4 * kLanes, {start.data + p * start.panel_size, start.row_size}, product, p, rows);
  }
}

}  // namespace
}  // namespace lstm_ref
