// What all calls and streams of a network share, and the states that each has of its own.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "aligned_buffer.hpp"
#include "lstm_ref/config.hpp"
#include "pack.hpp"
#include "simd/kernels.hpp"

namespace lstm_ref {

template <class Real>
struct Network {
  // Tensors as for Recurrent; the configuration is valid. Throws Error.
  Network(const Config& config, const std::vector<TensorView>& tensors, const Kernels<Real>& kernels);

  Config config;
  const Kernels<Real>& kernels;
  std::vector<PackedWeights<Real>> weights;  // layer l, direction d at l*D + d
  std::vector<Phase> phases;
  std::vector<Pointwise> pointwise;    // of each phase
  bool is_plain;                       // an LSTM without options has kernels of its own
  AlignedBuffer<Real> zero_start;      // (4, V)
  AlignedBuffer<Real> keep_h, keep_c;  // (R,), (H,): the rates of zoneout, which evaluation has in place of masks

  std::int64_t panels(std::size_t phase = 0) const { return phases[phase].panels(kernels.lanes); }

  // Units of h, m and u with those that fill the last panel of any phase.
  std::int64_t padded_units() const;

  // The size of (P, rows, V) of c, and of (P, rows, 4, V) of a phase's z.
  std::int64_t c_size(std::int64_t rows) const { return config.has_c() ? checked_product(panels() * kernels.lanes, rows) : 0; }
  std::int64_t z_size(std::size_t phase, std::int64_t rows) const {
    return checked_product(4 * panels(phase) * kernels.lanes, rows);
  }

  Start<Real> zeros() const { return {zero_start.data(), 0, 0}; }

  // One phase of a step of one layer and direction, as far as it is the same for all steps: all but rows, start, inputs, z, c and
  // states. `inputs` is the size of x, or 0 where the start has x in it already; then the recurrent product is the only one.
  CellStep<Real> step(std::int64_t state_row, std::size_t phase, std::int64_t inputs) const;
  Product<Real> input_product(std::int64_t state_row, std::size_t phase, std::int64_t inputs) const;
  Start<Real> bias(std::int64_t state_row, std::size_t phase) const {
    return {weights[state_row].phases[phase].bias.data(), 4 * kernels.lanes, 0};
  }
  void compute(const CellStep<Real>& step) const { is_plain && !step.masks ? kernels.cell(step) : kernels.phase(step); }
};

// Two arrays of some rows each. A row's length is no multiple of 4 KB, whatever its size is: such rows would share a few sets of
// the first-level cache.
template <class Real>
class RowPair {
 public:
  RowPair() = default;
  RowPair(std::int64_t rows, std::int64_t size)
      : row_size_(size + kPadding), buffer_(AlignedBuffer<Real>::zeros(checked_product(2 * rows, row_size_))) {
    for (int which = 0; which < 2; ++which) {
      rows_[which].reserve(rows);
      for (std::int64_t r = 0; r < rows; ++r) rows_[which].push_back(buffer_.data() + (which * rows + r) * row_size_);
    }
  }

  Real* const* operator[](std::int64_t which) const { return rows_[which].data(); }

  // One of them as what a normalisation reads, 4 vectors of units being a panel.
  Start<Real> panels(std::int64_t which, int lanes) const { return {*rows_[which].data(), 4 * lanes, row_size_}; }

 private:
  static constexpr std::int64_t kPadding = 64 / sizeof(Real);

  std::int64_t row_size_ = 0;
  AlignedBuffer<Real> buffer_;
  std::array<std::vector<Real*>, 2> rows_;
};

// The hidden states of some rows of one layer and direction: those that a step reads, and those that it writes and the next one
// reads; and what the phases of a step leave for each other.
template <class Real>
class HiddenStates {
 public:
  // `drops`: the recurrent weights meet h~ (V22).
  HiddenStates(const Network<Real>& network, std::int64_t rows, bool drops = false);

  // (padded units,) of each row; zeros at first. Step s reads the states of s and writes those of s + 1.
  Real* const* of(std::int64_t step) const { return h_[step % 2]; }
  Real* const* dropped(std::int64_t step) const { return dropped_[step % 2]; }
  bool drops() const { return drops_; }

  // Tells one phase where what it normalises stands, as far as it is the same for all steps.
  void place(CellStep<Real>* step, std::size_t phase) const;

  // Completes one phase of step s: what it multiplies with the recurrent weights, what it reads and writes.
  void connect(CellStep<Real>* step, std::size_t phase, std::int64_t s) const;

 private:
  const Network<Real>& network_;
  const std::int64_t rows_;
  const bool drops_;
  RowPair<Real> h_, between_, dropped_, unnormalised_;
  std::array<AlignedBuffer<Real>, 2> sums_;  // (P, rows, 4, V) each: z of whichever phase waits for it
  AlignedBuffer<Real> waiting_;              // (P, rows, 2, V): c' and z_o
};

}  // namespace lstm_ref
