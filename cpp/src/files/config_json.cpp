// The configuration as JSON (spec/model-file.md, F2).
#include <algorithm>
#include <cmath>
#include <locale>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include "choices.hpp"
#include "files/json.hpp"
#include "fp_environment.hpp"
#include "lstm_ref/model.hpp"

namespace lstm_ref {
namespace {

constexpr const char* kRequired[] = {"format_version", "op",   "input_size",  "hidden_size",
                                     "num_layers",     "bias", "batch_first", "bidirectional"};

template <class Range>
bool contains(const Range& range, std::string_view key) {
  return std::find(std::begin(range), std::end(range), key) != std::end(range);
}

std::string function_names() {
  std::string list;
  for (const NamedFunction& function : kFunctions) list += (list.empty() ? "one of " : ", ") + std::string(function.name);
  return list;
}

// A number as float32; nothing where it is no number, or too large for one. By way of float64, whatever the locale.
std::optional<double> to_number(const json::Value& value) {
  if (value.kind() != json::Kind::number) return std::nullopt;
  const std::string text(value.text());
  if (text.find_first_of(".eE") == std::string::npos && !value.integer()) return std::nullopt;
  std::istringstream stream(text);
  stream.imbue(std::locale::classic());
  double number = 0;
  stream >> number;
  if (std::fabs(number) < 1) return number;  // a stream may fail where a number rounds to 0 or to a subnormal one
  return stream ? std::optional<double>(number) : std::nullopt;
}

std::optional<float> to_float(const json::Value& value) {
  const auto number = to_number(value);
  // What rounds to infinity; beyond all float32, converting is not defined.
  if (!number || std::fabs(*number) >= 0x1.ffffffp127) return std::nullopt;
  return static_cast<float>(*number);
}

// Reads the members of the configuration (check 6), each call the next key of the spec's tables.
class ConfigReader {
 public:
  explicit ConfigReader(const std::vector<json::Member>& members) : members_(members) {}

  bool has(const std::string& key) const { return json::find(members_, key) != nullptr; }

  void literal(const std::string& key, const std::string& want) const {
    if (member(key, want).describe() != want) fail(key, want);
  }

  Op op(const std::string& key) const {
    const std::string want = "\"lstm\", \"gru\" or \"rnn\"", got = member(key, want).describe();
    for (const Op op : {Op::kLstm, Op::kGru, Op::kRnn}) {
      if (got == '"' + std::string(name_of(op)) + '"') return op;
    }
    fail(key, want);
  }

  std::int64_t size(const std::string& key, std::int64_t least = 1) const {
    const std::string want = (least == 0 ? "0, or an integer from 1 to " : "an integer from 1 to ") + std::to_string(kMaxSize);
    const auto size = member(key, want).integer();
    if (!size || *size < least || *size > kMaxSize) fail(key, want);
    return *size;
  }

  bool flag(const std::string& key) const {
    const std::string want = "true or false";
    const json::Value& value = member(key, want);
    if (value.kind() != json::Kind::boolean) fail(key, want);
    return value.boolean();
  }

  float clip(const std::string& key) const {
    const auto number = to_number(member(key, kWantClip));
    const auto clip = to_float(member(key, kWantClip));
    if (!clip || *clip < 0 || (*clip == 0 && *number != 0)) fail(key, kWantClip);
    return std::fabs(*clip);
  }

  float epsilon(const std::string& key) const {
    const auto epsilon = to_float(member(key, kWantEpsilon));
    if (!epsilon || !(*epsilon > 0)) fail(key, kWantEpsilon);
    return *epsilon;
  }

  float rate(const std::string& key) const {
    const auto rate = to_float(member(key, kWantRate));
    if (!rate || !(*rate >= 0 && *rate < 1)) fail(key, kWantRate);
    return std::fabs(*rate);
  }

  // One of some words: its number in the list.
  template <class Enumeration, std::size_t n>
  Enumeration choice(const std::string& key, const char* const (&words)[n], const char* want) const {
    const json::Value& value = member(key, want);
    for (std::size_t i = 0; value.kind() == json::Kind::string && i < n; ++i) {
      if (value.string() == words[i]) return static_cast<Enumeration>(i);
    }
    fail(key, want);
  }

  Dtype dtype(const std::string& key) const {
    const std::string got = member(key, kWantDtype).describe();
    for (const Dtype dtype : {Dtype::kFloat32, Dtype::kFloat64, Dtype::kBfloat16}) {
      if (got == '"' + std::string(named(dtype).name) + '"') return dtype;
    }
    fail(key, kWantDtype);
  }

