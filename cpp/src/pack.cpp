#include "pack.hpp"

namespace lstm_ref {
namespace {

float element(const TensorView& tensor, std::int64_t index) {
  float value;
  std::memcpy(&value, static_cast<const char*>(tensor.data) + index * sizeof(float), sizeof(float));
  return value;
}

// (4*H, K) -> (P, K, 4, V)
AlignedBuffer pack_matrix(const TensorView& matrix, std::int64_t H, int lanes) {
  const std::int64_t K = matrix.shape[1];
  AlignedBuffer packed = AlignedBuffer::zeros_to_keep(checked_product(panel_count(H, lanes) * 4 * lanes, K));
  for (std::int64_t unit = 0; unit < H; ++unit) {
    for (int gate = 0; gate < 4; ++gate) {
      const std::int64_t row = (gate * H + unit) * K;
      float* to = packed.data() + (unit / lanes) * K * 4 * lanes + gate * lanes + unit % lanes;
      for (std::int64_t k = 0; k < K; ++k, to += 4 * lanes) *to = element(matrix, row + k);
    }
  }
  return packed;
}

// (4*H,) -> (P, 4, V)
AlignedBuffer pack_bias(const TensorView& bias_ih, const TensorView& bias_hh, std::int64_t H, int lanes) {
  AlignedBuffer packed = AlignedBuffer::zeros(panel_count(H, lanes) * 4 * lanes);
  for (std::int64_t unit = 0; unit < H; ++unit) {
    for (int gate = 0; gate < 4; ++gate) {
      const std::int64_t row = gate * H + unit;
      packed.data()[(unit / lanes * 4 + gate) * lanes + unit % lanes] = element(bias_ih, row) + element(bias_hh, row);  // (2.5)
    }
  }
  return packed;
}

}  // namespace

PackedWeights pack_weights(const Config& config, const TensorView* tensors, int lanes) {
  const std::int64_t H = config.hidden_size;
  return {pack_matrix(tensors[0], H, lanes), pack_matrix(tensors[1], H, lanes),
          config.bias ? pack_bias(tensors[2], tensors[3], H, lanes) : AlignedBuffer::zeros(panel_count(H, lanes) * 4 * lanes)};
}

}  // namespace lstm_ref
