// The affine reduction (N3): z = start + sum over the chunks of weights * inputs.
#pragma once

#include "simd/kernels.hpp"
#include "simd/vectors.inl.hpp"
#include "simd/weights.inl.hpp"

namespace lstm_ref {
namespace {

LSTM_REF_INLINE int64_t chunk_length(int64_t K, int64_t k) { return K - k < kChunk ? K - k : kChunk; }

// What else is done while a chunk is summed.
template <class W>
struct Meanwhile {
  const char* fetched;  // from memory: so many bytes per term
  int64_t step;
  Real* widened;  // where the chunk is left for other tiles, (length, G, V)
};

// Chunks of packed weights are widened once, by the first of their tiles, if they fit the first-level cache then.
template <class W>
constexpr bool kWidensOnce = W::kTerms > 1 && kChunk * 4 * sizeof(Vec) <= 16384;

// The terms of one word for R rows and N panels, the sums held in registers: a[r * N + n] += weights * x[r].
// weights (G, V), the next panel's panel_size words on; x[r] (length,), from number k on.
template <class W, int R, int N, bool kMany, int terms, int G>
LSTM_REF_INLINE void sum_terms(Vec (&a)[R * N][G], const typename W::Word* weights, int64_t panel_size, const Real* const (&x)[R],
                               int64_t k, const Meanwhile<W>& meanwhile) {
#pragma GCC unroll 2
  for (int t = 0; t < terms; ++t) {
    if (kMany) __builtin_prefetch(meanwhile.fetched + (k + t) * meanwhile.step);
#pragma GCC unroll 32
    for (int v = 0; v < G * N; ++v) {
      const Vec w = W::read(weights + v / G * panel_size + v % G * kLanes, t);
      if (kMany && kWidensOnce<W>) store(meanwhile.widened + ((k + t) * G + v) * kLanes, w);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) a[r * N + v / G][v % G] = fma(w, splat(x[r][k + t]), a[r * N + v / G][v % G]);
    }
  }
}

// The same of one chunk; weights (words of length, G, V). kMany: of the first rows of many.
template <class W, int R, int N, bool kMany, int G>
LSTM_REF_INLINE void sum_chunk(Vec (&a)[R * N][G], const typename W::Word* weights, int64_t panel_size, const Real* const (&x)[R],
                               int64_t length, const Meanwhile<W>& meanwhile) {
  int64_t k = 0;
  for (; k + W::kTerms <= length; k += W::kTerms, weights += G * kLanes) {
    sum_terms<W, R, N, kMany, W::kTerms>(a, weights, panel_size, x, k, meanwhile);
  }
  if (W::kTerms > 1 && k < length)
    sum_terms<W, R, N, kMany, 1>(a, weights, panel_size, x, k, meanwhile);  // nothing is padded (N3)
}

// Pre-activations so far of one panel: row r at data + r * row_size, as (4, V).
struct PanelStart {
  const Real* data;
  int64_t row_size;
};

// One chunk of one panel for R rows and G of the panel's vectors: z[r] = start[r] + a, both from the first of these vectors on.
// Its weights (words of length, G, V) meet inputs[r] from number k on.
template <class W, int R, int G>
void tile(Real* z, const PanelStart& start, const typename W::Word* weights, const Real* const* inputs, int64_t k, int64_t length,
          const Meanwhile<W>& meanwhile) {
  Vec a[R][G] = {};
  const Real* x[R];
  for (int r = 0; r < R; ++r) x[r] = inputs[r] + k;
  sum_chunk<W, R, 1, true, G>(a, weights, 0, x, length, meanwhile);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < G; ++v) {
      store(z + (r * 4 + v) * kLanes, load(start.data + r * start.row_size + v * kLanes) + a[r][v]);
    }
  }
}

template <class W>
using Tile = void (*)(Real*, const PanelStart&, const typename W::Word*, const Real* const*, int64_t, int64_t,
                      const Meanwhile<W>&);

// None where R rows are more than the registers hold.
template <class W, int R, int G>
constexpr Tile<W> tile_or_null() {
  if constexpr (R <= kTile) {
    return tile<W, R, G>;
  } else {
    return nullptr;
  }
}

static_assert(kTile <= 6, "the tables have tiles of up to 6 rows");
template <class W, int G>
constexpr Tile<W> kTiles[6] = {tile_or_null<W, 1, G>(), tile_or_null<W, 2, G>(), tile_or_null<W, 3, G>(),
                               tile_or_null<W, 4, G>(), tile_or_null<W, 5, G>(), tile_or_null<W, 6, G>()};

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
// z (rows, 4, V), weights (words of K, G, V).
template <class W, int G>
LSTM_REF_INLINE void affine_panel(Real* z, PanelStart start, const Product<Real>& product, int64_t p, int64_t rows) {
  constexpr int64_t kCacheLine = 64, kTermSize = G * kLanes * sizeof(typename W::Word) / W::kTerms;  // bytes
  const int64_t tiles = (rows + kTile - 1) / kTile;
  const int64_t step = tiles < kTermSize / kCacheLine ? kCacheLine : (kTermSize + tiles - 1) / tiles;
  alignas(Vec) Real widened[kWidensOnce<W> ? kChunk * G * kLanes : 1];
  const typename W::Word* weights = panel_weights<W>(product, G, p);
  for (int64_t k = 0; k < product.K; k += kChunk) {
    const int64_t length = chunk_length(product.K, k);
    const typename W::Word* const next = weights + words_of<W>(length) * G * kLanes;
    const char* fetched = reinterpret_cast<const char*>(next);
    int64_t r = 0;
    const auto compute = [&](const auto& tiles, const auto* chunk, auto meanwhile) {
      const int64_t tile_rows = next_part(rows - r, kTile);
      tiles[tile_rows - 1](z + r * 4 * kLanes, {start.data + r * start.row_size, start.row_size}, chunk, product.inputs + r, k,
                           length, meanwhile);
      r += tile_rows, fetched += length * step;
    };
    if (kWidensOnce<W>) compute(kTiles<W, G>, weights, Meanwhile<W>{fetched, step, widened});
    while (r < rows) {
      if constexpr (kWidensOnce<W>) {
        compute(kTiles<PlainWeights, G>, widened, Meanwhile<PlainWeights>{fetched, step, nullptr});
      } else {
        compute(kTiles<W, G>, weights, Meanwhile<W>{fetched, step, nullptr});
      }
    }
    weights = next;
    start = {z, 4 * kLanes};
  }
}

// The same, whichever vectors the product adds to.
template <class W>
LSTM_REF_INLINE void affine_panel(Real* z, PanelStart start, const Product<Real>& product, int64_t p, int64_t rows) {
  if (product.G == 4) {
    affine_panel<W, 4>(z, start, product, p, rows);
  } else {  // what it does not add to stays as it starts
    if (start.data != z) copy_start(z, start, rows);
    Real* const first = z + product.first * kLanes;
    affine_panel<W, 3>(first, {first, 4 * kLanes}, product, p, rows);
  }
}

template <class W>
void affine(Real* z, int64_t z_rows, const Start<Real>& start, const Product<Real>& product, int64_t rows, PanelRange panels) {
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    affine_panel<W>(z + p * z_rows * 4 * kLanes, {start.data + p * start.panel_size, start.row_size}, product, p, rows);
  }
}

}  // namespace
}  // namespace lstm_ref
