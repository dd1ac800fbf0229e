#include "schedule.hpp"

#include <algorithm>

namespace lstm_ref {
namespace {

// In multiply-adds. Less work than that is done before another thread has woken up;
constexpr double kLeastWork = 4e6;
// less in each step costs more waiting for each other than it saves.
constexpr double kLeastStepWork = 32e3;

// Fewer rows than that read the weights too often.
constexpr std::int64_t kLeastRows = 8;

// Enough rows in a block for its weights to be read from cache or memory once for many products, and few enough for its z
// to stay in the second-level cache.
constexpr std::int64_t kBlockRows = 96;

// Layers that follow each other block by block start late by a block each.
constexpr std::int64_t kLeastBlocks = 8;

}  // namespace

template <class Real>
Plan make_plan(const Call<Real>& call, std::int64_t most_threads) {
  const Config& config = call.network.config;
  const std::int64_t B = call.inputs.B, L = config.num_layers, D = config.directions();
  if (call.trace) return {1, 1, 1};
  const double step_work = 1.0 * config.gates() * config.hidden_size * config.output_size() * B;  // the recurrent part of a layer
  std::int64_t threads = std::clamp<std::int64_t>(step_work * L * D * call.inputs.T / kLeastWork, 1, most_threads);

  Plan plan = {std::clamp<std::int64_t>(B / kLeastRows, 1, threads), 1, 1};
  threads /= plan.groups;
  plan.lanes = std::min(threads, D > 1 ? D : L);
  threads /= plan.lanes;
  const std::int64_t most_members = static_cast<std::int64_t>(step_work / plan.groups / kLeastStepWork);
  plan.members = std::clamp<std::int64_t>(std::min(most_members, call.network.panels()), 1, threads);
  return plan;
}

template <class Real>
Schedule<Real>::Schedule(const Call<Real>& call, const Plan& plan) {
  workers_.reserve(plan.threads());
  for (std::int64_t group = 0; group < plan.groups; ++group) {
    RowGroup& rows = groups_.emplace_back(call, group, plan.groups);
    const bool wavefront = plan.lanes > 1 && call.network.config.directions() == 1;
    const std::int64_t block_rows =
        wavefront ? std::clamp<std::int64_t>(rows.all_steps() / (kLeastBlocks * plan.lanes), 1, kBlockRows) : kBlockRows;
    for (std::int64_t lane = 0; lane < plan.lanes; ++lane) {
      Team<Real>& team = teams_.emplace_back(call, rows, lane, plan.lanes, block_rows, plan.members);
      for (std::int64_t member = 0; member < plan.members; ++member) {
        workers_.emplace_back(call, rows, team, member, plan.members);
      }
    }
  }
}

template Plan make_plan(const Call<float>&, std::int64_t);
template Plan make_plan(const Call<double>&, std::int64_t);
template class Schedule<float>;
template class Schedule<double>;

}  // namespace lstm_ref
