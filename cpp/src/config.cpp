#include "lstm_ref/config.hpp"

#include <cmath>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "choices.hpp"
#include "fp_environment.hpp"
#include "lstm_ref/bfloat16.hpp"

namespace lstm_ref {
namespace {

constexpr std::int64_t kMaxStateBytes = std::int64_t{1} << 32;  // check 13

void check_size(const char* parameter, std::int64_t size) {
  if (size < 1 || size > kMaxSize) {
    throw Error(parameter, std::to_string(size), "an integer from 1 to " + std::to_string(kMaxSize));
  }
}

// What an op does not have must be at its default.
void check_has(const Config& config, const char* option, bool is_default) {
  const char* const reason = why_not(config.op, option);
  if (reason && !is_default) {
    throw Error(option, std::string("not for op \"") + name_of(config.op) + '"', std::string("no such key: ") + reason);
  }
}

void check_activation(const Config& config, const std::string& option, const Activation& activation, Function usual) {
  check_has(config, option.c_str(), activation == Activation{usual});
  const float values[] = {activation.alpha, activation.beta};
  for (int k = 0; k < named(activation.function).parameters; ++k) {
    if (!std::isfinite(values[k])) throw Error(option + '[' + std::to_string(k + 1) + ']', "a number", kWantNumber);
  }
}

void check_rate(const Config& config, const char* option, float rate) {
  check_has(config, option, rate == 0);
  if (!(rate >= 0 && rate < 1)) throw Error(option, "a number", kWantRate);
}

// What makes no sense together (spec/variants.md, section 2, the second table), in its order.
void check_pairs(const Config& config) {
  const auto refuse = [](const char* option, const std::string& got, const char* want, const char* reason) {
    throw Error(option, got, std::string(want) + ": " + reason);
  };
  const LayerNorm norm = config.layer_norm;
  const std::string norm_text = std::string("\"") + kLayerNorms[static_cast<int>(norm)] + '"';
  if (config.op == Op::kGru && norm == LayerNorm::kJoint) {
    refuse("layer_norm", norm_text, "\"none\", \"gate\" or \"separate\"", "the candidate of a GRU waits for its reset gate");
  }
  if (config.op == Op::kRnn && norm == LayerNorm::kGate) {
    refuse("layer_norm", norm_text, "\"none\", \"joint\" or \"separate\"", "a plain RNN has no gates");
  }
  if (config.input_forget && (norm == LayerNorm::kJoint || norm == LayerNorm::kSeparate)) {
    refuse("layer_norm", norm_text, "\"none\" or \"gate\"", "coupled gates have no forget gate to normalise");
  }
  const bool normalises = norm != LayerNorm::kNone || config.cell_norm != CellNorm::kNone || config.hidden_norm;
  if (config.norm_epsilon != Config().norm_epsilon && !normalises) {
    refuse("norm_epsilon", "a number", "1e-05", "nothing is normalised");
  }
  if (config.dropout > 0 && config.num_layers == 1) {
    refuse("dropout", "a number", "0", "nothing is between the layers of one");
  }
}

}  // namespace

const char* name_of(Op op) { return op == Op::kLstm ? "lstm" : op == Op::kGru ? "gru" : "rnn"; }

const char* why_not(Op op, std::string_view option) {
  struct Row {
    Op op;
    const char *option, *reason;
  };
  static constexpr Row rows[] = {
      {Op::kLstm, "reset_after", "an LSTM has no reset gate"},
      {Op::kGru, "proj_size", "only an LSTM is projected, as in PyTorch"},
      {Op::kGru, "peephole", "a GRU has no cell state to look at"},
      {Op::kGru, "input_forget", "the gates of a GRU are coupled as it is"},
      {Op::kGru, "output_activation", "the output of a GRU is its state"},
      {Op::kRnn, "proj_size", "only an LSTM is projected, as in PyTorch"},
      {Op::kRnn, "peephole", "a plain RNN has no cell state to look at"},
      {Op::kRnn, "input_forget", "a plain RNN has no gates"},
      {Op::kRnn, "reset_after", "a plain RNN has no gates"},
      {Op::kRnn, "gate_activation", "a plain RNN has no gates"},
      {Op::kRnn, "output_activation", "the output of a plain RNN is its state"},
      {Op::kGru, "cell_norm", "a GRU has no cell state to normalise"},
      {Op::kRnn, "cell_norm", "a plain RNN has no cell state to normalise"},
      {Op::kRnn, "candidate_dropout", "the candidate of a plain RNN is its state"},
      {Op::kGru, "zoneout_c", "a GRU has no cell state to keep"},
      {Op::kRnn, "zoneout_c", "a plain RNN has no cell state to keep"},
  };
  for (const Row& row : rows) {
    if (row.op == op && option == row.option) return row.reason;
  }
  return nullptr;
}

template <class Real>
void check_real(const Config& config) {
  const auto quoted = [](Dtype dtype) { return std::string("\"") + named(dtype).name + '"'; };
  if (sizeof(Real) == static_cast<std::size_t>(named(real_of(config)).size)) return;
  throw Error("dtype", quoted(config.dtype),
              sizeof(Real) == 8 ? quoted(Dtype::kFloat64) : quoted(Dtype::kFloat32) + " or " + quoted(Dtype::kBfloat16));
}

template void check_real<float>(const Config&);
template void check_real<double>(const Config&);

bool Config::is_random() const {
  const FpEnvironment fp_environment;
  return recurrent_dropout > 0 || candidate_dropout > 0 || zoneout_h > 0 || zoneout_c > 0 || dropout > 0;
}

void Config::check() const {
  const FpEnvironment fp_environment;  // or a subnormal number might count as 0
  check_size("input_size", input_size);
  check_size("hidden_size", hidden_size);
  check_size("num_layers", num_layers);
  check_has(*this, "proj_size", proj_size == 0);
  if (proj_size < 0 || proj_size > kMaxSize) {
    throw Error("proj_size", std::to_string(proj_size), "0, or an integer from 1 to " + std::to_string(kMaxSize));
  }
  check_has(*this, "peephole", !peephole);
  check_has(*this, "input_forget", !input_forget);
  check_has(*this, "reset_after", reset_after);
  if (!(clip >= 0) || !std::isfinite(clip)) throw Error("clip", "a number", kWantClip);
  check_activation(*this, "gate_activation", gate_activation, Function::kSigmoid);
  check_activation(*this, "candidate_activation", candidate_activation, Function::kTanh);
  check_activation(*this, "output_activation", output_activation, Function::kTanh);
  check_has(*this, "cell_norm", cell_norm == CellNorm::kNone);
  if (!(norm_epsilon > 0) || !std::isfinite(norm_epsilon)) throw Error("norm_epsilon", "a number", kWantEpsilon);
  check_rate(*this, "recurrent_dropout", recurrent_dropout);
  check_rate(*this, "candidate_dropout", candidate_dropout);
  check_rate(*this, "zoneout_h", zoneout_h);
  check_rate(*this, "zoneout_c", zoneout_c);
  check_rate(*this, "dropout", dropout);
  if (dtype == Dtype::kInt64) throw Error("dtype", "\"int64\"", kWantDtype);
  if (proj_size >= hidden_size) {
    throw Error("proj_size", std::to_string(proj_size),
                "an integer from 0 to hidden_size - 1 = " + std::to_string(hidden_size - 1));
  }
  check_pairs(*this);
}

std::string state_text(const Config& config, std::int64_t B, bool is_c) {
  const bool projected = !is_c && config.proj_size > 0;
  return std::string(projected ? "(L*D, B, R) = " : "(L*D, B, H) = ") +
         shape_text({config.state_rows(), B, is_c ? config.hidden_size : config.output_size()});
}

std::int64_t tensors_per_state_row(const Config& config) {
  const int layer_norms = config.layer_norm == LayerNorm::kNone ? 0 : config.layer_norm == LayerNorm::kSeparate ? 2 : 1;
  const int norms = layer_norms + (config.cell_norm != CellNorm::kNone) + config.hidden_norm;
  return 2 + (config.bias ? 2 : 0) + (config.proj_size > 0) + config.peephole + 2 * norms;  // a gain and a shift each
}

std::int64_t tensor_count(const Config& config) { return config.state_rows() * tensors_per_state_row(config); }

TensorSpec tensor_spec(const Config& config, std::int64_t index) {
  const std::int64_t state_row = index / tensors_per_state_row(config);
  const std::int64_t layer = state_row / config.directions();
  const bool reverse = state_row % config.directions() == 1;
  const std::int64_t H = config.hidden_size, R = config.output_size(), rows = config.gates() * H;
  const std::string letter = config.proj_size ? "R" : "H",
                    size = config.gates() == 1 ? "H" : std::to_string(config.gates()) + "*H";

  std::int64_t left = index % tensors_per_state_row(config);  // tensors of this layer and direction still to be passed over
  const auto spec = [&](const char* kind, const std::string& symbols, const Shape& shape) {
    std::string name = std::string(kind) + "_l" + std::to_string(layer) + (reverse ? "_reverse" : "");
    const Dtype dtype = config.dtype == Dtype::kBfloat16 && shape.size() < 2 ? Dtype::kFloat32 : config.dtype;
    return TensorSpec{std::move(name), dtype, shape, symbols + " = " + shape_text(shape)};
  };
  if (left-- == 0) {
    return spec("weight_ih", '(' + size + (layer == 0 ? ", I)" : ", D*" + letter + ')'), {rows, config.layer_input_size(layer)});
  }
  if (left-- == 0) return spec("weight_hh", '(' + size + ", " + letter + ')', {rows, R});
  if (config.bias) {
    if (left-- == 0) return spec("bias_ih", '(' + size + ",)", {rows});
    if (left-- == 0) return spec("bias_hh", '(' + size + ",)", {rows});
  }
  if (config.proj_size && left-- == 0) return spec("weight_hr", "(R, H)", {R, H});
  if (config.peephole && left-- == 0) return spec("weight_peephole", "(3*H,)", {3 * H});

  const auto multiple = [](std::int64_t n) { return n == 1 ? std::string("(H,)") : '(' + std::to_string(n) + "*H,)"; };
  const std::int64_t G = config.gates(), C = config.op == Op::kGru && config.reset_after ? 4 : G;
  if (config.layer_norm == LayerNorm::kSeparate) {
    if (left-- == 0) return spec("weight_norm_ih", multiple(G), {rows});
    if (left-- == 0) return spec("bias_norm_ih", multiple(G), {rows});
    if (left-- == 0) return spec("weight_norm_hh", multiple(G), {rows});
    if (left-- == 0) return spec("bias_norm_hh", multiple(G), {rows});
  } else if (config.layer_norm != LayerNorm::kNone) {
    if (left-- == 0) return spec("weight_norm", multiple(C), {C * H});
    if (left-- == 0) return spec("bias_norm", multiple(C), {C * H});
  }
  if (config.cell_norm != CellNorm::kNone) {
    if (left-- == 0) return spec("weight_norm_c", "(H,)", {H});
    if (left-- == 0) return spec("bias_norm_c", "(H,)", {H});
  }
  return spec(left == 0 ? "weight_norm_h" : "bias_norm_h", '(' + letter + ",)", {R});
}

namespace {

constexpr MaskSpec::Kind kMaskKinds[] = {MaskSpec::kHidden, MaskSpec::kCandidate, MaskSpec::kKeepHidden, MaskSpec::kKeepCell};
constexpr const char* kMaskNames[] = {"mask_h", "mask_candidate", "keep_h", "keep_c",
                                      "mask_y"};  // in the order of the enumeration

}  // namespace

float rate_of(const Config& config, MaskSpec::Kind kind) {
  const float rates[] = {config.recurrent_dropout, config.candidate_dropout, config.zoneout_h, config.zoneout_c, config.dropout};
  return rates[kind];
}

std::int64_t mask_count(const Config& config) {
  const FpEnvironment fp_environment;
  std::int64_t count = 0;
  for (const MaskSpec::Kind kind : kMaskKinds) count += rate_of(config, kind) > 0 ? config.state_rows() : 0;
  return count + (config.dropout > 0 ? config.num_layers - 1 : 0);
}

MaskSpec mask_spec(const Config& config, std::int64_t index, std::int64_t T, std::int64_t B) {
  const FpEnvironment fp_environment;
  const std::int64_t H = config.hidden_size, R = config.output_size(), D = config.directions();
  const std::string letter = config.proj_size ? "R" : "H";
  std::vector<MaskSpec::Kind> kinds;  // of one layer and direction
  for (const MaskSpec::Kind kind : kMaskKinds) {
    if (rate_of(config, kind) > 0) kinds.push_back(kind);
  }
  const std::int64_t per_direction = kinds.size(), per_layer = D * per_direction + (config.dropout > 0);
  const std::int64_t layer = index / per_layer, left = index % per_layer;
  const auto spec = [&](MaskSpec::Kind kind, int direction, const std::string& symbols, const Shape& shape) {
    const std::string name = std::string(kMaskNames[kind]) + "_l" + std::to_string(layer) + (direction == 1 ? "_reverse" : "");
    return MaskSpec{name, shape, symbols + " = " + shape_text(shape), kind, layer, direction};
  };
  if (left == D * per_direction) return spec(MaskSpec::kOutput, 0, "(T, B, D*" + letter + ')', {T, B, D * R});
  const MaskSpec::Kind kind = kinds[left % per_direction];
  const int direction = static_cast<int>(left / per_direction);
  if (kind == MaskSpec::kHidden) return spec(kind, direction, "(B, " + letter + ')', {B, R});
  if (kind == MaskSpec::kKeepHidden) return spec(kind, direction, "(T, B, " + letter + ')', {T, B, R});
  return spec(kind, direction, "(T, B, H)", {T, B, H});
}

std::string inputs_text(const Config& config) {
  return std::string("only x, h_0, ") + (config.has_c() ? "c_0, " : "") + "lengths" + (config.is_random() ? ", seed, masks" : "");
}

namespace {

// Of a tensor in memory.
void check_bfloat16(const TensorView& tensor) {
  std::int64_t count = 1, others = 0;
  for (const std::int64_t n : tensor.shape) count *= n;
  for (std::int64_t i = 0; i < count; ++i) {
    float value;
    std::memcpy(&value, static_cast<const char*>(tensor.data) + i * sizeof value, sizeof value);
    others += !is_bfloat16(value);
  }
  if (others) {
    throw Error(tensor.name, std::to_string(others) + " elements that are no bfloat16",
                "bfloat16 values (round_to_bfloat16 gives them)");
  }
}

}  // namespace

std::vector<TensorView> match_tensors(const Config& config, const std::vector<TensorView>& tensors, bool in_file) {
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
    const Dtype want = in_file ? spec.stored_as : real_of(config);
    if (tensor.dtype != want) {
      throw Error(spec.name, std::string("dtype ") + named(tensor.dtype).in_files, named(want).in_files);
    }
    if (tensor.shape != spec.shape) throw Error(spec.name, "shape " + shape_text(tensor.shape), spec.want);
    if (!tensor.data) throw Error(spec.name, "missing", spec.want);  // no tensor of a configuration is empty
    if (spec.stored_as == Dtype::kBfloat16 && !in_file) check_bfloat16(tensor);
    matched.push_back(tensor);
    unmatched.erase(found);
  }
  for (const TensorView& tensor : tensors) {
    if (unmatched.count(tensor.name)) throw Error(tensor.name, "unexpected tensor", "only the tensors of the configuration");
  }
  return matched;
}

void check_output_sizes(const Config& config, std::int64_t T, std::int64_t B) {
  const auto bytes = [&](const Shape& shape, bool count_zeros) -> std::optional<std::int64_t> {  // nothing: not below 2^63
    std::int64_t size = named(real_of(config)).size;
    for (const std::int64_t n : shape) {
      if (n == 0 && count_zeros) return 0;
      if (n != 0 && __builtin_mul_overflow(size, n, &size)) return std::nullopt;
    }
    return size;
  };
  const auto y = bytes({T, B, config.directions() * config.output_size()}, false);
  const std::int64_t state_size = config.output_size() + (config.has_c() ? config.hidden_size : 0);
  const auto states = bytes({config.state_rows(), B, state_size}, true);
  const bool holds_data = T > 0 && B > 0;
  if (!y || (!holds_data && !(states && *states <= kMaxStateBytes))) {
    throw Error("memory", "too little for this case", "a smaller one");
  }
}

}  // namespace lstm_ref
