// The pointwise step (2.2)-(2.4): from pre-activations to the new states.
#pragma once

#include "simd/activations.inl.hpp"
#include "simd/kernels.hpp"

namespace lstm_ref {
namespace {

template <int M>
struct Gates {
  Wide<M> i, f, g, o;
};

// M vectors of units: z is replaced by the gates, c by the new cell state; gives the new hidden state.
template <int M>
LSTM_REF_INLINE Wide<M> pointwise(Gates<M>& z, Wide<M>& c) {
  z = {sigmoid(z.i), sigmoid(z.f), tanh(z.g), sigmoid(z.o)};  // (2.2)
  c = fma(z.f, c, z.i * z.g);                                 // (2.3)
  return z.o * tanh(c);                                       // (2.4)
}

// Where the states of one vector of units stand.
struct Units {
  Real* c;
  Real* h;
  Real* y;         // a second place for h,
  int64_t y_size;  // for so many of the units
};

template <int M>
LSTM_REF_INLINE Gates<M> advance_units(const Vec (*z)[4], const Units (&units)[M]) {
  const auto gate = [&](int n) { return each<M>([&](int m) { return z[m][n]; }); };
  Gates<M> gates = {gate(0), gate(1), gate(2), gate(3)};
  Wide<M> c = each<M>([&](int m) { return load(units[m].c); });
  const Wide<M> h = pointwise(gates, c);
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    store(units[m].c, c.v[m]);
    store(units[m].h, h.v[m]);
    store_some(units[m].y, h.v[m], units[m].y_size);
  }
  return gates;
}

// M rows of one panel: z (M, 4, V) becomes the gates, c (M, V), h[m] the panel's units.
template <int M>
LSTM_REF_INLINE void step_rows(Real* z, Real* c, Real* const* h, int64_t unit) {
  Vec z_in[M][4];
  Units units[M];
  for (int m = 0; m < M; ++m) {
    for (int gate = 0; gate < 4; ++gate) z_in[m][gate] = load(z + (m * 4 + gate) * kLanes);
    units[m] = {c + m * kLanes, h[m] + unit, nullptr, 0};
  }
  const Gates<M> gates = advance_units<M>(z_in, units);
  for (int m = 0; m < M; ++m, z += 4 * kLanes) {
    store(z, gates.i.v[m]);
    store(z + kLanes, gates.f.v[m]);
    store(z + 2 * kLanes, gates.g.v[m]);
    store(z + 3 * kLanes, gates.o.v[m]);
  }
}

void step(Real* z, int64_t z_rows, Real* c, int64_t c_rows, Real* const* h, int64_t rows, PanelRange panels) {
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    Real* const z_panel = z + p * z_rows * 4 * kLanes;
    Real* const c_panel = c + p * c_rows * kLanes;
    int64_t r = 0;
    for (; r + kWide <= rows; r += kWide) step_rows<kWide>(z_panel + r * 4 * kLanes, c_panel + r * kLanes, h + r, p * kLanes);
    for (; r < rows; ++r) step_rows<1>(z_panel + r * 4 * kLanes, c_panel + r * kLanes, h + r, p * kLanes);
  }
}

}  // namespace
}  // namespace lstm_ref
