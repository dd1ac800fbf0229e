// The LSTM of spec/lstm.md in scalar C++, written apart from the engine to test it; and models and inputs to test it on.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"
#include "lstm_ref/lstm.hpp"

namespace reference {

using lstm_ref::Config;

// ---- Arithmetic (spec/numerics.md); std::fma is exact ----

// What each width has of its own.
template <class Real>
struct Number;

template <>
struct Number<float> {
  using Bits = std::uint32_t;
  static constexpr int kFractionBits = 23, kScaleExponent = 32, kSigmoidMinExponent = -126;
  static constexpr float kSigmoidMin = -104, kTanhMin = -18.125f, kScaleUp = 0x1p32f;
  static constexpr Bits kOne = 0x3f800000, kRounder = 0x4b400000, kLog2e = 0x3fb8aa3b, kLn2 = 0x3f317218, kLn2Excess = 0x3102e308,
                        kRecip[] = {0x3fb4b4b5, 0xbef0f0f1},
                        kExp[] = {0x3f000000, 0x3e2aaaab, 0x3d2aaa7b, 0x3c088802, 0x3ab69e4b, 0x3951218b};
};

template <>
struct Number<double> {
  using Bits = std::uint64_t;
  static constexpr int kFractionBits = 52, kScaleExponent = 64, kSigmoidMinExponent = -1022;
  static constexpr double kSigmoidMin = -746, kTanhMin = -38.25, kScaleUp = 0x1p64;
  static constexpr Bits kOne = 0x3ff0000000000000, kRounder = 0x4338000000000000, kLog2e = 0x3ff71547652b82fe,
                        kLn2 = 0x3fe62e42fefa39ef, kLn2Excess = 0xbc7abc9e3b39803f,
                        kRecip[] = {0x3ff8c00000000000, 0xbfe1800000000000},
                        kExp[] = {0x3fe0000000000000, 0x3fc5555555555559, 0x3fa555555555553f, 0x3f8111111110f6df,
                                  0x3f56c16c16c1f05b, 0x3f2a01a01afd17d1, 0x3efa01a017bccbc5, 0x3ec71ddf885693fa,
                                  0x3e927e53624ae13b, 0x3e5af5e684ea21f6, 0x3e21ee88a5282df6};
};

template <class Real>
using Bits = typename Number<Real>::Bits;

template <class Real>
constexpr Bits<Real> kSign = Bits<Real>{1} << (8 * sizeof(Real) - 1);

template <class Real = float>
Real from_bits(Bits<Real> pattern) {
  Real value;
  std::memcpy(&value, &pattern, sizeof value);
  return value;
}
template <class Real>
Bits<Real> to_bits(Real value) {
  Bits<Real> pattern;
  std::memcpy(&pattern, &value, sizeof pattern);
  return pattern;
}

template <class Real>
Real fma(Real a, Real b, Real c) {
  return std::fma(a, b, c);
}
template <class Real>
Real max(Real k, Real x) {
  return x > k || std::isnan(x) ? x : k;
}
template <class Real>
Real pow2(Real m, int shift = 0) {
  using N = Number<Real>;
  return from_bits<Real>((to_bits(m) << N::kFractionBits) + N::kOne + (Bits<Real>(shift) << N::kFractionBits));
}

template <class Real>
struct Exp {
  Real n, t, u;
};

template <class Real>
Real first_m(Real y) {  // (N4.1)
  return fma(y, from_bits<Real>(Number<Real>::kLog2e), from_bits<Real>(Number<Real>::kRounder));
}

template <class Real>
Exp<Real> exp_parts(Real y, Real m) {
  using N = Number<Real>;
  const Real n = m - from_bits<Real>(N::kRounder), r = fma(n, -from_bits<Real>(N::kLn2), y), q = r * r;
  constexpr int count = std::size(N::kExp);
  const auto c = [](int k) { return from_bits<Real>(N::kExp[k]); };
  Real p = count % 2 ? c(count - 1) : fma(r, c(count - 1), c(count - 2));
  for (int k = (count - 1) / 2 * 2 - 2; k >= 0; k -= 2) p = fma(q, p, fma(r, c(k + 1), c(k)));
  const Real t = fma(q, p, r);
  return {n, t, fma(q, p, r - t)};
}

template <class Real>
Real quotient(Real a, Real a_low, Real d, Real d_low) {
  const Real q = a / d;
  const Real e = fma(-q, d, a) + fma(-q, d_low, a_low);
  return fma(e, fma(d, from_bits<Real>(Number<Real>::kRecip[1]), from_bits<Real>(Number<Real>::kRecip[0])), q);
}

template <class Real>
Real sigmoid(Real x) {
  using N = Number<Real>;
  const Real y = max(N::kSigmoidMin, -std::fabs(x)), m = first_m(y), one = 1, zero = 0;
  const Exp<Real> e = exp_parts(y, m);
  const Real v = 1 + e.t, v_low = fma(e.n * from_bits<Real>(N::kLn2Excess), v, (e.t - (v - 1)) + e.u);
  const Real s = pow2(max(from_bits<Real>(N::kRounder) + N::kSigmoidMinExponent, m));
  const Real d = fma(s, v, one), d_low = fma(s, v_low, fma(s, v, 1 - d));
  if (x < 0) return (quotient(v, v_low, d, d_low) * pow2(m, N::kScaleExponent)) * (1 / N::kScaleUp);
  return (quotient(one, zero, d, d_low) * N::kScaleUp) * (1 / N::kScaleUp);
}

template <class Real>
Real tanh(Real x) {
  using N = Number<Real>;
  const Real y = max(N::kTanhMin, -std::fabs(x) + -std::fabs(x));
  const Real m = max(from_bits<Real>(N::kRounder) - N::kFractionBits, first_m(y));
  const Exp<Real> e = exp_parts(y, m);
  const Real s = pow2(m), a = 1 - s, b = 1 + s;
  const Real w = fma(-s, e.t, a), w_low = fma(-s, e.u, fma(-s, e.t, a - w));
  const Real d = fma(s, e.t, b), d_low = fma(s, e.u, fma(s, e.t, b - d));
  return from_bits<Real>(to_bits(quotient(w, w_low, d, d_low)) | (to_bits(x) & kSign<Real>));
}

template <class Real>
Real add_chunks(Real z, const Real* w, const Real* x, std::int64_t K) {  // (N3) for one input
  for (std::int64_t start = 0; start < K; start += 64) {
    Real a = 0;
    for (std::int64_t k = start; k < K && k < start + 64; ++k) a = fma(w[k], x[k], a);
    z = z + a;
  }
  return z;
}

// ---- Models, inputs, outputs ----

// Numbers in [-scale, scale), the same for the same seed.
template <class Real = float>
std::vector<Real> random_numbers(std::uint64_t seed, std::int64_t count, Real scale = 1) {
  constexpr int bits = Number<Real>::kFractionBits + 1;
  std::vector<Real> values(count);
  for (Real& value : values) {
    std::uint64_t u = seed += 0x9e3779b97f4a7c15u;
    u = (u ^ (u >> 30)) * 0xbf58476d1ce4e5b9u;
    u = (u ^ (u >> 27)) * 0x94d049bb133111ebu;
    value = (std::ldexp(static_cast<Real>(u >> (64 - bits)), 1 - bits) - 1) * scale;
  }
  return values;
}

// The configuration for numbers of that type.
template <class Real>
Config of_real(Config config) {
  config.dtype = sizeof(Real) == 8 ? lstm_ref::Dtype::kFloat64 : lstm_ref::Dtype::kFloat32;
  return config;
}

template <class Real = float>
struct Model {
  Config config;
  std::vector<std::vector<Real>> data;
  std::vector<lstm_ref::TensorView> views;

