// The one kernel source. An instruction set's .cpp defines, in an unnamed namespace, the shim
//     Vec (kLanes floats), splat(x), fma(a, b, c), fnma(a, b, c) = fma(-a, b, c), max(k, x) (N1), kTile (see affine)
// and includes this file. Everything here has internal linkage and nothing comes from the standard library's templates:
// code compiled for one instruction set must never be what the linker picks for another.
#include <stdint.h>

#include "simd/constants.hpp"
#include "simd/kernels.hpp"

#ifdef __FAST_MATH__
#error "the canonical arithmetic (spec/numerics.md) cannot be compiled with -ffast-math"
#endif

namespace lstm_ref {
namespace {

using namespace constants;

typedef uint32_t UVec __attribute__((vector_size(sizeof(Vec))));
typedef float UnalignedVec __attribute__((vector_size(sizeof(Vec)), aligned(4), may_alias));

#define LSTM_REF_INLINE inline __attribute__((always_inline))

LSTM_REF_INLINE Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
LSTM_REF_INLINE void store(float* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }

LSTM_REF_INLINE UVec bits(Vec x) { return (UVec)x; }
LSTM_REF_INLINE Vec to_float(UVec u) { return (Vec)u; }
LSTM_REF_INLINE Vec constant(uint32_t pattern) { return to_float(UVec{} + pattern); }
LSTM_REF_INLINE Vec minus_abs(Vec x) { return to_float(bits(x) | 0x80000000u); }

// ---- Activations (N4)-(N6) ----

LSTM_REF_INLINE Vec pow2(Vec m) { return to_float((bits(m) << 23) + kOneBits); }

struct Exp {
  Vec n, t, u;  // exp(y) = 2^n * (1 + t + u)
};

LSTM_REF_INLINE Exp exp_parts(Vec y, Vec m) {
  Exp e;
  e.n = m - constant(kRounder);                // (N4.3)
  const Vec r = fnma(e.n, constant(kLn2), y);  // (N4.4)
  const Vec q = r * r;                         // (N4.5)
  const Vec p76 = fma(r, constant(kExpC7), constant(kExpC6));
  const Vec p54 = fma(r, constant(kExpC5), constant(kExpC4));
  const Vec p = fma(q, fma(q, p76, p54), fma(r, constant(kExpC3), constant(kExpC2)));  // (N4.6)
  e.t = fma(q, p, r);                                                                  // (N4.7)
  e.u = fma(q, p, r - e.t);                                                            // (N4.8)
  return e;
}

LSTM_REF_INLINE Vec quotient(Vec a, Vec a_low, Vec d, Vec d_low) {
  const Vec q = a / d;                                               // (N4.9)
  const Vec e = fnma(q, d, a) + fnma(q, d_low, a_low);               // (N4.10)
  return fma(e, fma(d, constant(kRecipC1), constant(kRecipC0)), q);  // (N4.11)
}

LSTM_REF_INLINE Vec sigmoid(Vec x) {
  const Vec one = constant(kOneBits);
  const Vec y = max(constant(kSigmoidMin), minus_abs(x));      // (N5.1)
  const Vec m = fma(y, constant(kLog2e), constant(kRounder));  // (N4.1)
  const Exp e = exp_parts(y, m);
  const Vec v = one + e.t;                                                        // (N5.2)
  const Vec v_low = fma(e.n * constant(kLn2Excess), v, (e.t - (v - one)) + e.u);  // (N5.3)
  const Vec s = pow2(max(constant(kRounder) + float(kSigmoidMinExponent), m));    // (N5.4)
  const Vec d = fma(s, v, one);                                                   // (N5.5)
  const Vec d_low = fma(s, v_low, fma(s, v, one - d));                            // (N5.6)
  const auto negative = x < Vec{};
  const Vec w = quotient(negative ? v : one, negative ? v_low : Vec{}, d, d_low);
  const Vec scale = negative ? to_float((bits(m) << 23) + (kOneBits + (32u << 23))) : constant(kTwo32);  // (N5.7), (N5.8)
  return (w * scale) * constant(kTwoM32);                                                                // (N5.9)
}

LSTM_REF_INLINE Vec tanh(Vec x) {
  const Vec one = constant(kOneBits);
  const Vec y = max(constant(kTanhMin), minus_abs(x) + minus_abs(x));            // (N6.1)
  const Vec unbounded_m = fma(y, constant(kLog2e), constant(kRounder));          // (N4.1)
  const Vec m = max(constant(kRounder) + float(kTanhMinExponent), unbounded_m);  // (N4.2)
  const Exp e = exp_parts(y, m);
  const Vec s = pow2(m);                                                          // (N6.2)
  const Vec a = one - s, b = one + s;                                             // (N6.3)
  const Vec w = fnma(s, e.t, a);                                                  // (N6.4)
  const Vec w_low = fnma(s, e.u, fnma(s, e.t, a - w));                            // (N6.5)
  const Vec d = fma(s, e.t, b);                                                   // (N6.6)
  const Vec d_low = fma(s, e.u, fma(s, e.t, b - d));                              // (N6.7)
  return to_float(bits(quotient(w, w_low, d, d_low)) | (bits(x) & 0x80000000u));  // (N6.8)
}

// ---- Pointwise step (2.2)-(2.4) ----

void step(float* const* z, float* const* c, float* const* h, int64_t rows, int64_t H, bool keep_gates) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t unit = 0; unit < H; unit += kLanes) {
      float* const gates = z[row] + 4 * unit;
      const Vec i = sigmoid(load(gates)), f = sigmoid(load(gates + kLanes));  // (2.2)
      const Vec g = tanh(load(gates + 2 * kLanes)), o = sigmoid(load(gates + 3 * kLanes));
      const Vec c_new = fma(f, load(c[row] + unit), i * g);  // (2.3)
      const Vec h_new = o * tanh(c_new);                     // (2.4)
      store(c[row] + unit, c_new);
      if (keep_gates) {
        store(gates, i);
        store(gates + kLanes, f);
        store(gates + 2 * kLanes, g);
        store(gates + 3 * kLanes, o);
      }
      if (unit + kLanes <= H) {
        store(h[row] + unit, h_new);
      } else {
        __builtin_memcpy(h[row] + unit, &h_new, (H - unit) * sizeof(float));
      }
    }
  }
}

