// The configuration of an LSTM and the tensors it asks for (spec/lstm.md, section 1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lstm_ref/error.hpp"

namespace lstm_ref {

constexpr std::int64_t kMaxSize = 16777216;  // of input_size, hidden_size and num_layers

struct Config {
  std::int64_t input_size = 0;   // I
  std::int64_t hidden_size = 0;  // H
  std::int64_t num_layers = 1;   // L
  bool bias = true;
  bool batch_first = false;
  bool bidirectional = false;

  int directions() const { return bidirectional ? 2 : 1; }   // D
  std::int64_t layer_input_size(std::int64_t layer) const {  // I_l
    return layer == 0 ? input_size : directions() * hidden_size;
  }
  std::int64_t state_rows() const { return num_layers * directions(); }  // L*D
  void check() const;                                                    // throws Error
};

// A tensor that a configuration asks for. `want` reads "(4*H, I) = (16, 3)".
struct TensorSpec {
  std::string name;
  Shape shape;
  std::string want;
};

// The tensors of a configuration in the order of check 7: for each layer, for each direction, weight_ih, weight_hh, then
// bias_ih and bias_hh when `bias` is true. By index, so that a configuration with millions of layers allocates nothing.
std::int64_t tensor_count(const Config& config);
TensorSpec tensor_spec(const Config& config, std::int64_t index);  // 0 <= index < tensor_count(config)

enum class Dtype { kFloat32, kInt64 };

// A tensor somewhere in memory, row-major; `data` need not be aligned.
struct TensorView {
  std::string name;
  Dtype dtype = Dtype::kFloat32;
  Shape shape;
  const void* data = nullptr;
};

// Checks 7 and 8 of spec/model-file.md: exactly the tensors of the configuration. Returns them in the order of tensor_spec().
std::vector<TensorView> match_tensors(const Config& config, const std::vector<TensorView>& tensors);

// Check 13 of spec/model-file.md: throws Error when an x that holds no data claims more rows than are reasonable.
void check_output_sizes(const Config& config, std::int64_t T, std::int64_t B);

}  // namespace lstm_ref