  Activation activation(const std::string& key) const {
    const json::Value& value = member(key, function_names());
    if (value.kind() == json::Kind::string) {
      const Function function = function_named(key, value);
      const float* const defaults = named(function).defaults;
      return {function, defaults[0], defaults[1]};
    }
    const auto elements = value.kind() == json::Kind::array ? value.elements() : std::vector<json::Value>{};
    if (elements.empty()) fail(key, "a name, or an array of a name and its parameters");
    Activation activation = {function_named(key + "[0]", elements[0])};
    const NamedFunction& function = named(activation.function);
    const auto parameters = elements.size() - 1, wanted = static_cast<std::size_t>(function.parameters);
    if (parameters != wanted) {
      throw Error("config." + key, std::to_string(parameters) + " parameters", std::to_string(wanted) + " for " + function.name);
    }
    float* const values[] = {&activation.alpha, &activation.beta};
    for (std::size_t k = 0; k < wanted; ++k) {
      const auto number = to_float(elements[k + 1]);
      if (!number) throw Error("config." + key + '[' + std::to_string(k + 1) + ']', elements[k + 1].describe(), kWantNumber);
      *values[k] = *number;
    }
    return activation;
  }

 private:
  static Function function_named(const std::string& key, const json::Value& value) {
    for (std::size_t i = 0; value.kind() == json::Kind::string && i < std::size(kFunctions); ++i) {
      if (value.string() == kFunctions[i].name) return static_cast<Function>(i);
    }
    throw Error("config." + key, value.describe(), function_names());
  }

  const json::Value& member(const std::string& key, const std::string& want) const {
    const json::Value* value = json::find(members_, key);
    if (!value) throw Error("config." + key, "missing", want);
    return *value;
  }

  [[noreturn]] void fail(const std::string& key, const std::string& want) const {
    throw Error("config." + key, member(key, want).describe(), want);
  }

