#include "pack.hpp"

namespace lstm_ref {
namespace {

template <class Real>
Real element(const TensorView& tensor, std::int64_t index) {
  Real value;
  std::memcpy(&value, static_cast<const char*>(tensor.data) + index * sizeof(Real), sizeof(Real));
  return value;
}

// Where the first term of a unit stands among so many columns of panels with K terms each; the next is columns * 4/C * V on.
std::int64_t position(const Phase& phase, std::int64_t K, int columns, std::int64_t unit, int column, int lanes) {
  const std::int64_t vector = unit / lanes, s = phase.vectors();
  return (vector / s * K * columns * s + column * s + vector % s) * lanes + unit % lanes;
}

// (blocks * units, K) -> (P, K, G, V)
template <class Real>
AlignedBuffer<Real> pack_matrix(const TensorView& matrix, const Phase& phase, const Columns& columns, int lanes) {
  const std::int64_t K = matrix.shape[1], term = columns.count() * phase.vectors() * lanes;
  auto packed = AlignedBuffer<Real>::zeros_to_keep(checked_product(phase.panels(lanes) * term, K));
  for (std::int64_t unit = 0; unit < phase.units; ++unit) {
    for (int column = 0; column < columns.count(); ++column) {
      const std::int64_t row = (columns.blocks[column] * phase.units + unit) * K;
      Real* to = packed.data() + position(phase, K, columns.count(), unit, column, lanes);
      for (std::int64_t k = 0; k < K; ++k, to += term) *to = element<Real>(matrix, row + k);
    }
  }
  return packed;
}

// (blocks * units,) -> (P, 4, V). A column starts with the biases of the products that add to it; without `bias_ih`, with +0.
template <class Real>
AlignedBuffer<Real> pack_bias(const TensorView* bias_ih, const TensorView* bias_hh, const Phase& phase, int lanes) {
  auto packed = AlignedBuffer<Real>::zeros(phase.panels(lanes) * 4 * lanes);
  for (std::int64_t unit = 0; bias_ih && unit < phase.units; ++unit) {
    for (int column = 0; column < phase.columns; ++column) {
      const int x = phase.x.block(column), h = phase.h.block(column);
      Real& to = packed.data()[position(phase, 1, phase.columns, unit, column, lanes)];
      to = element<Real>(x >= 0 ? *bias_ih : *bias_hh, (x >= 0 ? x : h) * phase.units + unit);
      if (x >= 0 && h >= 0) to += element<Real>(*bias_hh, h * phase.units + unit);  // (2.5)
    }
  }
  return packed;
}

// (blocks * units,) -> (P, 4, V), zeros in the columns that are not normalised.
template <class Real>
AlignedBuffer<Real> pack_norm(const TensorView& tensor, const Phase& phase, const Normalised& norm, int lanes) {
  auto packed = AlignedBuffer<Real>::zeros(phase.panels(lanes) * 4 * lanes);
  for (std::int64_t unit = 0; unit < phase.units; ++unit) {
    for (int column = 0; column < phase.columns; ++column) {
      if (norm.block[column] < 0) continue;
      packed.data()[position(phase, 1, phase.columns, unit, column, lanes)] =
          element<Real>(tensor, norm.block[column] * phase.units + unit);
    }
  }
  return packed;
}

// (3*H,) -> (P, 3, V)
template <class Real>
AlignedBuffer<Real> pack_peephole(const TensorView& weights, std::int64_t H, int lanes) {
  auto packed = AlignedBuffer<Real>::zeros(panel_count(H, lanes) * 3 * lanes);
  for (std::int64_t unit = 0; unit < H; ++unit) {
    for (int gate = 0; gate < 3; ++gate) {
      packed.data()[(unit / lanes * 3 + gate) * lanes + unit % lanes] = element<Real>(weights, gate * H + unit);
    }
  }
  return packed;
}

}  // namespace

template <class Real>
PackedWeights<Real> pack_weights(const Config& config, const TensorView* tensors, int lanes) {
  const TensorView &weight_ih = tensors[0], &weight_hh = tensors[1];
  const TensorView *const bias_ih = config.bias ? &tensors[2] : nullptr, *const bias_hh = config.bias ? &tensors[3] : nullptr;
  const TensorView* const options = tensors + (config.bias ? 4 : 2);
  const TensorView* const norms = options + (config.proj_size > 0) + config.peephole;
  PackedWeights<Real> packed;
  for (const Phase& phase : phases_of(config)) {
    PackedPhase<Real>& to = packed.phases.emplace_back();
    if (phase.has_x()) {
      to.weight_ih = pack_matrix<Real>(weight_ih, phase, phase.x, lanes);
      to.weight_hh = pack_matrix<Real>(weight_hh, phase, phase.h, lanes);
      to.bias = pack_bias<Real>(bias_ih, bias_hh, phase, lanes);
    } else if (phase.has_product()) {
      to.weight_hh = pack_matrix<Real>(options[0], phase, phase.h, lanes);
      to.bias = pack_bias<Real>(nullptr, nullptr, phase, lanes);
    }
    for (const Normalised& norm : phase.norms) {
      const TensorView* const pair = &norms[2 * norm.tensor];
      to.norms.push_back({pack_norm<Real>(pair[0], phase, norm, lanes), pack_norm<Real>(pair[1], phase, norm, lanes)});
    }
  }
  if (config.peephole) packed.peephole = pack_peephole<Real>(options[config.proj_size ? 1 : 0], config.hidden_size, lanes);
  return packed;
}

template PackedWeights<float> pack_weights(const Config&, const TensorView*, int);

}  // namespace lstm_ref
