#include "pack.hpp"

namespace lstm_ref {
namespace {

float element(const TensorView& tensor, std::int64_t index) {
  float value;
  std::memcpy(&value, static_cast<const char*>(tensor.data) + index * sizeof(float), sizeof(float));
  return value;
}

// Where the first term of a unit stands among so many columns of panels with K terms each; the next is columns * 4/C * V on.
std::int64_t position(const Phase& phase, std::int64_t K, int columns, std::int64_t unit, int column, int lanes) {
  const std::int64_t vector = unit / lanes, s = phase.vectors();
  return (vector / s * K * columns * s + column * s + vector % s) * lanes + unit % lanes;
}

// (blocks * units, K) -> (P, K, G, V)
AlignedBuffer pack_matrix(const TensorView& matrix, const Phase& phase, const Columns& columns, int lanes) {
  const std::int64_t K = matrix.shape[1], term = columns.count() * phase.vectors() * lanes;
  AlignedBuffer packed = AlignedBuffer::zeros_to_keep(checked_product(phase.panels(lanes) * term, K));
  for (std::int64_t unit = 0; unit < phase.units; ++unit) {
    for (int column = 0; column < columns.count(); ++column) {
      const std::int64_t row = (columns.blocks[column] * phase.units + unit) * K;
      float* to = packed.data() + position(phase, K, columns.count(), unit, column, lanes);
      for (std::int64_t k = 0; k < K; ++k, to += term) *to = element(matrix, row + k);
    }
  }
  return packed;
}

// (blocks * units,) -> (P, 4, V). A column starts with the biases of the products that add to it; without `bias_ih`, with +0.
AlignedBuffer pack_bias(const TensorView* bias_ih, const TensorView* bias_hh, const Phase& phase, int lanes) {
  AlignedBuffer packed = AlignedBuffer::zeros(phase.panels(lanes) * 4 * lanes);
  for (std::int64_t unit = 0; bias_ih && unit < phase.units; ++unit) {
    for (int column = 0; column < phase.columns; ++column) {
      const int x = phase.x.block(column), h = phase.h.block(column);
      float& to = packed.data()[position(phase, 1, phase.columns, unit, column, lanes)];
      to = element(x >= 0 ? *bias_ih : *bias_hh, (x >= 0 ? x : h) * phase.units + unit);
      if (x >= 0 && h >= 0) to += element(*bias_hh, h * phase.units + unit);  // (2.5)
    }
  }
  return packed;
}

// (3*H,) -> (P, 3, V)
AlignedBuffer pack_peephole(const TensorView& weights, std::int64_t H, int lanes) {
  AlignedBuffer packed = AlignedBuffer::zeros(panel_count(H, lanes) * 3 * lanes);
  for (std::int64_t unit = 0; unit < H; ++unit) {
    for (int gate = 0; gate < 3; ++gate) {
      packed.data()[(unit / lanes * 3 + gate) * lanes + unit % lanes] = element(weights, gate * H + unit);
    }
  }
  return packed;
}

}  // namespace

PackedWeights pack_weights(const Config& config, const TensorView* tensors, int lanes) {
  const TensorView &weight_ih = tensors[0], &weight_hh = tensors[1];
  const TensorView *const bias_ih = config.bias ? &tensors[2] : nullptr, *const bias_hh = config.bias ? &tensors[3] : nullptr;
  const TensorView* const options = tensors + (config.bias ? 4 : 2);
  PackedWeights packed;
  for (const Phase& phase : phases_of(config)) {
    if (phase.has_x()) {
      packed.phases.push_back({pack_matrix(weight_ih, phase, phase.x, lanes), pack_matrix(weight_hh, phase, phase.h, lanes),
                               pack_bias(bias_ih, bias_hh, phase, lanes)});
    } else {
      packed.phases.push_back({{}, pack_matrix(options[0], phase, phase.h, lanes), pack_bias(nullptr, nullptr, phase, lanes)});
    }
  }
  if (config.peephole) packed.peephole = pack_peephole(options[config.proj_size ? 1 : 0], config.hidden_size, lanes);
  return packed;
}

}  // namespace lstm_ref
