// The time loop: layers, directions, ragged lengths and states, for some rows of a batch (spec/lstm.md, sections 3 and 4).
#pragma once

#include <cstdint>
#include <vector>

#include "aligned_buffer.hpp"
#include "lstm_ref/lstm.hpp"
#include "pack.hpp"
#include "simd/kernels.hpp"

namespace lstm_ref {

struct Network {
  Config config;
  const Kernels& kernels;
  std::vector<PackedWeights> weights;  // layer l, direction d at l*D + d
};

// A (T, B, features) array, whatever the order of its first two axes.
template <class Float>
struct Sequence {
  Float* data;
  std::int64_t step_size, row_size;  // floats from one time step, from one batch row, to the next

  Float* at(std::int64_t t, std::int64_t b) const { return data + t * step_size + b * row_size; }
  Sequence<const Float> read_only() const { return {data, step_size, row_size}; }
};

// One call of LSTM::forward(), all rows together.
struct Call {
  const Network& network;
  const Inputs& inputs;
  const Outputs& outputs;
  std::vector<Trace>* trace;   // (L*D,) or null
  AlignedBuffer layer_buffer;  // (T, B, D*H) if D = 2 and L > 1: the output of every second layer
};

// Computes the rows [begin, end) of a call. The constructor allocates everything, run() nothing.
class RowRange {
 public:
  RowRange(const Call& call, std::int64_t begin, std::int64_t end);
  void run();

 private:
  void run_direction(std::int64_t layer, int direction, Sequence<const float> input, Sequence<float> output);
  void clear_past_lengths(Sequence<float> y);

  const Call& call_;

  // The rows, longest first, so that those active at a time step are the first few; and their lengths.
  std::vector<std::int64_t> rows_, lengths_;

  // A block is some consecutive steps whose products with weight_ih are formed together. It lists the active rows of its
  // first step, then those of its second, ...: their inputs (I_l,) and their z (P, 4, V).
  std::vector<const float*> block_inputs_;
  std::vector<float*> block_z_;
  std::vector<std::int64_t> block_active_;  // how many rows are active, step by step

  // Of each row: the hidden state (H,) before and after a step, the cell state (P, V).
  std::vector<const float*> h_;
  std::vector<float*> h_new_, c_;

  AlignedBuffer z_buffer_, c_buffer_, zero_state_;
};

}  // namespace lstm_ref
