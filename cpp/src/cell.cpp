#include "cell.hpp"

#include <utility>

namespace lstm_ref {
namespace {

// The n of a GRU, which waits for its reset gate and so is never normalised together with r and u.
bool is_candidate(const Config& config, int block) { return config.op == Op::kGru && block == 2; }

// (V16) to (V18)
std::vector<Normalised> norms_of_z(const Config& config, const Phase& phase) {
  const bool each = config.layer_norm == LayerNorm::kGate;
  const auto norm = [&](int tensor, const auto& block_of) {
    Normalised norm = {tensor, {-1, -1, -1, -1}, {-1, -1, -1, -1}};
    for (int column = 0; column < phase.columns; ++column) {
      const int block = norm.block[column] = block_of(column);
      if (block < 0) continue;
      int first = column;
      for (int other = column - 1; other >= 0 && !each; --other) {
        const bool together = norm.block[other] >= 0 && is_candidate(config, norm.block[other]) == is_candidate(config, block);
        if (together) first = other;
      }
      norm.add(column, first);
    }
    return norm;
  };
  if (config.layer_norm == LayerNorm::kNone) return {};
  if (config.layer_norm != LayerNorm::kSeparate) return {norm(0, [&](int column) { return phase.number(column, config); })};
  return {norm(0, [&](int column) { return phase.x.block(column); }), norm(1, [&](int column) { return phase.h.block(column); })};
}

std::vector<Phase> phases_with_products(const Config& config) {
  const std::int64_t H = config.hidden_size, R = config.output_size();
  const Columns none = {0, {}}, all = {0, {0, 1, 2, 3}}, only = {0, {0}};
  switch (config.op) {
    case Op::kRnn:
      return {{Part::kRnn, H, H, 1, only, only}};  // n
    case Op::kGru:
      if (config.reset_after) return {{Part::kGruAfter, H, H, 4, {0, {2, 0, 1}}, {1, {0, 1, 2}}}};  // n_x, r, u, n_h
      return {{Part::kGruReset, H, H, 2, {0, {0, 1}}, {0, {0, 1}}},                                 // r, u
              {Part::kGruCandidate, H, H, 1, {0, {2}}, {0, {2}}}};                                  // n
    case Op::kLstm:
      break;
  }
  const Phase lstm = {Part::kLstm, H, R, 4, all, all};  // i, f, g, o
  if (config.proj_size) return {lstm, {Part::kProjection, R, H, 1, none, only}};
  return {lstm};
}

}  // namespace

std::vector<Phase> phases_of(const Config& config) {
  int tensor = config.layer_norm == LayerNorm::kNone ? 0 : config.layer_norm == LayerNorm::kSeparate ? 2 : 1;
  const auto normalising = [&](Part part, std::int64_t units, int columns) {
    Phase phase = {};
    phase.part = part, phase.units = units, phase.columns = columns;
    phase.norms = {{tensor++, {0, -1, -1, -1}, {-1, -1, -1, -1}}};
    phase.norms[0].add(0, 0);
    return phase;
  };
  std::vector<Phase> phases;
  for (Phase& phase : phases_with_products(config)) {
    if (phase.has_x()) phase.norms = norms_of_z(config, phase);
    const bool waits = phase.part == Part::kLstm && config.cell_norm != CellNorm::kNone;
    phases.push_back(std::move(phase));
    if (waits) phases.push_back(normalising(Part::kCell, config.hidden_size, 4));
  }
  if (config.hidden_norm) phases.push_back(normalising(Part::kHidden, config.output_size(), 1));
  return phases;
}

}  // namespace lstm_ref
