#include "sequence.hpp"

#include <algorithm>
#include <cstring>

namespace lstm_ref {
namespace {

constexpr std::int64_t kManyRows = 8;

template <class Real>
void copy(Real* to, const Real* from, std::int64_t count) {
  std::memcpy(to, from, count * sizeof(Real));
}
template <class Real>
void clear(Real* to, std::int64_t count) {
  std::fill_n(to, count, Real(0));
}

}  // namespace

// One layer and direction.
template <class Real>
struct Worker<Real>::Pass {
  const Network<Real>& network;
  std::int64_t layer, state_row;  // state_row = l*D + d
  int direction;
  Sequence<const Real> input;
  Sequence<Real> output;
  std::int64_t steps;

  std::int64_t inputs() const { return network.config.layer_input_size(layer); }
  bool in_place() const { return layer > 0 && input.data == output.data; }
  std::int64_t time(std::int64_t step) const { return direction == 0 ? step : steps - 1 - step; }  // (3.1), (3.2)
};

template <class Real>
Worker<Real>::Worker(const Call<Real>& call, RowGroup& group, Team<Real>& team, std::int64_t member, std::int64_t members)
    : call_(call),
      group_(group),
      team_(team),
      num_phases_(call.network.phases.size()),
      block_inputs_(team.block_rows),
      y_(group.count()),
      z_panel_(AlignedBuffer<Real>::uninitialized(
          checked_product(std::max(group.count(), kSideBySide), 4 * call.network.kernels.lanes))),
      moments_(2 * group.count() * 4),
      is_masked_(!call.masks.empty() || call.network.config.zoneout_h > 0 || call.network.config.zoneout_c > 0) {
  for (std::vector<const Real*>& rows : mask_rows_) rows.resize(is_masked_ ? group.count() : 0);
  for (std::size_t phase = 0; phase < num_phases_; ++phase) {
    const std::int64_t panels = call.network.panels(phase), lanes = call.network.kernels.lanes;
    const PanelRange own = panels_[phase] = {panels * member / members, panels * (member + 1) / members};
    const std::int64_t panel_units = call.network.phases[phase].vectors() * lanes;
    unit_ = std::min(own.begin * panel_units, call.network.phases[phase].units);
    units_ = std::min(own.end * panel_units, call.network.phases[phase].units) - unit_;
  }
  block_active_.reserve(team.block_rows);
  if (is_masked_ && group.count() > 0) take_rates();
}

template <class Real>
void Worker<Real>::run() {
  const Config& config = call_.network.config;
  const std::int64_t T = call_.inputs.T, B = call_.inputs.B, I = config.input_size, L = config.num_layers;
  const std::int64_t D = config.directions(), R = config.output_size();
  const auto sequence = [&](auto* data, std::int64_t features) -> Sequence<std::remove_pointer_t<decltype(data)>> {
    if (config.batch_first) return {data, features, T * features};
    return {data, B * features, features};
  };
  const Sequence<Real> y = sequence(call_.outputs.y, D * R);
  // When D = 1 every layer overwrites its own input in y, block by block. When D = 2 the reverse direction still needs the
  // input after the forward one, so that the layers alternate between y and the buffer, and the last one ends in y.
  const Sequence<Real> buffer = {call_.layer_buffer.data(), B * D * R, D * R};

  Sequence<const Real> input = sequence(call_.inputs.x, I);  // x_0 = x
  for (std::int64_t layer = 0; layer < L; ++layer) {
    const Sequence<Real> output = D == 1 || (L - 1 - layer) % 2 == 0 ? y : buffer;
    for (int direction = 0; direction < D; ++direction) {
      if ((D == 1 ? layer : direction) % team_.lanes != team_.lane) continue;
      run_pass({call_.network,
                layer,
                layer * D + direction,
                direction,
                input,
                {output.data + direction * R, output.step_size, output.row_size},
                group_.steps()});  // (4.1)
    }
    input = output.read_only();  // (4.2)
  }
}

template <class Real>
void Worker<Real>::run_pass(const Pass& pass) {
  load_states(pass);
  active_ = 0;
  Progress& finished = group_.finished[pass.state_row];
  for (std::int64_t step = 0; step < pass.steps; step += block_active_.size()) {
    const std::int64_t rows = list_block(pass, step), steps = block_active_.size();
    if (pass.in_place()) {  // layer follows layer, block by block
      group_.finished[pass.state_row - 1].wait_for(step + steps);
    } else if (pass.layer > 0) {  // each direction begins where the other one ends
      for (int back = 1; back <= 2; ++back) group_.finished[2 * pass.layer - back].wait_for(pass.steps);
    }
    take_inputs(pass, rows);
    team_.barrier.wait();  // everybody has taken what is overwritten now
    run_block(pass, step);
    if (panels_.front().begin == 0) finished.advance(steps);
  }
  store_states(pass);
}

template <class Real>
void Worker<Real>::load_states(const Pass& pass) {
  const BasicInputs<Real>& inputs = call_.inputs;
  const Config& config = call_.network.config;
  const std::int64_t R = config.output_size(), H = config.hidden_size, lanes = call_.network.kernels.lanes;
  for (std::int64_t r = 0; r < group_.count(); ++r) {
    const std::int64_t row = pass.state_row * inputs.B + group_.rows[r];
    for (int which = 0; which < 2; ++which) {  // a row's first step may read either
      Real* const h = team_.h.of(which)[r] + unit_;
      inputs.h_0 ? copy(h, inputs.h_0 + row * R + unit_, units_) : clear(h, units_);
      if (!team_.h.drops()) continue;
      const Real* const mask = call_.masks.row(MaskSpec::kHidden, pass.layer, pass.direction, 0, group_.rows[r]) + unit_;
      Real* const dropped = team_.h.dropped(which)[r] + unit_;
      for (std::int64_t unit = 0; unit < units_; ++unit) dropped[unit] = h[unit] * mask[unit];  // (V22)
    }
    for (std::int64_t p = panels_.front().begin; config.has_c() && p < panels_.front().end; ++p) {
      const std::int64_t unit = p * lanes, count = std::min(lanes, H - unit);
      Real* const c = team_.c.data() + (p * group_.count() + r) * lanes;
      inputs.c_0 ? copy(c, inputs.c_0 + row * H + unit, count) : clear(c, count);
    }
  }
}

// Lists as many steps from `step` on as a block holds, at least one; gives the number of their rows.
template <class Real>
std::int64_t Worker<Real>::list_block(const Pass& pass, std::int64_t step) {
  block_active_.clear();
  std::int64_t rows = 0;
  for (; step < pass.steps; ++step) {
    const std::int64_t t = pass.time(step);
    while (active_ > 0 && group_.lengths[active_ - 1] <= t) --active_;
    while (active_ < group_.count() && group_.lengths[active_] > t) ++active_;
    if (rows + active_ > team_.block_rows) break;
    for (std::int64_t r = 0; r < active_; ++r) block_inputs_[rows++] = pass.input.at(t, group_.rows[r]);
    block_active_.push_back(active_);
  }
  return rows;
}

// (2.1), W_ih x, for a block; or only a copy of x, where the steps are to compute that but would overwrite it on the way.
template <class Real>
void Worker<Real>::take_inputs(const Pass& pass, std::int64_t rows) {
  const Network<Real>& network = call_.network;
  if (team_.is_fused && pass.in_place()) {
    const std::int64_t R = network.config.output_size();
    for (std::int64_t r = 0; r < rows; ++r) {
      Real* const x = team_.x.data() + r * R;
      copy(x + unit_, block_inputs_[r] + unit_, units_);
      block_inputs_[r] = x;
    }
  }
  for (std::size_t phase = 0; !team_.is_fused && phase < num_phases_; ++phase) {
    if (!network.phases[phase].has_x()) continue;
    Product<Real> product = network.input_product(pass.state_row, phase, pass.inputs());
    product.inputs = block_inputs_.data();
    const Start<Real> start = network.phases[phase].is_separate() ? network.zeros() : network.bias(pass.state_row, phase);
    network.kernels.affine(team_.z[phase].data(), team_.block_rows, start, product, rows, panels_[phase]);
  }
}

// A phase as far as it is the same for all steps of a block.
template <class Real>
void Worker<Real>::begin_block(const Pass& pass, std::size_t phase) {
  const Network<Real>& network = call_.network;
  const std::int64_t panel = 4 * network.kernels.lanes;
  CellStep<Real>& cell = phases_[phase] = network.step(pass.state_row, phase, team_.is_fused ? pass.inputs() : 0);
  team_.h.place(&cell, phase);
  const bool has_taken_x = !team_.is_fused && network.phases[phase].has_x();
  const Start<Real> taken = {team_.z[phase].data(), team_.block_rows * panel, panel};  // W_ih x of the block's first step
  if (network.phases[phase].is_separate()) {
    cell.start = network.zeros();
    if (has_taken_x) cell.norms[0].from = taken;
  } else {
    cell.start = has_taken_x ? taken : network.bias(pass.state_row, phase);
  }
  cell.products[0].inputs = block_inputs_.data();
  cell.panels = panels_[phase];
  cell.z = z_panel_.data();
  cell.c = team_.c.data();
  cell.c_rows = group_.count();
  cell.moments = moments_.data();
  cell.masks = is_masked_ ? &masks_ : nullptr;
}

// Masks for the kernels; mask(kind, r) is that of a row, or null.
template <class Real>
template <class Mask>
void Worker<Real>::take_masks(std::int64_t rows, const Mask& mask) {
  const auto take = [&](MaskSpec::Kind kind) -> const Real* const* {
    std::vector<const Real*>& of_rows = mask_rows_[kind];
    for (std::int64_t r = 0; r < rows; ++r) of_rows[r] = mask(kind, r);
    return of_rows.front() ? of_rows.data() : nullptr;
  };
  masks_ = {take(MaskSpec::kCandidate), take(MaskSpec::kKeepCell), take(MaskSpec::kKeepHidden), take(MaskSpec::kHidden),
            take(MaskSpec::kOutput)};
}

// In evaluation the rates of zoneout stand in their place, the same in every step.
template <class Real>
void Worker<Real>::take_rates() {
  const Network<Real>& network = call_.network;
  take_masks(group_.count(), [&](MaskSpec::Kind kind, std::int64_t) {
    return kind == MaskSpec::kKeepCell ? network.keep_c.data() : kind == MaskSpec::kKeepHidden ? network.keep_h.data() : nullptr;
  });
}

template <class Real>
void Worker<Real>::run_block(const Pass& pass, std::int64_t step) {
  const Network<Real>& network = call_.network;
  const std::int64_t panel = 4 * network.kernels.lanes;
  const HiddenStates<Real>& h = team_.h;
  for (std::size_t phase = 0; phase < num_phases_; ++phase) begin_block(pass, phase);
  for (const std::int64_t rows : block_active_) {
    const std::int64_t t = pass.time(step);
    for (std::int64_t r = 0; r < rows; ++r) y_[r] = pass.output.at(t, group_.rows[r]);  // (3.3)
    if (!call_.masks.empty()) {
      take_masks(rows, [&](auto kind, auto r) { return call_.masks.row(kind, pass.layer, pass.direction, t, group_.rows[r]); });
    }
    if (rows >= kManyRows && step + 1 < pass.steps) fetch_rows(pass, step + 1, rows);
    const bool writes_later = writes_rows_later(rows);
    for (std::size_t phase = 0; phase < num_phases_; ++phase) {
      CellStep<Real>& cell = phases_[phase];
      cell.rows = rows;
      cell.backwards = step % 2;
      h.connect(&cell, phase, step);
      cell.y = cell.is_last && !writes_later ? y_.data() : nullptr;
      if (network.phases[phase].waits_for_z()) {
        network.kernels.sums(cell);
        team_.barrier.wait();  // what is normalised is z of all units
      }
      call_.trace ? trace_phase(pass, cell, phase, t) : network.compute(cell);
      if (cell.is_last) break;
      team_.barrier.wait();  // the next phase needs all of what this one leaves
    }
    for (std::int64_t r = 0; writes_later && r < rows; ++r) copy(y_[r] + unit_, h.of(step + 1)[r] + unit_, units_);
    if (call_.trace) trace_states(pass, rows, h.of(step + 1), t);
    team_.barrier.wait();  // the next step needs all of h
    for (std::size_t phase = 0; phase < num_phases_; ++phase) {
      if (!network.phases[phase].has_x()) continue;
      CellStep<Real>& cell = phases_[phase];
      if (team_.is_fused) {
        cell.products[0].inputs += rows;
      } else {
        (cell.norm_bias ? cell.norms[0].from : cell.start).data += rows * panel;
      }
    }
    ++step;
  }
}

// Many long rows of y lie so that a panel of them would fall into a few sets of the first-level cache: written whole, after the
// step, they cost 1 to 4 % less of it.
template <class Real>
bool Worker<Real>::writes_rows_later(std::int64_t rows) const {
  constexpr std::int64_t kLongRow = 512 / sizeof(Real);
  return !call_.trace && !masks_.output && rows >= kManyRows && call_.network.config.output_size() >= kLongRow;
}

// Brings what a step reads and writes near while another step is computed: many rows far from each other are no pattern that the
// processor would foresee.
template <class Real>
void Worker<Real>::fetch_rows(const Pass& pass, std::int64_t step, std::int64_t rows) {
  constexpr std::int64_t kCacheLine = 64 / sizeof(Real);
  const std::int64_t t = pass.time(step), inputs = pass.inputs();
  for (std::int64_t r = 0; r < rows; ++r) {
    const Real* const y = pass.output.at(t, group_.rows[r]);
    for (std::int64_t unit = unit_; unit < unit_ + units_; unit += kCacheLine) __builtin_prefetch(y + unit, 1, 2);
    const Real* const x = pass.input.at(t, group_.rows[r]);
    for (std::int64_t k = 0; team_.is_fused && k < inputs; k += kCacheLine) __builtin_prefetch(x + k, 0, 2);
  }
}

// The same in its parts, with everything in between written down. One thread, no fused input.
template <class Real>
void Worker<Real>::trace_phase(const Pass& pass, const CellStep<Real>& step, std::size_t which, std::int64_t t) {
  const Kernels<Real>& kernels = call_.network.kernels;
  const Phase& phase = call_.network.phases[which];
  if (!phase.has_x()) {  // no part of z
    kernels.phase(step);
    if (phase.part == Part::kCell) trace_waiting(pass, step.rows, t);
    return;
  }
  BasicTrace<Real>& trace = (*call_.trace)[pass.state_row];
  const std::int64_t B = call_.inputs.B, H = call_.network.config.hidden_size, z_rows = team_.block_rows;
  const int gates = call_.network.config.gates(), vectors = phase.vectors();
  Real* const z = const_cast<Real*>((step.norm_bias ? step.norms[0].from : step.start).data);  // the team's own
  // One column of all rows, from (P, 4, V) to number `to` of those of H units.
  const auto unpack = [&](std::vector<Real>& all, int column, int to) {
    const std::int64_t size = static_cast<std::int64_t>(all.size()) / (call_.inputs.T * B);
    for (std::int64_t r = 0; r < step.rows; ++r) {
      Real* const at = &all[(t * B + group_.rows[r]) * size + to * H];
      for (std::int64_t unit = 0; unit < H; ++unit) {
        const std::int64_t vector = unit / kernels.lanes, p = vector / vectors;
        at[unit] = z[((p * z_rows + r) * 4 + column * vectors + vector % vectors) * kernels.lanes + unit % kernels.lanes];
      }
    }
  };
  if (phase.waits_for_z()) {
    kernels.normalise(step, z, z_rows);
  } else {
    kernels.affine(z, z_rows, step.start, step.products[0], step.rows, step.panels);
  }
  for (int column = 0; column < phase.columns; ++column) {
    const int gate = phase.x.block(column);
    unpack(trace.z, column, gate >= 0 ? gate : gates);  // n_h comes last
  }
  kernels.pointwise(step, z, z_rows);
  for (int column = 0; column < phase.columns && !trace.gates.empty(); ++column) {
    if (phase.x.block(column) >= 0) unpack(trace.gates, column, phase.x.block(column));
  }
}

// The output gate of an LSTM whose c' was normalised first.
template <class Real>
void Worker<Real>::trace_waiting(const Pass& pass, std::int64_t rows, std::int64_t t) {
  BasicTrace<Real>& trace = (*call_.trace)[pass.state_row];
  const std::int64_t B = call_.inputs.B, H = call_.network.config.hidden_size, lanes = call_.network.kernels.lanes;
  const Start<Real>& waiting = phases_[1].norms[0].from;  // (P, rows, 2, V)
  for (std::int64_t r = 0; r < rows; ++r) {
    Real* const o = &trace.gates[((t * B + group_.rows[r]) * 4 + 3) * H];
    for (std::int64_t unit = 0; unit < H; ++unit) {
      o[unit] = waiting.data[unit / lanes * waiting.panel_size + r * waiting.row_size + lanes + unit % lanes];
    }
  }
}

template <class Real>
void Worker<Real>::trace_states(const Pass& pass, std::int64_t rows, const Real* const* h, std::int64_t t) {
  BasicTrace<Real>& trace = (*call_.trace)[pass.state_row];
  const Config& config = call_.network.config;
  const std::int64_t R = config.output_size(), H = config.hidden_size;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t row = t * call_.inputs.B + group_.rows[r];
    for (std::int64_t unit = 0; config.has_c() && unit < H; ++unit) {
      trace.c[row * H + unit] = cell_state(team_.c.data(), r, unit);
    }
    copy(&trace.h[row * R], h[r], R);
  }
}

