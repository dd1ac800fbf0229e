// The pointwise part of every cell with whatever may be chosen (spec/variants.md, sections 4 to 6): from the columns of z to the
// new states. A new variant is a line in one of these functions.
#pragma once

#include "simd/functions.inl.hpp"
#include "simd/kernels.hpp"
#include "simd/normalisation.inl.hpp"

namespace lstm_ref {
namespace {

// One panel of one row.
struct Tile4 {
  Real* z;  // (4, V), replaced by the gates
  int64_t r, p;
};

LSTM_REF_INLINE Vec interpolate(Vec u, Vec h, Vec n) { return fma(u, h, (splat(1) - u) * n); }  // (V13)

LSTM_REF_INLINE void write_h(const CellStep<Real>& step, int64_t r, int64_t unit, Vec h) {
  const int64_t left = step.H - unit;
  const RowMasks<Real>* const masks = step.is_last ? step.masks : nullptr;
  if (masks && masks->keep_h) h = interpolate(load_some(masks->keep_h[r] + unit, left), load(step.old_h[r] + unit), h);  // (V25)
  store(step.h[r] + unit, h);
  if (masks && masks->hidden) store(step.dropped_h[r] + unit, h * load_some(masks->hidden[r] + unit, left));  // (V22)
  if (!step.y) return;
  if (masks && masks->output) h *= load_some(masks->output[r] + unit, left);  // (V26)
  store_some(step.y[r] + unit, h, left);
}

// (2.3) goes on with g~.
LSTM_REF_INLINE Vec candidate(const CellStep<Real>& step, int64_t r, int64_t unit, Vec g) {
  if (!step.masks || !step.masks->candidate) return g;
  return g * load_some(step.masks->candidate[r] + unit, step.H - unit);  // (V23)
}

// c' is carried on.
LSTM_REF_INLINE void write_c(const CellStep<Real>& step, const Tile4& tile, Vec c) {
  Real* const to = step.c + (tile.p * step.c_rows + tile.r) * kLanes;
  if (step.masks && step.masks->keep_c) {
    const int64_t unit = tile.p * kLanes;
    c = interpolate(load_some(step.masks->keep_c[tile.r] + unit, step.H - unit), load(to), c);  // (V24)
  }
  store(to, c);
}

// Where c' and z_o (2, V) of a tile wait.
LSTM_REF_INLINE Real* waiting(const CellStep<Real>& step, const Tile4& tile) {
  return step.waiting + (tile.p * step.c_rows + tile.r) * 2 * kLanes;
}

// M tiles. z: i, f, g, o.
template <class A, int M>
void lstm_part(const CellStep<Real>& step, const Tile4* tiles) {
  const Pointwise& k = *step.pointwise;
  const A activations = {k};
  Vec i[M], f[M], g[M], o[M], c[M];
  const auto p_of = [&](int m, int gate) { return load(step.peephole + (tiles[m].p * 3 + gate) * kLanes); };
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) {
    const Real* const z = tiles[m].z;
    i[m] = load(z), f[m] = load(z + kLanes), g[m] = load(z + 2 * kLanes), o[m] = load(z + 3 * kLanes);
    c[m] = load(step.c + (tiles[m].p * step.c_rows + tiles[m].r) * kLanes);
    if (step.peephole) i[m] = fma(p_of(m, 0), c[m], i[m]), f[m] = fma(p_of(m, 2), c[m], f[m]);  // (V4)
  }
  activations.gate(i, M);                       // (2.2)
  if (!k.input_forget) activations.gate(f, M);  // what makes no difference is left out
  activations.candidate(g, M);
  const bool o_waits = step.peephole || step.waiting;
  if (!o_waits) activations.gate(o, M);
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) {
    if (k.input_forget) f[m] = splat(1) - i[m];  // (V6)
    const int64_t unit = tiles[m].p * kLanes;
    c[m] = fma(f[m], c[m], i[m] * candidate(step, tiles[m].r, unit, g[m]));  // (2.3)
    Real* const z = tiles[m].z;
    store(z, i[m]), store(z + kLanes, f[m]), store(z + 2 * kLanes, g[m]);
    if (step.waiting) {
      store(waiting(step, tiles[m]), c[m]), store(waiting(step, tiles[m]) + kLanes, o[m]);
      continue;
    }
    if (step.peephole) o[m] = fma(p_of(m, 1), c[m], o[m]);  // (V5)
    write_c(step, tiles[m], c[m]);
  }
  if (step.waiting) return;
  if (o_waits) activations.gate(o, M);  // (2.2)
  activations.output(c, M);
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) {
    store(tiles[m].z + 3 * kLanes, o[m]);
    write_h(step, tiles[m].r, tiles[m].p * kLanes, o[m] * c[m]);  // (2.4)
  }
}

// M tiles: the rest of an LSTM whose c' is normalised.
template <class A, int M>
void cell_part(const CellStep<Real>& step, const Tile4* tiles) {
  const Pointwise& k = *step.pointwise;
  const A activations = {k};
  Vec c[M], o[M], out[M];
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) {
    const Real* const at = waiting(step, tiles[m]);
    c[m] = load(at), o[m] = load(at + kLanes);
    out[m] = normalise(step.norms[0], step.moments[tiles[m].r * 4], tiles[m].r, tiles[m].p, 0);      // (V20), or
    if (k.normalises_c) c[m] = out[m];                                                               // (V19)
    if (step.peephole) o[m] = fma(load(step.peephole + (tiles[m].p * 3 + 1) * kLanes), c[m], o[m]);  // (V5)
  }
  activations.gate(o, M);  // (2.2)
  activations.output(out, M);
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) {
    store(waiting(step, tiles[m]) + kLanes, o[m]);
    write_c(step, tiles[m], c[m]);
    write_h(step, tiles[m].r, tiles[m].p * kLanes, o[m] * out[m]);  // (2.4)
  }
}

