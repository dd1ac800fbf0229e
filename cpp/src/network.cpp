#include "network.hpp"

#include <algorithm>

namespace lstm_ref {

template <class Real>
Network<Real>::Network(const Config& config, const std::vector<TensorView>& tensors, const Kernels<Real>& kernels)
    : config(config), kernels(kernels), phases(phases_of(config)) {
  const std::vector<TensorView> matched = match_tensors(config, tensors);
  for (std::size_t i = 0; i < matched.size(); i += tensors_per_state_row(config)) {
    weights.push_back(pack_weights<Real>(config, &matched[i], kernels.lanes));
  }
  for (const Phase& phase : phases) {
    pointwise.push_back({phase.part, config.gate_activation, config.candidate_activation, config.output_activation, config.clip,
                         config.input_forget});
  }
  const Config usual;
  is_plain = config.op == Op::kLstm && !config.proj_size && !config.peephole && !config.input_forget && config.clip == 0 &&
             config.gate_activation == usual.gate_activation && config.candidate_activation == usual.candidate_activation &&
             config.output_activation == usual.output_activation;
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
  step.products[step.num_products++] = {weights[state_row].phases[phase].weight_hh.data(), nullptr, p.K, p.h.first * p.vectors(),
                                        p.h.count() * p.vectors()};
  step.H = p.units;
  step.pointwise = &pointwise[phase];
  step.peephole = config.peephole ? weights[state_row].peephole.data() : nullptr;
  return step;
}

template struct Network<float>;

}  // namespace lstm_ref
