// The LSTM of spec/lstm.md in scalar C++, written apart from the engine to test it; and models and inputs to test it on.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"
#include "lstm_ref/lstm.hpp"

namespace reference {

using lstm_ref::Config;
using Floats = std::vector<float>;

inline float from_bits(std::uint32_t pattern) {
  float value;
  std::memcpy(&value, &pattern, sizeof value);
  return value;
}
inline std::uint32_t to_bits(float value) {
  std::uint32_t pattern;
  std::memcpy(&pattern, &value, sizeof pattern);
  return pattern;
}

// ---- Arithmetic (spec/numerics.md); std::fma is exact ----

const float kRounder = from_bits(0x4b400000), kLog2e = from_bits(0x3fb8aa3b), kLn2 = from_bits(0x3f317218);

inline float fma(float a, float b, float c) { return std::fma(a, b, c); }
inline float max(float k, float x) { return x > k || std::isnan(x) ? x : k; }
inline float pow2(float m) { return from_bits((to_bits(m) << 23) + 0x3f800000u); }

struct Exp {
  float n, t, u;
};

inline Exp exp_parts(float y, float m) {
  const float n = m - kRounder, r = fma(n, -kLn2, y), q = r * r;
  const float inner =
      fma(q, fma(r, from_bits(0x3951218b), from_bits(0x3ab69e4b)), fma(r, from_bits(0x3c088802), from_bits(0x3d2aaa7b)));
  const float p = fma(q, inner, fma(r, from_bits(0x3e2aaaab), 0.5f));
  const float t = fma(q, p, r);
  return {n, t, fma(q, p, r - t)};
}

inline float quotient(float a, float a_low, float d, float d_low) {
  const float q = a / d;
  const float e = fma(-q, d, a) + fma(-q, d_low, a_low);
  return fma(e, fma(d, from_bits(0xbef0f0f1), from_bits(0x3fb4b4b5)), q);
}

inline float sigmoid(float x) {
  const float y = max(-104.0f, -std::fabs(x)), m = fma(y, kLog2e, kRounder);
  const Exp e = exp_parts(y, m);
  const float v = 1 + e.t, v_low = fma(e.n * from_bits(0x3102e308), v, (e.t - (v - 1)) + e.u);
  const float s = pow2(max(kRounder - 126, m)), d = fma(s, v, 1), d_low = fma(s, v_low, fma(s, v, 1 - d));
  if (x < 0) return (quotient(v, v_low, d, d_low) * from_bits((to_bits(m) << 23) + 0x3f800000u + (32u << 23))) * 0x1p-32f;
  return (quotient(1, 0, d, d_low) * 0x1p32f) * 0x1p-32f;
}

inline float tanh(float x) {
  const float y = max(-18.125f, -std::fabs(x) + -std::fabs(x)), m = max(kRounder - 23, fma(y, kLog2e, kRounder));
  const Exp e = exp_parts(y, m);
  const float s = pow2(m), a = 1 - s, b = 1 + s;
  const float w = fma(-s, e.t, a), w_low = fma(-s, e.u, fma(-s, e.t, a - w));
  const float d = fma(s, e.t, b), d_low = fma(s, e.u, fma(s, e.t, b - d));
  return from_bits(to_bits(quotient(w, w_low, d, d_low)) | (to_bits(x) & 0x80000000u));
}

inline float add_chunks(float z, const float* w, const float* x, std::int64_t K) {  // (N3) for one input
  for (std::int64_t start = 0; start < K; start += 64) {
    float a = 0;
    for (std::int64_t k = start; k < K && k < start + 64; ++k) a = fma(w[k], x[k], a);
    z = z + a;
  }
  return z;
}

// ---- Models, inputs, outputs ----

// Numbers in [-scale, scale), the same for the same seed.
inline Floats random_floats(std::uint64_t seed, std::int64_t count, float scale = 1) {
  Floats values(count);
  for (float& value : values) {
    std::uint64_t u = seed += 0x9e3779b97f4a7c15u;
    u = (u ^ (u >> 30)) * 0xbf58476d1ce4e5b9u;
    u = (u ^ (u >> 27)) * 0x94d049bb133111ebu;
    value = (static_cast<float>(u >> 40) * 0x1p-23f - 1) * scale;
  }
  return values;
}

struct Model {
  Config config;
  std::vector<Floats> data;
  std::vector<lstm_ref::TensorView> views;

  explicit Model(const Config& config, std::uint64_t seed = 1, float scale = 0.5f) : config(config) {
    for (std::int64_t i = 0; i < tensor_count(config); ++i) {
      const lstm_ref::TensorSpec spec = tensor_spec(config, i);
      data.push_back(random_floats(seed + 1000 * i, spec.shape[0] * (spec.shape.size() > 1 ? spec.shape[1] : 1), scale));
      views.push_back({spec.name, lstm_ref::Dtype::kFloat32, spec.shape, data.back().data()});
    }
  }
  Model(const Model&) = delete;  // views point into data
};

struct Case {
  std::int64_t T, B;
  Floats x, h_0, c_0;
  std::vector<std::int64_t> lengths;  // empty: T for every row
  std::vector<Floats> masks = {};     // empty: evaluation

