#include "network.hpp"

#include <algorithm>

namespace lstm_ref {

template <class Real>
Network<Real>::Network(const Config& config, const std::vector<TensorView>& tensors, const Kernels<Real>& kernels)
    : config(config), kernels(kernels), phases(phases_of(config)) {
  const std::vector<TensorView> matched = match_tensors(config, tensors);
  for (std::size_t i = 0; i < matched.size(); i += tensors_per_state_row(config)) {
    weights.push_back(pack_weights<Real>(config, &matched[i], kernels.lanes, kernels.reads_bfloat16));
  }
  const Config usual;
  const bool is_usual = config.gate_activation == usual.gate_activation &&
                        config.candidate_activation == usual.candidate_activation &&
                        config.output_activation == usual.output_activation;
  for (const Phase& phase : phases) {
    pointwise.push_back({phase.part, config.gate_activation, config.candidate_activation, config.output_activation, config.clip,
                         config.input_forget, phase.columns, config.norm_epsilon, config.cell_norm == CellNorm::kState,
                         is_usual});
  }
  const auto filled = [](std::int64_t size, float value) {
    auto buffer = AlignedBuffer<Real>::uninitialized(size);
    std::fill_n(buffer.data(), size, static_cast<Real>(value));
    return buffer;
  };
  zero_start = filled(4 * kernels.lanes, 0);
  if (config.zoneout_h > 0) keep_h = filled(config.output_size(), config.zoneout_h);
  if (config.zoneout_c > 0) keep_c = filled(config.hidden_size, config.zoneout_c);
  is_plain = config.op == Op::kLstm && !config.proj_size && !config.peephole && !config.input_forget && config.clip == 0 &&
             is_usual && config.layer_norm == usual.layer_norm && config.cell_norm == usual.cell_norm && !config.hidden_norm;
}

template <class Real>
std::int64_t Network<Real>::padded_units() const {
  std::int64_t units = 0;
  for (const Phase& phase : phases) units = std::max(units, phase.panels(kernels.lanes) * phase.vectors() * kernels.lanes);
  return units;
}

template <class Real>
Product<Real> Network<Real>::input_product(std::int64_t state_row, std::size_t phase, std::int64_t inputs) const {
  const Phase& p = phases[phase];
  return {weights[state_row].phases[phase].weight_ih.data(), nullptr, inputs, p.x.first * p.vectors(), p.x.count() * p.vectors()};
}

template <class Real>
CellStep<Real> Network<Real>::step(std::int64_t state_row, std::size_t phase, std::int64_t inputs) const {
  const Phase& p = phases[phase];
  CellStep<Real> step = {};
  if (inputs > 0 && p.has_x()) step.products[step.num_products++] = input_product(state_row, phase, inputs);
  const PackedPhase<Real>& packed = weights[state_row].phases[phase];
  if (p.has_product()) {
    step.products[step.num_products++] = {packed.weight_hh.data(), nullptr, p.K, p.h.first * p.vectors(),
                                          p.h.count() * p.vectors()};
  }
  for (const Normalised& norm : p.norms) {
    const PackedNorm<Real>& by = packed.norms[step.num_norms];
    step.norms[step.num_norms++] = {{}, norm.group.data(), norm.together.data(), by.gain.data(), by.shift.data()};
  }
  if (p.is_separate()) step.norm_bias = packed.bias.data();
  step.H = p.units;
  step.is_last = phase + 1 == phases.size();
  step.pointwise = &pointwise[phase];
  step.peephole = config.peephole ? weights[state_row].peephole.data() : nullptr;
  return step;
}

template <class Real>
HiddenStates<Real>::HiddenStates(const Network<Real>& network, std::int64_t rows, bool drops)
    : network_(network), rows_(rows), drops_(drops), h_(rows, network.padded_units()) {
  const auto row_pair = [&](bool needed) { return needed ? RowPair<Real>(rows, network.padded_units()) : RowPair<Real>(); };
  between_ = row_pair(network.phases.size() > 1);
  dropped_ = row_pair(drops);
  unnormalised_ = row_pair(network.config.hidden_norm);
  std::array<std::int64_t, 2> sizes = {};
  for (std::size_t phase = 0; phase < network.phases.size(); ++phase) {
    for (std::size_t i = 0; network.phases[phase].waits_for_z() && i < network.phases[phase].norms.size(); ++i) {
      sizes[i] = std::max(sizes[i], network.z_size(phase, rows));
    }
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) sums_[i] = AlignedBuffer<Real>::uninitialized(sizes[i]);
  if (network.config.cell_norm != CellNorm::kNone) {
    waiting_ = AlignedBuffer<Real>::uninitialized(checked_product(2, network.c_size(rows)));
  }
}

template <class Real>
void HiddenStates<Real>::place(CellStep<Real>* step, std::size_t phase) const {
  const std::int64_t lanes = network_.kernels.lanes;
  const Part part = network_.phases[phase].part;
  step->waiting = waiting_.data();
  step->sums_rows = rows_;
  for (int i = 0; i < step->num_norms; ++i) {
    step->sums[i] = sums_[i].data();
    step->norms[i].from = {sums_[i].data(), rows_ * 4 * lanes, 4 * lanes};
  }
  if (part == Part::kCell) step->norms[0].from = {waiting_.data(), rows_ * 2 * lanes, 2 * lanes};
  if (part == Part::kHidden) step->norms[0].from = unnormalised_.panels(0, lanes);
}

template <class Real>
void HiddenStates<Real>::connect(CellStep<Real>* step, std::size_t phase, std::int64_t s) const {
  const std::vector<Phase>& phases = network_.phases;
  Real* const* const inputs = phase > 0 ? between_[0] : drops_ ? dropped(s) : of(s);  // m of (V7), r * h of (V11), or h
  if (step->num_products > 0) step->products[step->num_products - 1].inputs = inputs;
  step->old_h = of(s);
  step->h = step->is_last ? of(s + 1) : phases[phase + 1].part == Part::kHidden ? unnormalised_[0] : between_[0];
  step->dropped_h = drops_ ? dropped(s + 1) : nullptr;
  step->u = between_[1];
}

template struct Network<float>;
template struct Network<double>;
template class HiddenStates<float>;
template class HiddenStates<double>;

}  // namespace lstm_ref
