// What all calls and streams of an LSTM share, and the hidden states that each has of its own.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "aligned_buffer.hpp"
#include "lstm_ref/config.hpp"
#include "pack.hpp"
#include "simd/kernels.hpp"

namespace lstm_ref {

struct Network {
  // Tensors as for LSTM; the configuration is valid. Throws Error.
  Network(const Config& config, const std::vector<TensorView>& tensors, const Kernels& kernels);

  Config config;
  const Kernels& kernels;
  std::vector<PackedWeights> weights;  // layer l, direction d at l*D + d

  std::int64_t panels() const { return panel_count(config.hidden_size, kernels.lanes); }

  // The size of (P, rows, V).
  std::int64_t panel_floats(std::int64_t rows) const { return checked_product(panels() * kernels.lanes, rows); }
};

// The hidden states of some rows of one layer and direction: those that a step reads, and those that it writes and the next one
// reads. A row's length is no multiple of 4 KB, whatever H is: such rows would share a few sets of the first-level cache.
class HiddenStates {
 public:
  HiddenStates(const Network& network, std::int64_t rows)
      : row_size_(network.panels() * network.kernels.lanes + kPadding),
        buffer_(AlignedBuffer::zeros(checked_product(2 * rows, row_size_))) {
    for (int which = 0; which < 2; ++which) {
      rows_[which].reserve(rows);
      for (std::int64_t r = 0; r < rows; ++r) rows_[which].push_back(buffer_.data() + (which * rows + r) * row_size_);
    }
  }

  // (P*V,) of each row; zeros at first. Step s reads the states of s and writes those of s + 1.
  float* const* of(std::int64_t step) const { return rows_[step % 2].data(); }

 private:
  static constexpr std::int64_t kPadding = 16;

  std::int64_t row_size_;
  AlignedBuffer buffer_;
  std::array<std::vector<float*>, 2> rows_;
};

}  // namespace lstm_ref