  lstm_ref::Inputs inputs() const {
    const auto data = [](const auto& array) { return array.empty() ? nullptr : array.data(); };
    lstm_ref::Inputs inputs = {T, B, x.data(), data(h_0), data(c_0), data(lengths)};
    for (const Floats& mask : masks) inputs.masks.push_back(mask.data());
    return inputs;
  }
};

inline Case random_case(const Config& config, std::int64_t T, std::int64_t B, std::uint64_t seed = 2) {
  const std::int64_t rows = config.state_rows() * B;
  Case one = {T,
              B,
              random_floats(seed, T * B * config.input_size, 2),
              random_floats(seed + 1, rows * config.output_size()),
              random_floats(seed + 2, config.has_c() ? rows * config.hidden_size : 0),
              {}};
  for (std::int64_t i = 0; i < mask_count(config); ++i) {
    std::int64_t size = 1;
    for (const std::int64_t n : mask_spec(config, i, T, B).shape) size *= n;
    one.masks.push_back(random_floats(seed + 3 + i, size));
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

struct Result {
  Floats y, h_n, c_n;
  std::vector<lstm_ref::Trace> trace;
};

inline void check_same(const Floats& got, const Floats& wanted) {
  CHECK_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size() && i < wanted.size(); ++i) CHECK_BITS(got[i], wanted[i]);
}

inline void check_same(const Result& got, const Result& wanted) {
  check_same(got.y, wanted.y);
  check_same(got.h_n, wanted.h_n);
  check_same(got.c_n, wanted.c_n);
}

// Arrays of the right sizes, with values in them that no network gives.
inline Result unwritten_result(const Config& config, const Case& one) {
  const std::int64_t rows = config.state_rows() * one.B, R = config.output_size();
  return {Floats(one.T * one.B * config.directions() * R, -7),
          Floats(rows * R, -7),
          Floats(config.has_c() ? rows * config.hidden_size : 0, -7),
          {}};
}

// With a trace, and without: those are different paths through the engine.
inline Result run_engine(const lstm_ref::Recurrent& lstm, const Case& one) {
  Result result = unwritten_result(lstm.config(), one), untraced = result;
  lstm.forward(one.inputs(), {result.y.data(), result.h_n.data(), result.c_n.data()}, &result.trace);
  lstm.forward(one.inputs(), {untraced.y.data(), untraced.h_n.data(), untraced.c_n.data()});
  check_same(untraced, result);
  return result;
}

// spec/lstm.md, sections 2 to 4, row by row.
inline Result run_reference(const Model& model, const Case& one) {
  const Config& config = model.config;
  const std::int64_t T = one.T, B = one.B, I = config.input_size, H = config.hidden_size, L = config.num_layers;
  const std::int64_t D = config.directions();
  const int tensors = config.bias ? 4 : 2;
  const auto index = [&](std::int64_t t, std::int64_t b) { return config.batch_first ? b * T + t : t * B + b; };
  const auto empty = [&](std::int64_t size) { return Floats(size, 0.0f); };
  Result result = {empty(T * B * D * H), empty(L * D * B * H), empty(L * D * B * H), {}};
  Floats input = one.x;
  for (std::int64_t l = 0; l < L; ++l) {
    const std::int64_t K = l == 0 ? I : D * H;
    Floats output = empty(T * B * D * H);
    for (std::int64_t d = 0; d < D; ++d) {
      const Floats* const p = &model.data[(l * D + d) * tensors];
      lstm_ref::Trace trace = {empty(T * B * 4 * H), empty(T * B * 4 * H), empty(T * B * H), empty(T * B * H)};
      for (std::int64_t b = 0; b < B; ++b) {
        const std::int64_t state = ((l * D + d) * B + b) * H, n = one.lengths.empty() ? T : one.lengths[b];
        Floats h = empty(H), c = empty(H);
        if (!one.h_0.empty()) h.assign(&one.h_0[state], &one.h_0[state] + H);
        if (!one.c_0.empty()) c.assign(&one.c_0[state], &one.c_0[state] + H);
        for (std::int64_t s = 0; s < n; ++s) {
          const std::int64_t t = d == 0 ? s : n - 1 - s;
          Floats z(4 * H), h_new(H);
          for (std::int64_t j = 0; j < 4 * H; ++j) {
            z[j] = config.bias ? p[2][j] + p[3][j] : 0.0f;
            z[j] = add_chunks(z[j], &p[0][j * K], &input[index(t, b) * K], K);
            z[j] = add_chunks(z[j], &p[1][j * H], h.data(), H);
          }
          for (std::int64_t u = 0; u < H; ++u) {
            const float gates[4] = {sigmoid(z[u]), sigmoid(z[H + u]), tanh(z[2 * H + u]), sigmoid(z[3 * H + u])};
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
