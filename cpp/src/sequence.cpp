#include "sequence.hpp"

#include <algorithm>
#include <cstring>

namespace lstm_ref {
namespace {

constexpr std::int64_t kManyRows = 8;

void copy(float* to, const float* from, std::int64_t count) { std::memcpy(to, from, count * sizeof(float)); }
void clear(float* to, std::int64_t count) { std::fill_n(to, count, 0.0f); }

}  // namespace

// One layer and direction.
struct Worker::Pass {
  const Network& network;
  std::int64_t layer, state_row;  // state_row = l*D + d
  int direction;
  Sequence<const float> input;
  Sequence<float> output;
  std::int64_t steps;

  const PackedWeights& weights() const { return network.weights[state_row]; }
  Product input_product(const float* const* inputs) const {
    return {weights().weight_ih.data(), inputs, network.config.layer_input_size(layer)};
  }
  bool in_place() const { return layer > 0 && input.data == output.data; }
  std::int64_t time(std::int64_t step) const { return direction == 0 ? step : steps - 1 - step; }  // (3.1), (3.2)
};

Worker::Worker(const Call& call, RowGroup& group, Team& team, PanelRange panels)
    : call_(call),
      group_(group),
      team_(team),
      panels_(panels),
      unit_(panels.begin * call.network.kernels.lanes),
      units_(std::min(panels.end * call.network.kernels.lanes, call.network.config.hidden_size) - unit_),
      block_inputs_(team.block_rows),
      y_(group.count()),
      z_panel_(AlignedBuffer::uninitialized(checked_product(group.count(), 4 * call.network.kernels.lanes))) {
  block_active_.reserve(team.block_rows);
}

void Worker::run() {
  const Config& config = call_.network.config;
  const std::int64_t T = call_.inputs.T, B = call_.inputs.B, I = config.input_size, L = config.num_layers;
  const std::int64_t D = config.directions(), H = config.hidden_size;
  const auto sequence = [&](auto* data, std::int64_t features) -> Sequence<std::remove_pointer_t<decltype(data)>> {
    if (config.batch_first) return {data, features, T * features};
    return {data, B * features, features};
  };
  const Sequence<float> y = sequence(call_.outputs.y, D * H);
  // When D = 1 every layer overwrites its own input in y, block by block. When D = 2 the reverse direction still needs the
  // input after the forward one, so that the layers alternate between y and the buffer, and the last one ends in y.
  const Sequence<float> buffer = {call_.layer_buffer.data(), B * D * H, D * H};

  Sequence<const float> input = sequence(call_.inputs.x, I);  // x_0 = x
  for (std::int64_t layer = 0; layer < L; ++layer) {
    const Sequence<float> output = D == 1 || (L - 1 - layer) % 2 == 0 ? y : buffer;
    for (int direction = 0; direction < D; ++direction) {
      if ((D == 1 ? layer : direction) % team_.lanes != team_.lane) continue;
      run_pass({call_.network,
                layer,
                layer * D + direction,
                direction,
                input,
                {output.data + direction * H, output.step_size, output.row_size},
                group_.steps()});  // (4.1)
    }
    input = output.read_only();  // (4.2)
  }
}

void Worker::run_pass(const Pass& pass) {
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
    if (panels_.begin == 0) finished.advance(steps);
  }
  store_states(pass);
}

void Worker::load_states(const Pass& pass) {
  const Inputs& inputs = call_.inputs;
  const std::int64_t H = call_.network.config.hidden_size, lanes = call_.network.kernels.lanes;
  for (std::int64_t r = 0; r < group_.count(); ++r) {
    const std::int64_t at = (pass.state_row * inputs.B + group_.rows[r]) * H;
    for (int which = 0; which < 2; ++which) {  // a row's first step may read either
      float* const h = team_.h.of(which)[r] + unit_;
      inputs.h_0 ? copy(h, inputs.h_0 + at + unit_, units_) : clear(h, units_);
    }
    for (std::int64_t p = panels_.begin; p < panels_.end; ++p) {
      const std::int64_t unit = p * lanes, count = std::min(lanes, H - unit);
      float* const c = team_.c.data() + (p * group_.count() + r) * lanes;
      inputs.c_0 ? copy(c, inputs.c_0 + at + unit, count) : clear(c, count);
    }
  }
}

