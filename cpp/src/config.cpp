#include "lstm_ref/config.hpp"

#include <optional>
#include <unordered_map>

namespace lstm_ref {
namespace {

constexpr std::int64_t kMaxStateBytes = std::int64_t{1} << 32;  // check 13

void check_size(const char* parameter, std::int64_t size) {
  if (size < 1 || size > kMaxSize) {
    throw Error(parameter, std::to_string(size), "an integer from 1 to " + std::to_string(kMaxSize));
  }
}

}  // namespace

void Config::check() const {
  check_size("input_size", input_size);
  check_size("hidden_size", hidden_size);
  check_size("num_layers", num_layers);
}

std::int64_t tensor_count(const Config& config) { return config.state_rows() * (config.bias ? 4 : 2); }

TensorSpec tensor_spec(const Config& config, std::int64_t index) {
  static const char* const kinds[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
  const int kinds_used = config.bias ? 4 : 2;
  const std::int64_t kind = index % kinds_used, state_row = index / kinds_used;
  const std::int64_t layer = state_row / config.directions();
  const bool reverse = state_row % config.directions() == 1;

  const std::int64_t H = config.hidden_size;
  Shape shape = {4 * H};
  std::string symbols = "(4*H,)";
  if (kind == 0) {
    shape.push_back(config.layer_input_size(layer));
    symbols = layer == 0 ? "(4*H, I)" : "(4*H, D*H)";
  } else if (kind == 1) {
    shape.push_back(H);
    symbols = "(4*H, H)";
  }
  std::string name = std::string(kinds[kind]) + "_l" + std::to_string(layer) + (reverse ? "_reverse" : "");
  return {std::move(name), shape, symbols + " = " + shape_text(shape)};
}

std::vector<TensorView> match_tensors(const Config& config, const std::vector<TensorView>& tensors) {
  std::unordered_map<std::string, const TensorView*> unmatched;
  for (const TensorView& tensor : tensors) {
    if (!unmatched.emplace(tensor.name, &tensor).second) throw Error(tensor.name, "duplicate tensor", "one");
  }
  std::vector<TensorView> matched;
  for (std::int64_t i = 0; i < tensor_count(config); ++i) {
    const TensorSpec spec = tensor_spec(config, i);
    const auto found = unmatched.find(spec.name);
    if (found == unmatched.end()) throw Error(spec.name, "missing", spec.want);
    const TensorView& tensor = *found->second;
    if (tensor.dtype != Dtype::kFloat32) throw Error(spec.name, "dtype I64", "F32");
    if (tensor.shape != spec.shape) throw Error(spec.name, "shape " + shape_text(tensor.shape), spec.want);
    if (!tensor.data) throw Error(spec.name, "missing", spec.want);  // no tensor of a configuration is empty
    matched.push_back(tensor);
    unmatched.erase(found);
  }
  for (const TensorView& tensor : tensors) {
    if (unmatched.count(tensor.name)) throw Error(tensor.name, "unexpected tensor", "only the tensors of the configuration");
  }
  return matched;
}

void check_output_sizes(const Config& config, std::int64_t T, std::int64_t B) {
  const auto bytes = [](const Shape& shape, bool count_zeros) -> std::optional<std::int64_t> {  // nothing: not below 2^63
    std::int64_t size = sizeof(float);
    for (const std::int64_t n : shape) {
      if (n == 0 && count_zeros) return 0;
      if (n != 0 && __builtin_mul_overflow(size, n, &size)) return std::nullopt;
    }
    return size;
  };
  const auto y = bytes({T, B, config.directions() * config.hidden_size}, false);
  const auto states = bytes({2, config.state_rows(), B, config.hidden_size}, true);
  const bool holds_data = T > 0 && B > 0;
  if (!y || (!holds_data && !(states && *states <= kMaxStateBytes))) {
    throw Error("memory", "too little for this case", "a smaller one");
  }
}

}  // namespace lstm_ref
