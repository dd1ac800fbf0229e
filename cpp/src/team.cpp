#include "team.hpp"

#include <algorithm>
#include <numeric>

namespace lstm_ref {

// Neighbours stay together, since their y may share a cache line, which two threads had better not write by turns; but where
// lengths differ the rows are dealt out from the longest to the shortest, so that each group has as much to do.
template <class Real>
RowGroup::RowGroup(const Call<Real>& call, std::int64_t group, std::int64_t groups) : finished(call.network.weights.size()) {
  const BasicInputs<Real>& inputs = call.inputs;
  if (!inputs.lengths) {
    const std::int64_t first = inputs.B * group / groups, end = inputs.B * (group + 1) / groups;
    rows.resize(end - first);
    std::iota(rows.begin(), rows.end(), first);
    lengths.assign(end - first, inputs.T);
    return;
  }
  const auto length = [&](std::int64_t b) { return inputs.lengths[b]; };
  std::vector<std::int64_t> sorted(inputs.B);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::stable_sort(sorted.begin(), sorted.end(), [&](std::int64_t a, std::int64_t b) { return length(a) > length(b); });
  for (std::int64_t i = group; i < inputs.B; i += groups) {
    rows.push_back(sorted[i]);
    lengths.push_back(length(sorted[i]));
  }
}

std::int64_t RowGroup::all_steps() const { return std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}); }

namespace {

// Whether W_ih x is better computed in each step than for a block of steps: where a block holds few steps, so that it would
// hardly read the weights less often, and where all weights stay in the first-level cache anyway.
template <class Real>
bool fuses_input(const Call<Real>& call, const RowGroup& group, std::int64_t block_rows) {
  constexpr std::int64_t kFewSteps = 4;
  constexpr std::int64_t kSmallWeights = 40960 / sizeof(Real);
  const Config& config = call.network.config;
  if (call.trace) return false;  // which shows every row of z
  if (block_rows < kFewSteps * group.count()) return true;
  const std::int64_t inputs = std::max(config.input_size, config.layer_input_size(config.num_layers - 1));
  return inputs + config.output_size() <= kSmallWeights / (config.gates() * config.hidden_size);
}

std::int64_t rows_of_block(const RowGroup& group, std::int64_t most) {
  return std::min(group.all_steps(), std::max(group.count(), most));
}

}  // namespace

template <class Real>
Team<Real>::Team(const Call<Real>& call, const RowGroup& group, int lane, int lanes, std::int64_t most_block_rows, int members)
    : lane(lane),
      lanes(lanes),
      block_rows(rows_of_block(group, most_block_rows)),
      is_fused(fuses_input(call, group, block_rows)),
      barrier(members),
      h(call.network, group.count(), !call.masks.empty() && call.network.config.recurrent_dropout > 0),
      c(AlignedBuffer<Real>::zeros(call.network.c_size(group.count()))) {
  const Config& config = call.network.config;
  if (!is_fused) {
    for (std::size_t phase = 0; phase < call.network.phases.size(); ++phase) {
      if (call.network.phases[phase].has_x())
        z[phase] = AlignedBuffer<Real>::uninitialized(call.network.z_size(phase, block_rows));
    }
  } else if (config.num_layers > 1 && config.directions() == 1) {
    x = AlignedBuffer<Real>::uninitialized(checked_product(block_rows, config.output_size()));
  }
}

template RowGroup::RowGroup(const Call<float>&, std::int64_t, std::int64_t);
template RowGroup::RowGroup(const Call<double>&, std::int64_t, std::int64_t);
template struct Team<float>;
template struct Team<double>;

}  // namespace lstm_ref