// Lists as many steps from `step` on as a block holds, at least one; gives the number of their rows.
std::int64_t Worker::list_block(const Pass& pass, std::int64_t step) {
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
void Worker::take_inputs(const Pass& pass, std::int64_t rows) {
  const Network& network = call_.network;
  if (!team_.is_fused) {
    const Start bias = {pass.weights().bias.data(), 4 * network.kernels.lanes, 0};
    network.kernels.affine(team_.z.data(), team_.block_rows, bias, pass.input_product(block_inputs_.data()), rows, panels_);
  } else if (pass.in_place()) {
    const std::int64_t H = network.config.hidden_size;
    for (std::int64_t r = 0; r < rows; ++r) {
      float* const x = team_.x.data() + r * H;
      copy(x + unit_, block_inputs_[r] + unit_, units_);
      block_inputs_[r] = x;
    }
  }
}

void Worker::run_block(const Pass& pass, std::int64_t step) {
  const Kernels& kernels = call_.network.kernels;
  const std::int64_t H = call_.network.config.hidden_size, gates = 4 * kernels.lanes;
  const HiddenStates& h = team_.h;
  CellStep cell = {};
  if (team_.is_fused) {
    cell.start = {pass.weights().bias.data(), gates, 0};
    cell.products[cell.num_products++] = pass.input_product(block_inputs_.data());
  } else {
    cell.start = {team_.z.data(), team_.block_rows * gates, gates};
  }
  Product& recurrent = cell.products[cell.num_products++];
  recurrent = {pass.weights().weight_hh.data(), nullptr, H};
  cell.H = H;
  cell.panels = panels_;
  cell.z = z_panel_.data();
  cell.c = team_.c.data();
  cell.c_rows = group_.count();
  for (const std::int64_t rows : block_active_) {
    const std::int64_t t = pass.time(step);
    for (std::int64_t r = 0; r < rows; ++r) y_[r] = pass.output.at(t, group_.rows[r]);  // (3.3)
    cell.rows = rows;
    cell.backwards = step % 2;
    recurrent.inputs = h.of(step);
    cell.h = h.of(step + 1);
    if (rows >= kManyRows && step + 1 < pass.steps) fetch_rows(pass, step + 1, rows);
    cell.y = writes_rows_later(rows) ? nullptr : y_.data();
    call_.trace ? trace_step(pass, cell, t) : kernels.cell(cell);
    for (std::int64_t r = 0; !cell.y && r < rows; ++r) copy(y_[r] + unit_, cell.h[r] + unit_, units_);
    team_.barrier.wait();  // the next step needs all of h
    if (team_.is_fused) {
      cell.products[0].inputs += rows;
    } else {
      cell.start.data += rows * gates;
    }
    ++step;
  }
}

// Many long rows of y lie so that a panel of them would fall into a few sets of the first-level cache: written whole, after the
// step, they cost 1 to 4 % less of it.
bool Worker::writes_rows_later(std::int64_t rows) const {
  constexpr std::int64_t kLongRow = 128;  // floats
  return !call_.trace && rows >= kManyRows && call_.network.config.hidden_size >= kLongRow;
}

// Brings what a step reads and writes near while another step is computed: many rows far from each other are no pattern that the
// processor would foresee.
void Worker::fetch_rows(const Pass& pass, std::int64_t step, std::int64_t rows) {
  constexpr std::int64_t kCacheLine = 16;  // floats
  const std::int64_t t = pass.time(step), inputs = pass.input_product(nullptr).K;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* const y = pass.output.at(t, group_.rows[r]);
    for (std::int64_t unit = unit_; unit < unit_ + units_; unit += kCacheLine) __builtin_prefetch(y + unit, 1, 2);
    const float* const x = pass.input.at(t, group_.rows[r]);
    for (std::int64_t k = 0; team_.is_fused && k < inputs; k += kCacheLine) __builtin_prefetch(x + k, 0, 2);
  }
}

// The same in its parts, with everything in between written down. One thread, no fused input.
void Worker::trace_step(const Pass& pass, const CellStep& cell, std::int64_t t) {
  const Kernels& kernels = call_.network.kernels;
  Trace& trace = (*call_.trace)[pass.state_row];
  const std::int64_t H = cell.H, z_rows = team_.block_rows;
  float* const z = const_cast<float*>(cell.start.data);              // the team's own
  const auto unpack = [&](std::vector<float>& to, std::int64_t r) {  // (P, 4, V) -> (4*H,)
    float* at = &to[(t * call_.inputs.B + group_.rows[r]) * 4 * H];
    for (int gate = 0; gate < 4; ++gate) {
      for (std::int64_t unit = 0; unit < H; ++unit) {
        *at++ = z[((unit / kernels.lanes * z_rows + r) * 4 + gate) * kernels.lanes + unit % kernels.lanes];
      }
    }
  };
  kernels.affine(z, z_rows, cell.start, cell.products[0], cell.rows, cell.panels);  // (2.1)
  for (std::int64_t r = 0; r < cell.rows; ++r) unpack(trace.z, r);
  kernels.step(z, z_rows, cell.c, cell.c_rows, cell.h, cell.rows, cell.panels);  // (2.2)-(2.4)
  for (std::int64_t r = 0; r < cell.rows; ++r) {
    unpack(trace.gates, r);
    const std::int64_t at = (t * call_.inputs.B + group_.rows[r]) * H;
    for (std::int64_t unit = 0; unit < H; ++unit) trace.c[at + unit] = cell_state(cell.c, r, unit);
    copy(&trace.h[at], cell.h[r], H);
    copy(cell.y[r], cell.h[r], H);
  }
}

void Worker::store_states(const Pass& pass) {  // (3.4)
  const Outputs& outputs = call_.outputs;
  const std::int64_t H = call_.network.config.hidden_size;
  for (std::int64_t r = 0; r < group_.count(); ++r) {
    const std::int64_t at = (pass.state_row * call_.inputs.B + group_.rows[r]) * H;
    // The row's last step wrote it; a row without steps has its first state in both places.
    const std::int64_t end = pass.direction == 0 ? group_.lengths[r] : pass.steps;
    if (outputs.h_n) copy(outputs.h_n + at + unit_, team_.h.of(end)[r] + unit_, units_);
    for (std::int64_t unit = unit_; outputs.c_n && unit < unit_ + units_; ++unit) {
      outputs.c_n[at + unit] = cell_state(team_.c.data(), r, unit);
    }
  }
}

// c (P, rows, V)
float Worker::cell_state(const float* c, std::int64_t r, std::int64_t unit) const {
  const std::int64_t lanes = call_.network.kernels.lanes;
  return c[(unit / lanes * group_.count() + r) * lanes + unit % lanes];
}

}  // namespace lstm_ref
