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

// `left` numbers, or a vector of them where there are more; +0 in the other lanes.
LSTM_REF_INLINE Vec load_some(const Real* p, int64_t left) {
  if (left >= kLanes) return load(p);
  Vec v = {};
  if (left > 0) __builtin_memcpy(&v, p, left * sizeof(Real));
  return v;
}

LSTM_REF_INLINE Vec interpolate(Vec u, Vec h, Vec n) { return fma(u, h, (splat(1) - u) * n); }  // (V13)

LSTM_REF_INLINE void write_h(const CellStep<Real>& step, int64_t r, int64_t unit, Vec h) {
  const int64_t left = step.H - unit;
  const RowMasks<Real>* const masks = step.is_last ? step.masks : nullptr;
  if (masks && masks->keep_h) h = interpolate(load_some(masks->keep_h[r] + unit, left), load(step.old_h[r] + unit), h);  // (V25)
  store(step.h[r] + unit, h);
  if (masks && masks->hidden) store(step.dropped_h[r] + unit, h * load_some(masks->hidden[r] + unit, left));  // (V22)
  if (!step.y) return;
  if (masks && masks->output) h *= load_some(masks->output[r] + unit, left);  // (V26)
  if (left >= kLanes) {
    store(step.y[r] + unit, h);
  } else if (left > 0) {
    __builtin_memcpy(step.y[r] + unit, &h, left * sizeof(Real));
  }
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

// Up to kWide tiles. z: i, f, g, o.
void lstm_part(const CellStep<Real>& step, const Tile4* tiles, int n) {
  const Pointwise& k = *step.pointwise;
  Vec v[5 * kWide], *const f = v, *const i = v + n, *const o = v + 2 * n, *const g = v + 3 * n, *const c = v + 4 * n;
  const auto c_of = [&](int m) { return step.c + (tiles[m].p * step.c_rows + tiles[m].r) * kLanes; };
  const auto p_of = [&](int m, int gate) { return load(step.peephole + (tiles[m].p * 3 + gate) * kLanes); };
  for (int m = 0; m < n; ++m) {
    const Real* const z = tiles[m].z;
    i[m] = load(z), f[m] = load(z + kLanes), g[m] = load(z + 2 * kLanes), o[m] = load(z + 3 * kLanes), c[m] = load(c_of(m));
    if (step.peephole) i[m] = fma(p_of(m, 0), c[m], i[m]), f[m] = fma(p_of(m, 2), c[m], f[m]);  // (V4)
  }
  Vec* const first = k.input_forget ? i : f;                // what makes no difference is left out;
  Vec* const last = step.peephole || step.waiting ? o : g;  // o, if it need not wait, goes along
  activate(k.gate, k.clip, first, int(last - first));       // (2.2)
  activate(k.candidate, k.clip, g, n);
  for (int m = 0; m < n; ++m) {
    if (k.input_forget) f[m] = splat(1) - i[m];  // (V6)
    const int64_t unit = tiles[m].p * kLanes;
    c[m] = fma(f[m], c[m], i[m] * candidate(step, tiles[m].r, unit, g[m]));  // (2.3)
    if (step.waiting) {
      Real* const z = tiles[m].z;
      store(z, i[m]), store(z + kLanes, f[m]), store(z + 2 * kLanes, g[m]);
      store(waiting(step, tiles[m]), c[m]), store(waiting(step, tiles[m]) + kLanes, o[m]);
      continue;
    }
    if (step.peephole) o[m] = fma(p_of(m, 1), c[m], o[m]);  // (V5)
    write_c(step, tiles[m], c[m]);
  }
  if (step.waiting) return;
  if (step.peephole) activate(k.gate, k.clip, o, n);  // (2.2)
  activate(k.output, k.clip, c, n);
  for (int m = 0; m < n; ++m) {
    Real* const z = tiles[m].z;
    store(z, i[m]), store(z + kLanes, f[m]), store(z + 2 * kLanes, g[m]), store(z + 3 * kLanes, o[m]);
    write_h(step, tiles[m].r, tiles[m].p * kLanes, o[m] * c[m]);  // (2.4)
  }
}

// One tile: the rest of an LSTM whose c' is normalised.
void cell_part(const CellStep<Real>& step, const Tile4& tile) {
  const Pointwise& k = *step.pointwise;
  Real* const at = waiting(step, tile);
  Vec c = load(at), o = load(at + kLanes);
  Vec out = normalise(step.norms[0], step.moments[tile.r * 4], tile.r, tile.p, 0);    // (V20), or
  if (k.normalises_c) c = out;                                                        // (V19)
  if (step.peephole) o = fma(load(step.peephole + (tile.p * 3 + 1) * kLanes), c, o);  // (V5)
  activate(k.gate, k.clip, &o, 1);                                                    // (2.2)
  activate(k.output, k.clip, &out, 1);
  store(at + kLanes, o);
  write_c(step, tile, c);
  write_h(step, tile.r, tile.p * kLanes, o * out);  // (2.4)
}

// Up to kWide tiles. z: n_x, r, u, n_h.
void gru_after_part(const CellStep<Real>& step, const Tile4* tiles, int count) {
  const Pointwise& k = *step.pointwise;
  Vec v[3 * kWide], *const r = v, *const u = v + count, *const n = v + 2 * count;
  for (int m = 0; m < count; ++m) r[m] = load(tiles[m].z + kLanes), u[m] = load(tiles[m].z + 2 * kLanes);
  activate(k.gate, k.clip, r, 2 * count);  // (V9)
  for (int m = 0; m < count; ++m) n[m] = fma(r[m], load(tiles[m].z + 3 * kLanes), load(tiles[m].z));
  activate(k.candidate, k.clip, n, count);  // (V10)
  for (int m = 0; m < count; ++m) {
    Real* const z = tiles[m].z;
    const int64_t unit = tiles[m].p * kLanes;
    store(z, n[m]), store(z + kLanes, r[m]), store(z + 2 * kLanes, u[m]);
    const Vec dropped = candidate(step, tiles[m].r, unit, n[m]);
    write_h(step, tiles[m].r, unit, interpolate(u[m], load(step.old_h[tiles[m].r] + unit), dropped));
  }
}

// One tile. z: r and u of two vectors of units. What is written as h is r * h, of the h that W_hh meets.
void gru_reset_part(const CellStep<Real>& step, const Tile4& tile) {
  const Pointwise& k = *step.pointwise;
  const Real* const h = step.products[step.num_products - 1].inputs[tile.r];
  Vec v[4];
  for (int m = 0; m < 4; ++m) v[m] = load(tile.z + m * kLanes);
  activate(k.gate, k.clip, v, 4);  // (V9)
  for (int m = 0; m < 4; ++m) store(tile.z + m * kLanes, v[m]);
  for (int m = 0; m < 2; ++m) {
    const int64_t unit = (tile.p * 2 + m) * kLanes;
    write_h(step, tile.r, unit, v[m] * load(h + unit));
    store(step.u[tile.r] + unit, v[2 + m]);
  }
}

// One tile of four vectors of units with one column, which becomes h.
template <class Function>
LSTM_REF_INLINE void single_part(const CellStep<Real>& step, const Tile4& tile, const Function& h_of) {
  const Pointwise& k = *step.pointwise;
  Vec v[4];
  for (int m = 0; m < 4; ++m) v[m] = load(tile.z + m * kLanes);
  if (k.part == Part::kGruCandidate || k.part == Part::kRnn) activate(k.candidate, k.clip, v, 4);  // (V12), (V15)
  for (int m = 0; m < 4; ++m) {
    const int64_t unit = (tile.p * 4 + m) * kLanes;
    store(tile.z + m * kLanes, v[m]);
    write_h(step, tile.r, unit, h_of(v[m], unit));
  }
}

// Any number of tiles; tile(t) is one of them.
template <class TileOf>
LSTM_REF_INLINE void pointwise_part(const CellStep<Real>& step, int64_t count, const TileOf& tile) {
  const Part part = step.pointwise->part;
  Tile4 some[kWide];
  for (int64_t t = 0; t < count; t += kWide) {
    const int n = int(count - t < kWide ? count - t : kWide);
    for (int m = 0; m < n; ++m) some[m] = tile(t + m);
    if (part == Part::kLstm) {
      lstm_part(step, some, n);
      continue;
    }
    if (part == Part::kGruAfter) {
      gru_after_part(step, some, n);
      continue;
    }
    for (int m = 0; m < n; ++m) {
      const Tile4& one = some[m];
      if (part == Part::kGruReset) {
        gru_reset_part(step, one);
      } else if (part == Part::kGruCandidate) {
        single_part(step, one, [&](Vec n, int64_t unit) {
          return interpolate(load(step.u[one.r] + unit), load(step.old_h[one.r] + unit), candidate(step, one.r, unit, n));
        });
      } else if (part == Part::kCell) {
        cell_part(step, one);
      } else {  // a plain RNN's n, the projection (V7), or the normalised h (V21)
        single_part(step, one, [](Vec h, int64_t) { return h; });
      }
    }
  }
}

}  // namespace
}  // namespace lstm_ref
