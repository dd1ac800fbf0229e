// Weights in the order the kernels read them.
#pragma once

#include "aligned_buffer.hpp"
#include "lstm_ref/config.hpp"

namespace lstm_ref {

// One layer and direction; V lanes, P = ceil(H / V) panels (simd/kernels.hpp). Lanes past H hold zeros.
struct PackedWeights {
  AlignedBuffer weight_ih;  // (P, I_l, 4, V)
  AlignedBuffer weight_hh;  // (P, H, 4, V)
  AlignedBuffer bias;       // (P, 4, V)  (2.5)
};

inline std::int64_t panel_count(std::int64_t hidden_size, int lanes) { return (hidden_size + lanes - 1) / lanes; }

// `tensors` are weight_ih, weight_hh and, when config.bias, bias_ih, bias_hh of that layer and direction.
PackedWeights pack_weights(const Config& config, const TensorView* tensors, int lanes);

}  // namespace lstm_ref
