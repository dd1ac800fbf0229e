// The time loop: layers, directions, ragged lengths and states (spec/lstm.md, sections 3 and 4), as one thread sees it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "team.hpp"

namespace lstm_ref {

// A (T, B, features) array, whatever the order of its first two axes.
template <class Number>
struct Sequence {
  Number* data;
  std::int64_t step_size, row_size;  // numbers from one time step, from one batch row, to the next

  Number* at(std::int64_t t, std::int64_t b) const { return data + t * step_size + b * row_size; }
  Sequence<const Number> read_only() const { return {data, step_size, row_size}; }
};

// The part of one thread in a call. The constructor allocates everything, run() nothing.
template <class Real>
class Worker {
 public:
  // The `member`th of so many members of a team.
  Worker(const Call<Real>& call, RowGroup& group, Team<Real>& team, std::int64_t member, std::int64_t members);
  void run();

 private:
  struct Pass;

  void run_pass(const Pass& pass);
  void load_states(const Pass& pass);
  std::int64_t list_block(const Pass& pass, std::int64_t step);
  void take_inputs(const Pass& pass, std::int64_t rows);
  void run_block(const Pass& pass, std::int64_t step);
  void begin_block(const Pass& pass, std::size_t phase);
  template <class Mask>
  void take_masks(std::int64_t rows, const Mask& mask);
  void take_rates();
  bool writes_rows_later(std::int64_t rows) const;
  void fetch_rows(const Pass& pass, std::int64_t step, std::int64_t rows);
  void trace_phase(const Pass& pass, const CellStep<Real>& step, std::size_t phase, std::int64_t t);
  void trace_waiting(const Pass& pass, std::int64_t rows, std::int64_t t);
  void trace_states(const Pass& pass, std::int64_t rows, const Real* const* h, std::int64_t t);
  void store_states(const Pass& pass);
  Real cell_state(const Real* c, std::int64_t r, std::int64_t unit) const;

  const Call<Real>& call_;
  RowGroup& group_;
  Team<Real>& team_;
  const std::size_t num_phases_;
  std::array<PanelRange, kMaxPhases> panels_;      // of each phase
  std::array<CellStep<Real>, kMaxPhases> phases_;  // of the block that is computed
  std::int64_t unit_ = 0, units_ = 0;              // of h, of the panels of the last phase: the first, and how many

  // A block is some consecutive steps whose inputs are taken together: unless fused, their products with weight_ih. It lists
  // the active rows of its first step, then those of its second, ...: their inputs (I_l,) here, and their z in the team's.
  std::vector<const Real*> block_inputs_;
  std::vector<std::int64_t> block_active_;  // how many rows are active, step by step
  std::int64_t active_ = 0;                 // of the last step looked at: rows r < active_ have lengths[r] > t

  std::vector<Real*> y_;                // (R,) of each row
  AlignedBuffer<Real> z_panel_;         // (rows, 4, V)
  std::vector<Moments<Real>> moments_;  // (2, rows, 4), where something is normalised

  const bool is_masked_;                                              // by masks, or by the rates of zoneout
  std::array<std::vector<const Real*>, MaskSpec::kKinds> mask_rows_;  // by kind: (R,) or (H,) of each row
  RowMasks<Real> masks_ = {};                                         // the same for the kernels
};

}  // namespace lstm_ref