// ---- Affine reduction (N3) ----

// One chunk of R rows and N panels, the sums held in registers: z[r] = start[r] + a. `k_count` <= CHUNK terms.
// weights points at the chunk in the first panel, inputs[r] + k at the chunk's inputs.
template <int R, int N>
void tile(float* const* z, const float* bias, const float* weights, int64_t panel_size, const float* const* inputs, int64_t k,
          int64_t k_count, int64_t z_offset) {
  Vec a[R][4 * N] = {};
  const float* x[R];
  for (int r = 0; r < R; ++r) x[r] = inputs[r] + k;
  for (int64_t j = 0; j < k_count; ++j, weights += 4 * kLanes) {
#pragma GCC unroll 32
    for (int v = 0; v < 4 * N; ++v) {
      const Vec w = load(weights + (v / 4) * panel_size + (v % 4) * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) a[r][v] = fma(w, splat(x[r][j]), a[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    float* const to = z[r] + z_offset;
    const float* const from = bias ? bias + z_offset : to;
#pragma GCC unroll 32
    for (int v = 0; v < 4 * N; ++v) store(to + v * kLanes, load(from + v * kLanes) + a[r][v]);
  }
}

using Tile = void (*)(float* const*, const float*, const float*, int64_t, const float* const*, int64_t, int64_t, int64_t);

// The tile of R rows and N panels; none where R * N is more than the registers hold.
template <int R, int N>
constexpr Tile tile_or_null() {
  if constexpr (R * N <= kTile) {
    return tile<R, N>;
  } else {
    return nullptr;
  }
}

struct TileRow {
  Tile panels[6];
};

template <int R>
constexpr TileRow tile_row() {
  return {{tile_or_null<R, 1>(), tile_or_null<R, 2>(), tile_or_null<R, 3>(), tile_or_null<R, 4>(), tile_or_null<R, 5>(),
           tile_or_null<R, 6>()}};
}

static_assert(kTile <= 6, "the table below has tiles of up to 6 rows and panels");
constexpr TileRow kTiles[6] = {tile_row<1>(), tile_row<2>(), tile_row<3>(), tile_row<4>(), tile_row<5>(), tile_row<6>()};

// The next of the fewest and most equal parts that `left` splits into, none above `most`.
LSTM_REF_INLINE int64_t next_part(int64_t left, int64_t most) {
  const int64_t parts = (left + most - 1) / most;
  return (left + parts - 1) / parts;
}

// Panel group by panel group, chunk by chunk (kept in the first-level cache), tile of rows by tile of rows. Few rows leave
// registers for more panels, so that there are always enough independent sums to hide the latency of fma.
void affine(float* const* z, const float* bias, const float* weights, const float* const* inputs, int64_t rows, int64_t K,
            int64_t P) {
  if (rows == 0) return;
  const int64_t panel_size = K * 4 * kLanes;
  const int64_t most_panels = kTile / next_part(rows, kTile);
  for (int64_t p = 0, panels; p < P; p += panels) {
    panels = next_part(P - p, most_panels);
    for (int64_t k = 0; k < K; k += kChunk) {
      const float* const start = k == 0 ? bias : nullptr;
      const float* const chunk = weights + p * panel_size + k * 4 * kLanes;
      const int64_t k_count = K - k < kChunk ? K - k : kChunk;
      for (int64_t r = 0, tile_rows; r < rows; r += tile_rows) {
        tile_rows = next_part(rows - r, kTile);
        kTiles[tile_rows - 1].panels[panels - 1](z + r, start, chunk, panel_size, inputs + r, k, k_count, p * 4 * kLanes);
      }
    }
  }
}

}  // namespace
}  // namespace lstm_ref