// M tiles. z: n_x, r, u, n_h.
template <class A, int M>
void gru_after_part(const CellStep<Real>& step, const Tile4* tiles) {
  const A activations = {*step.pointwise};
  Vec r[M], u[M], n[M];
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) r[m] = load(tiles[m].z + kLanes), u[m] = load(tiles[m].z + 2 * kLanes);
  activations.gate(r, M), activations.gate(u, M);  // (V9)
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) n[m] = fma(r[m], load(tiles[m].z + 3 * kLanes), load(tiles[m].z));
  activations.candidate(n, M);  // (V10)
#pragma GCC unroll 4
  for (int m = 0; m < M; ++m) {
    Real* const z = tiles[m].z;
    const int64_t unit = tiles[m].p * kLanes;
    store(z, n[m]), store(z + kLanes, r[m]), store(z + 2 * kLanes, u[m]);
    const Vec dropped = candidate(step, tiles[m].r, unit, n[m]);
    write_h(step, tiles[m].r, unit, interpolate(u[m], load(step.old_h[tiles[m].r] + unit), dropped));
  }
}

// One tile. z: r and u of two vectors of units. What is written as h is r * h, of the h that W_hh meets.
template <class A>
void gru_reset_part(const CellStep<Real>& step, const Tile4& tile) {
  const A activations = {*step.pointwise};
  const Real* const h = step.products[step.num_products - 1].inputs[tile.r];
  Vec v[4];
#pragma GCC unroll 4
  for (int m = 0; m < 4; ++m) v[m] = load(tile.z + m * kLanes);
  activations.gate(v, 4);  // (V9)
#pragma GCC unroll 4
  for (int m = 0; m < 4; ++m) store(tile.z + m * kLanes, v[m]);
#pragma GCC unroll 2
  for (int m = 0; m < 2; ++m) {
    const int64_t unit = (tile.p * 2 + m) * kLanes;
    write_h(step, tile.r, unit, v[m] * load(h + unit));
    store(step.u[tile.r] + unit, v[2 + m]);
  }
}

// One tile of four vectors of units with one column, which becomes h.
template <class A, class Function>
LSTM_REF_INLINE void single_part(const CellStep<Real>& step, const Tile4& tile, const Function& h_of) {
  const Pointwise& k = *step.pointwise;
  const A activations = {k};
  Vec v[4];
#pragma GCC unroll 4
  for (int m = 0; m < 4; ++m) v[m] = load(tile.z + m * kLanes);
  if (k.part == Part::kGruCandidate || k.part == Part::kRnn) activations.candidate(v, 4);  // (V12), (V15)
#pragma GCC unroll 4
  for (int m = 0; m < 4; ++m) {
    const int64_t unit = (tile.p * 4 + m) * kLanes;
    store(tile.z + m * kLanes, v[m]);
    write_h(step, tile.r, unit, h_of(v[m], unit));
  }
}

// M tiles of whatever part it is.
template <class A, int M>
void part_of_tiles(const CellStep<Real>& step, const Tile4* tiles) {
  const Part part = step.pointwise->part;
  if (part == Part::kLstm) return lstm_part<A, M>(step, tiles);
  if (part == Part::kCell) return cell_part<A, M>(step, tiles);
  if (part == Part::kGruAfter) return gru_after_part<A, M>(step, tiles);
  for (int m = 0; m < M; ++m) {
    const Tile4& one = tiles[m];
    if (part == Part::kGruReset) {
      gru_reset_part<A>(step, one);
    } else if (part == Part::kGruCandidate) {
      single_part<A>(step, one, [&](Vec n, int64_t unit) {
        return interpolate(load(step.u[one.r] + unit), load(step.old_h[one.r] + unit), candidate(step, one.r, unit, n));
      });
    } else {  // a plain RNN's n, the projection (V7), or the normalised h (V21)
      single_part<A>(step, one, [](Vec h, int64_t) { return h; });
    }
  }
}

using PartOfTiles = void (*)(const CellStep<Real>&, const Tile4*);

template <class A, int M>
constexpr PartOfTiles part_or_null() {
  if constexpr (M <= kWide) {
    return part_of_tiles<A, M>;
  } else {
    return nullptr;
  }
}

static_assert(kWide <= 4, "the tables have parts of up to 4 tiles");
template <class A>
constexpr PartOfTiles kParts[4] = {part_or_null<A, 1>(), part_or_null<A, 2>(), part_or_null<A, 3>(), part_or_null<A, 4>()};

// Any number of tiles; tile(t) is one of them.
template <class TileOf>
LSTM_REF_INLINE void pointwise_part(const CellStep<Real>& step, int64_t count, const TileOf& tile) {
  const PartOfTiles* const parts = step.pointwise->is_usual ? kParts<UsualActivations> : kParts<ChosenActivations>;
  Tile4 some[kWide];
  for (int64_t t = 0; t < count; t += kWide) {
    const int n = int(count - t < kWide ? count - t : kWide);
    for (int m = 0; m < n; ++m) some[m] = tile(t + m);
    parts[n - 1](step, some);
  }
}

}  // namespace
}  // namespace lstm_ref