  const std::vector<json::Member>& members_;
};

void check_keys(const std::vector<json::Member>& members) {
  std::set<std::string> seen;
  for (const json::Member& member : members) {
    if (!seen.insert(member.key).second) throw Error("config." + member.key, "duplicate key", "one");
    if (!contains(kRequired, member.key) && !contains(kOptions, member.key)) {
      std::string list;
      const auto add = [&](const char* key) { list += (list.empty() ? "only " : ", ") + std::string(key); };
      std::for_each(std::begin(kRequired), std::end(kRequired), add);
      std::for_each(std::begin(kOptions), std::end(kOptions), add);
      throw Error("config." + member.key, "unexpected key", list);
    }
  }
}

// The decimal with the fewest digits that gives a float32.
std::string number_text(float value) {
  for (int digits = 1;; ++digits) {
    std::ostringstream stream;
    stream.imbue(std::locale::classic());
    stream.precision(digits);
    stream << value;
    const std::string text = stream.str();
    if (digits >= 9 || to_float(*json::Value::parse(text)) == value) return text;
  }
}

std::string activation_text(const Activation& activation) {
  const NamedFunction& function = named(activation.function);
  const float values[] = {activation.alpha, activation.beta};
  std::string text = '[' + json::quote(function.name);
  for (int k = 0; k < function.parameters; ++k) text += ", " + number_text(values[k]);
  const bool usual = activation == Activation{activation.function, function.defaults[0], function.defaults[1]};
  return usual ? json::quote(function.name) : text + ']';
}

}  // namespace

Config parse_config(std::string_view text) {
  const DecimalEnvironment decimal_environment;
  const FpEnvironment fp_environment;
  const auto object = json::Value::parse(text);
  if (!object || object->kind() != json::Kind::object) throw Error("config", "invalid JSON", "a JSON object");
  const auto members = object->members();
  check_keys(members);

  const ConfigReader reader(members);
  reader.literal("format_version", "1");
  Config config;
  config.op = reader.op("op");
  config.input_size = reader.size("input_size");
  config.hidden_size = reader.size("hidden_size");
  config.num_layers = reader.size("num_layers");
  config.bias = reader.flag("bias");
  config.batch_first = reader.flag("batch_first");
  config.bidirectional = reader.flag("bidirectional");
  for (const char* const key : kOptions) {
    if (!reader.has(key)) continue;
    if (const char* const reason = why_not(config.op, key)) {
      throw Error(std::string("config.") + key, std::string("not for op \"") + name_of(config.op) + '"',
                  std::string("no such key: ") + reason);
    }
    const std::string_view option = key;
    if (option == "proj_size") config.proj_size = reader.size(key, 0);
    if (option == "peephole") config.peephole = reader.flag(key);
    if (option == "input_forget") config.input_forget = reader.flag(key);
    if (option == "reset_after") config.reset_after = reader.flag(key);
    if (option == "clip") config.clip = reader.clip(key);
    if (option == "gate_activation") config.gate_activation = reader.activation(key);
    if (option == "candidate_activation") config.candidate_activation = reader.activation(key);
    if (option == "output_activation") config.output_activation = reader.activation(key);
    if (option == "dtype") config.dtype = reader.dtype(key);
    if (option == "layer_norm") config.layer_norm = reader.choice<LayerNorm>(key, kLayerNorms, kWantLayerNorm);
    if (option == "cell_norm") config.cell_norm = reader.choice<CellNorm>(key, kCellNorms, kWantCellNorm);
    if (option == "hidden_norm") config.hidden_norm = reader.flag(key);
    if (option == "norm_epsilon") config.norm_epsilon = reader.epsilon(key);
    if (option == "recurrent_dropout") config.recurrent_dropout = reader.rate(key);
    if (option == "candidate_dropout") config.candidate_dropout = reader.rate(key);
    if (option == "zoneout_h") config.zoneout_h = reader.rate(key);
    if (option == "zoneout_c") config.zoneout_c = reader.rate(key);
    if (option == "dropout") config.dropout = reader.rate(key);
  }
  try {
    config.check();  // what does not fit together
  } catch (const Error& error) {
    throw Error("config." + error.parameter, error.got, error.want);
  }
  return config;
}

std::string config_text(const Config& config) {
  const DecimalEnvironment decimal_environment;
  const FpEnvironment fp_environment;
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  std::string text = "{\"format_version\": 1, \"op\": " + json::quote(name_of(config.op)) +
                     ", \"input_size\": " + std::to_string(config.input_size) +
                     ", \"hidden_size\": " + std::to_string(config.hidden_size) +
                     ", \"num_layers\": " + std::to_string(config.num_layers) + ", \"bias\": " + flag(config.bias) +
                     ", \"batch_first\": " + flag(config.batch_first) + ", \"bidirectional\": " + flag(config.bidirectional);
  const auto add = [&](const char* key, bool is_default, const std::string& value) {
    if (!is_default) text += std::string(", \"") + key + "\": " + value;
  };
  add("proj_size", config.proj_size == 0, std::to_string(config.proj_size));
  add("peephole", !config.peephole, "true");
  add("input_forget", !config.input_forget, "true");
  add("reset_after", config.reset_after, "false");
  add("clip", config.clip == 0, number_text(config.clip));
  const auto add_activation = [&](const char* key, const Activation& activation, Function usual) {
    add(key, activation == Activation{usual}, activation_text(activation));
  };
  add_activation("gate_activation", config.gate_activation, Function::kSigmoid);
  add_activation("candidate_activation", config.candidate_activation, Function::kTanh);
  add_activation("output_activation", config.output_activation, Function::kTanh);
  const auto word = [](const char* choice) { return json::quote(choice); };
  add("layer_norm", config.layer_norm == LayerNorm::kNone, word(kLayerNorms[static_cast<int>(config.layer_norm)]));
  add("cell_norm", config.cell_norm == CellNorm::kNone, word(kCellNorms[static_cast<int>(config.cell_norm)]));
  add("hidden_norm", !config.hidden_norm, "true");
  add("norm_epsilon", config.norm_epsilon == Config().norm_epsilon, number_text(config.norm_epsilon));
  add("recurrent_dropout", config.recurrent_dropout == 0, number_text(config.recurrent_dropout));
  add("candidate_dropout", config.candidate_dropout == 0, number_text(config.candidate_dropout));
  add("zoneout_h", config.zoneout_h == 0, number_text(config.zoneout_h));
  add("zoneout_c", config.zoneout_c == 0, number_text(config.zoneout_c));
  add("dropout", config.dropout == 0, number_text(config.dropout));
  add("dtype", config.dtype == Dtype::kFloat32, json::quote(named(config.dtype).name));
  return text + '}';
}

}  // namespace lstm_ref
