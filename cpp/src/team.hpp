// Who computes a call: rows that go together, and threads that go together.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "aligned_buffer.hpp"
#include "lstm_ref/lstm.hpp"
#include "masks.hpp"
#include "network.hpp"
#include "synchronize.hpp"

namespace lstm_ref {

// One call of Recurrent::forward().
template <class Real>
struct Call {
  const Network<Real>& network;
  const BasicInputs<Real>& inputs;
  const BasicOutputs<Real>& outputs;
  std::vector<BasicTrace<Real>>* trace;  // (L*D,) or null
  Masks<Real> masks;
  AlignedBuffer<Real> layer_buffer;  // (T, B, D*R) if D = 2 and L > 1: the output of every second layer
};

// Rows of the batch that are computed together, longest first, so that those active at a time step are the first few.
struct RowGroup {
  template <class Real>
  RowGroup(const Call<Real>& call, std::int64_t group, std::int64_t groups);  // one of so many

  std::int64_t count() const { return rows.size(); }
  std::int64_t steps() const { return rows.empty() ? 0 : lengths.front(); }
  std::int64_t all_steps() const;  // of all rows together

  std::vector<std::int64_t> rows, lengths;
  std::vector<Progress> finished;  // steps of each layer and direction, l*D + d
};

// Threads that compute the same layers and directions of a row group, each for hidden units of its own; and where they do so.
template <class Real>
struct Team {
  // Of `lanes` teams, this one takes every lanes-th direction, or layer if there is one direction only. A block of its input
  // projection has at most so many rows, or the rows of one step.
  Team(const Call<Real>& call, const RowGroup& group, int lane, int lanes, std::int64_t most_block_rows, int members);

  const int lane, lanes;
  const std::int64_t block_rows;
  const bool is_fused;  // weight_ih x is a part of the step
  Barrier barrier;
  HiddenStates<Real> h;
  AlignedBuffer<Real> c;                          // (P, rows, V)
  std::array<AlignedBuffer<Real>, kMaxPhases> z;  // of each phase that has x: (P, block_rows, 4, V), unless fused
  AlignedBuffer<Real> x;                          // (block_rows, R), if fused: the inputs of a block whose outputs overwrite them
};

}  // namespace lstm_ref