  explicit Model(const Config& given, std::uint64_t seed = 1, Real scale = 0.5f) : config(of_real<Real>(given)) {
    for (std::int64_t i = 0; i < tensor_count(config); ++i) {
      const lstm_ref::TensorSpec spec = tensor_spec(config, i);
      data.push_back(random_numbers<Real>(seed + 1000 * i, spec.shape[0] * (spec.shape.size() > 1 ? spec.shape[1] : 1), scale));
      views.push_back({spec.name, config.dtype, spec.shape, data.back().data()});
    }
  }
  Model(const Model&) = delete;  // views point into data
};

template <class Real = float>
struct Case {
  std::int64_t T, B;
  std::vector<Real> x, h_0, c_0;
  std::vector<std::int64_t> lengths;          // empty: T for every row
  std::vector<std::vector<Real>> masks = {};  // empty: evaluation

  lstm_ref::BasicInputs<Real> inputs() const {
    const auto data = [](const auto& array) { return array.empty() ? nullptr : array.data(); };
    lstm_ref::BasicInputs<Real> inputs = {T, B, x.data(), data(h_0), data(c_0), data(lengths)};
    for (const std::vector<Real>& mask : masks) inputs.masks.push_back(mask.data());
    return inputs;
  }
};

template <class Real = float>
Case<Real> random_case(const Config& config, std::int64_t T, std::int64_t B, std::uint64_t seed = 2) {
  const std::int64_t rows = config.state_rows() * B;
  Case<Real> one = {T,
                    B,
                    random_numbers<Real>(seed, T * B * config.input_size, 2),
                    random_numbers<Real>(seed + 1, rows * config.output_size()),
                    random_numbers<Real>(seed + 2, config.has_c() ? rows * config.hidden_size : 0),
                    {}};
  for (std::int64_t i = 0; i < mask_count(config); ++i) {
    std::int64_t size = 1;
    for (const std::int64_t n : mask_spec(config, i, T, B).shape) size *= n;
    one.masks.push_back(random_numbers<Real>(seed + 3 + i, size));
  }
  return one;
}

// These sizes in every cell, with options that have kernels or memory of their own; the plain LSTM first.
inline std::vector<Config> cells(const Config& sizes) {
  using namespace lstm_ref;
  std::vector<Config> all(10, sizes);
  all[1].proj_size = sizes.hidden_size / 2;
  all[2].peephole = all[2].input_forget = true, all[2].clip = 0.5f, all[2].output_activation = {Function::kSoftsign};
  all[3].op = Op::kGru;
  all[4].op = Op::kGru, all[4].reset_after = false, all[4].candidate_activation = {Function::kScaledTanh, 1.5f, 0.5f};
  all[5].op = Op::kRnn;
  const float between_layers = sizes.num_layers > 1 ? 0.25f : 0;
  all[6].proj_size = sizes.hidden_size / 2, all[6].peephole = all[6].hidden_norm = true, all[6].dropout = between_layers;
  all[6].layer_norm = LayerNorm::kSeparate, all[6].cell_norm = CellNorm::kState, all[6].zoneout_h = all[6].zoneout_c = 0.25f;
  all[6].recurrent_dropout = all[6].candidate_dropout = 0.5f;
  all[7].layer_norm = LayerNorm::kJoint, all[7].cell_norm = CellNorm::kOutput, all[7].zoneout_c = 0.5f;
  all[8].op = Op::kGru, all[8].reset_after = false, all[8].layer_norm = LayerNorm::kSeparate, all[8].hidden_norm = true;
  all[8].recurrent_dropout = all[8].zoneout_h = 0.5f, all[8].dropout = between_layers;
  all[9].op = Op::kGru, all[9].layer_norm = LayerNorm::kGate, all[9].candidate_dropout = 0.25f;
  if (sizes.hidden_size < 2) all.erase(all.begin() + 1);
  return all;
}

// All of some cases; or, where LSTM_REF_TEST_EVERY says n, every nth of them, others each time: for an emulator, which is slow.
template <class T>
std::vector<T> sampled(const std::vector<T>& all) {
  const char* const text = std::getenv("LSTM_REF_TEST_EVERY");
  const std::size_t every = std::max(text ? std::atoi(text) : 1, 1);
  static std::size_t calls = 0;
  std::vector<T> some;
  for (std::size_t i = calls++ % every; i < all.size(); i += every) some.push_back(all[i]);
  return some;
}

template <class Real = float>
struct Result {
  std::vector<Real> y, h_n, c_n;
  std::vector<lstm_ref::BasicTrace<Real>> trace;
};

template <class Real>
void check_same(const std::vector<Real>& got, const std::vector<Real>& wanted) {
  CHECK_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size() && i < wanted.size(); ++i) CHECK_BITS(got[i], wanted[i]);
}

