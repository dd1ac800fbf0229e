// The configuration of a network and the tensors it asks for (spec/lstm.md, section 1; spec/variants.md, section 2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lstm_ref/activation.hpp"
#include "lstm_ref/error.hpp"

namespace lstm_ref {

constexpr std::int64_t kMaxSize = 16777216;  // of input_size, hidden_size and num_layers

enum class Op { kLstm, kGru, kRnn };

enum class Dtype { kFloat32, kFloat64, kBfloat16, kInt64 };
enum class LayerNorm { kNone, kJoint, kGate, kSeparate };  // (V16) to (V18)
enum class CellNorm { kNone, kOutput, kState };            // (V20), (V19)

struct Config {
  std::int64_t input_size = 0;   // I
  std::int64_t hidden_size = 0;  // H
  std::int64_t num_layers = 1;   // L
  bool bias = true;
  bool batch_first = false;
  bool bidirectional = false;

  Op op = Op::kLstm;
  // Options. One that the op does not have must be at its default.
  std::int64_t proj_size = 0;  // R, if not 0
  bool peephole = false, input_forget = false, reset_after = true;
  float clip = 0;  // 0: none
  Activation gate_activation = {Function::kSigmoid};
  Activation candidate_activation = {Function::kTanh};
  Activation output_activation = {Function::kTanh};
  Dtype dtype = Dtype::kFloat32;  // of all numbers; kBfloat16: of the weight matrices only, and float32 of the rest
  LayerNorm layer_norm = LayerNorm::kNone;
  CellNorm cell_norm = CellNorm::kNone;
  bool hidden_norm = false;
  float norm_epsilon = 1e-5f;
  float recurrent_dropout = 0, candidate_dropout = 0, zoneout_h = 0, zoneout_c = 0, dropout = 0;  // rates

  int directions() const { return bidirectional ? 2 : 1; }                          // D
  std::int64_t output_size() const { return proj_size ? proj_size : hidden_size; }  // R, the size of h
  int gates() const { return op == Op::kLstm ? 4 : op == Op::kGru ? 3 : 1; }        // H rows of weight_ih each
  bool has_c() const { return op == Op::kLstm; }
  bool is_random() const;                                    // whether a run may be given a seed or masks
  std::int64_t layer_input_size(std::int64_t layer) const {  // I_l
    return layer == 0 ? input_size : directions() * output_size();
  }
  std::int64_t state_rows() const { return num_layers * directions(); }  // L*D
  void check() const;                                                    // throws Error
};

const char* name_of(Op op);

// Throws Error unless Real is what a network of this dtype computes in.
template <class Real>
void check_real(const Config& config);

// f(float()) or f(double()), whichever a network of this dtype computes in.
template <class F>
auto with_real(const Config& config, const F& f) {
  return config.dtype == Dtype::kFloat64 ? f(double()) : f(float());
}

// "(L*D, B, R) = (2, 3, 4)": the shape of h_0 and h_n, or of c_0 and c_n, for an error about them.
std::string state_text(const Config& config, std::int64_t B, bool is_c);

// A tensor that a configuration asks for. `want` reads "(4*H, I) = (16, 3)".
struct TensorSpec {
  std::string name;
  Dtype stored_as;  // in a file; in memory kBfloat16 is kFloat32, with values of bfloat16
  Shape shape;
  std::string want;
};

// The tensors of a configuration in the order of check 7: for each layer, for each direction, weight_ih, weight_hh, then
// bias_ih and bias_hh when `bias` is true, then those of the options. By index, so that a configuration with millions of layers
// allocates nothing.
std::int64_t tensors_per_state_row(const Config& config);
std::int64_t tensor_count(const Config& config);
TensorSpec tensor_spec(const Config& config, std::int64_t index);  // 0 <= index < tensor_count(config)

// A mask that a training run asks for (spec/variants.md, section 8).
struct MaskSpec {
  enum Kind { kHidden, kCandidate, kKeepHidden, kKeepCell, kOutput, kKinds };

  std::string name;  // mask_h_l0_reverse
  Shape shape;
  std::string want;
  Kind kind;
  std::int64_t layer;
  int direction;  // 0 for mask_y, which is of both

  bool keeps() const { return kind == kKeepHidden || kind == kKeepCell; }
};

// The masks of a run over so many steps and rows in the order of check 11: for each layer, for each direction mask_h,
// mask_candidate, keep_h, keep_c, as far as there are such, then mask_y.
std::int64_t mask_count(const Config& config);
MaskSpec mask_spec(const Config& config, std::int64_t index, std::int64_t T, std::int64_t B);  // 0 <= index < mask_count(config)
float rate_of(const Config& config, MaskSpec::Kind kind);

// What check 12 lets an inputs file hold: "only x, h_0, c_0, lengths".
std::string inputs_text(const Config& config);

// A tensor somewhere in memory, row-major; `data` need not be aligned.
struct TensorView {
  std::string name;
  Dtype dtype = Dtype::kFloat32;
  Shape shape;
  const void* data = nullptr;
};

// Checks 7 and 8 of spec/model-file.md: exactly the tensors of the configuration, in memory or as they are in a file. Returns
// them in the order of tensor_spec().
std::vector<TensorView> match_tensors(const Config& config, const std::vector<TensorView>& tensors, bool in_file = false);

// Check 13 of spec/model-file.md: throws Error when an x that holds no data claims more rows than are reasonable.
void check_output_sizes(const Config& config, std::int64_t T, std::int64_t B);

}  // namespace lstm_ref
