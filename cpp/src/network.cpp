#include "network.hpp"

namespace lstm_ref {

Network::Network(const Config& config, const std::vector<TensorView>& tensors, const Kernels& kernels)
    : config(config), kernels(kernels) {
  const std::vector<TensorView> matched = match_tensors(config, tensors);
  for (std::size_t i = 0; i < matched.size(); i += config.bias ? 4 : 2) {
    weights.push_back(pack_weights(config, &matched[i], kernels.lanes));
  }
}

}  // namespace lstm_ref