template <class Real>
void check_same(const Result<Real>& got, const Result<Real>& wanted) {
  check_same(got.y, wanted.y);
  check_same(got.h_n, wanted.h_n);
  check_same(got.c_n, wanted.c_n);
}

// Arrays of the right sizes, with values in them that no network gives.
template <class Real>
Result<Real> unwritten_result(const Config& config, const Case<Real>& one) {
  const std::int64_t rows = config.state_rows() * one.B, R = config.output_size();
  using Numbers = std::vector<Real>;
  return {Numbers(one.T * one.B * config.directions() * R, -7),
          Numbers(rows * R, -7),
          Numbers(config.has_c() ? rows * config.hidden_size : 0, -7),
          {}};
}

// With a trace, and without: those are different paths through the engine.
template <class Real>
Result<Real> run_engine(const lstm_ref::BasicRecurrent<Real>& lstm, const Case<Real>& one) {
  Result<Real> result = unwritten_result(lstm.config(), one), untraced = result;
  lstm.forward(one.inputs(), {result.y.data(), result.h_n.data(), result.c_n.data()}, &result.trace);
  lstm.forward(one.inputs(), {untraced.y.data(), untraced.h_n.data(), untraced.c_n.data()});
  check_same(untraced, result);
  return result;
}

// spec/lstm.md, sections 2 to 4, row by row.
template <class Real>
Result<Real> run_reference(const Model<Real>& model, const Case<Real>& one) {
  using Numbers = std::vector<Real>;
  const Config& config = model.config;
  const std::int64_t T = one.T, B = one.B, I = config.input_size, H = config.hidden_size, L = config.num_layers;
  const std::int64_t D = config.directions();
  const int tensors = config.bias ? 4 : 2;
  const auto index = [&](std::int64_t t, std::int64_t b) { return config.batch_first ? b * T + t : t * B + b; };
  const auto empty = [&](std::int64_t size) { return Numbers(size, Real(0)); };
  Result<Real> result = {empty(T * B * D * H), empty(L * D * B * H), empty(L * D * B * H), {}};
  Numbers input = one.x;
  for (std::int64_t l = 0; l < L; ++l) {
    const std::int64_t K = l == 0 ? I : D * H;
    Numbers output = empty(T * B * D * H);
    for (std::int64_t d = 0; d < D; ++d) {
      const Numbers* const p = &model.data[(l * D + d) * tensors];
      lstm_ref::BasicTrace<Real> trace = {empty(T * B * 4 * H), empty(T * B * 4 * H), empty(T * B * H), empty(T * B * H)};
      for (std::int64_t b = 0; b < B; ++b) {
        const std::int64_t state = ((l * D + d) * B + b) * H, n = one.lengths.empty() ? T : one.lengths[b];
        Numbers h = empty(H), c = empty(H);
        if (!one.h_0.empty()) h.assign(&one.h_0[state], &one.h_0[state] + H);
        if (!one.c_0.empty()) c.assign(&one.c_0[state], &one.c_0[state] + H);
        for (std::int64_t s = 0; s < n; ++s) {
          const std::int64_t t = d == 0 ? s : n - 1 - s;
          Numbers z(4 * H), h_new(H);
          for (std::int64_t j = 0; j < 4 * H; ++j) {
            z[j] = config.bias ? p[2][j] + p[3][j] : Real(0);
            z[j] = add_chunks(z[j], &p[0][j * K], &input[index(t, b) * K], K);
            z[j] = add_chunks(z[j], &p[1][j * H], h.data(), H);
          }
          for (std::int64_t u = 0; u < H; ++u) {
            const Real gates[4] = {sigmoid(z[u]), sigmoid(z[H + u]), tanh(z[2 * H + u]), sigmoid(z[3 * H + u])};
            c[u] = fma(gates[1], c[u], gates[0] * gates[2]);
            h_new[u] = gates[3] * tanh(c[u]);
            for (int gate = 0; gate < 4; ++gate) {
              trace.z[(t * B + b) * 4 * H + gate * H + u] = z[gate * H + u];
              trace.gates[(t * B + b) * 4 * H + gate * H + u] = gates[gate];
            }
            trace.c[(t * B + b) * H + u] = c[u];
            trace.h[(t * B + b) * H + u] = output[index(t, b) * D * H + d * H + u] = h_new[u];
          }
          h = h_new;
        }
        for (std::int64_t u = 0; u < H; ++u) {
          result.h_n[state + u] = h[u];
          result.c_n[state + u] = c[u];
        }
      }
      result.trace.push_back(trace);
    }
    input = output;
  }
  result.y = input;
  return result;
}

}  // namespace reference