template <class Real>
void Worker<Real>::store_states(const Pass& pass) {  // (3.4)
  const BasicOutputs<Real>& outputs = call_.outputs;
  const Config& config = call_.network.config;
  const std::int64_t R = config.output_size(), H = config.hidden_size, lanes = call_.network.kernels.lanes;
  const std::int64_t first = panels_.front().begin * lanes, last = std::min(panels_.front().end * lanes, H);  // of c
  for (std::int64_t r = 0; r < group_.count(); ++r) {
    const std::int64_t row = pass.state_row * call_.inputs.B + group_.rows[r];
    // The row's last step wrote it; a row without steps has its first state in both places.
    const std::int64_t end = pass.direction == 0 ? group_.lengths[r] : pass.steps;
    if (outputs.h_n) copy(outputs.h_n + row * R + unit_, team_.h.of(end)[r] + unit_, units_);
    for (std::int64_t unit = first; config.has_c() && outputs.c_n && unit < last; ++unit) {
      outputs.c_n[row * H + unit] = cell_state(team_.c.data(), r, unit);
    }
  }
}

// c (P, rows, V)
template <class Real>
Real Worker<Real>::cell_state(const Real* c, std::int64_t r, std::int64_t unit) const {
  const std::int64_t lanes = call_.network.kernels.lanes;
  return c[(unit / lanes * group_.count() + r) * lanes + unit % lanes];
}

template class Worker<float>;
template class Worker<double>;

}  // namespace lstm_ref
