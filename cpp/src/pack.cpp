#include "pack.hpp"

#include <type_traits>

#include "lstm_ref/bfloat16.hpp"

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

// How a column of K terms lies in a packed matrix, each word `stride` words after the one before.
template <class Real>
struct Plain {
  using Word = Real;
  static std::int64_t words(std::int64_t K) { return K; }
  static void put(Word* column, std::int64_t stride, std::int64_t k, Real weight) { column[k * stride] = weight; }
};
struct Bfloat16 {
  using Word = std::uint32_t;
  static std::int64_t words(std::int64_t K) { return (K + 1) / 2; }
  static void put(Word* column, std::int64_t stride, std::int64_t k, float weight) {
    column[k / 2 * stride] |= Word{to_bfloat16(weight)} << (k % 2 * 16);
  }
};

// (blocks * units, K) -> (P, K, G, V)
template <class Real, class Layout>
AlignedBuffer<std::byte> pack_as(const TensorView& matrix, const Phase& phase, const Columns& columns, int lanes) {
  using Word = typename Layout::Word;
  const std::int64_t K = matrix.shape[1], words = Layout::words(K), stride = columns.count() * phase.vectors() * lanes;
  const std::int64_t size = checked_product(phase.panels(lanes) * stride, checked_product(words, sizeof(Word)));
  auto packed = AlignedBuffer<std::byte>::zeros_to_keep(size);
  for (std::int64_t unit = 0; unit < phase.units; ++unit) {
    for (int column = 0; column < columns.count(); ++column) {
      const std::int64_t row = (columns.blocks[column] * phase.units + unit) * K;
      Word* const to = reinterpret_cast<Word*>(packed.data()) + position(phase, words, columns.count(), unit, column, lanes);
      for (std::int64_t k = 0; k < K; ++k) Layout::put(to, stride, k, element<Real>(matrix, row + k));
    }
  }
  return packed;
}

template <class Real>
AlignedBuffer<std::byte> pack_matrix(const TensorView& matrix, const Phase& phase, const Columns& columns, int lanes,
                                     bool as_bfloat16) {
  if constexpr (std::is_same_v<Real, float>) {
    if (as_bfloat16) return pack_as<Real, Bfloat16>(matrix, phase, columns, lanes);
  }
  return pack_as<Real, Plain<Real>>(matrix, phase, columns, lanes);
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
PackedWeights<Real> pack_weights(const Config& config, const TensorView* tensors, int lanes, bool as_bfloat16) {
  const TensorView &weight_ih = tensors[0], &weight_hh = tensors[1];
  const TensorView *const bias_ih = config.bias ? &tensors[2] : nullptr, *const bias_hh = config.bias ? &tensors[3] : nullptr;
  const TensorView* const options = tensors + (config.bias ? 4 : 2);
  const TensorView* const norms = options + (config.proj_size > 0) + config.peephole;
  PackedWeights<Real> packed;
  const auto matrix = [&](const TensorView& tensor, const Phase& phase, const Columns& columns) {
    return pack_matrix<Real>(tensor, phase, columns, lanes, as_bfloat16);
  };
  for (const Phase& phase : phases_of(config)) {
    PackedPhase<Real>& to = packed.phases.emplace_back();
    if (phase.has_x()) {
      to.weight_ih = matrix(weight_ih, phase, phase.x);
      to.weight_hh = matrix(weight_hh, phase, phase.h);
      to.bias = pack_bias<Real>(bias_ih, bias_hh, phase, lanes);
    } else if (phase.has_product()) {
      to.weight_hh = matrix(options[0], phase, phase.h);
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

template PackedWeights<float> pack_weights(const Config&, const TensorView*, int, bool);
template PackedWeights<double> pack_weights(const Config&, const TensorView*, int, bool);

}  // namespace lstm_ref
