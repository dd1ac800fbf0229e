#include "lstm_ref/model.hpp"

#include <algorithm>
#include <cstring>
#include <list>
#include <unordered_map>
#include <unordered_set>

#include "choices.hpp"
#include "file_io.hpp"
#include "lstm_ref/bfloat16.hpp"
#include "safetensors.hpp"

namespace lstm_ref {
namespace {

constexpr const char* kConfigKey = "lstm_ref";

// Errors of a function that takes a path begin with it.
template <class Function>
auto naming_path(const std::string& path, Function function) {
  try {
    return function();
  } catch (const Error& error) {
    throw Error(path + ": " + error.parameter, error.got, error.want);
  }
}

// Checks 5 and 6.
Config read_config(const safetensors::Metadata& metadata) {
  const auto text = std::find_if(metadata.begin(), metadata.end(), [](const auto& item) { return item.first == kConfigKey; });
  if (text == metadata.end()) throw Error("__metadata__", "no key lstm_ref", "the configuration under that key");
  return parse_config(text->second);
}

void check_dtype(const TensorView& tensor, Dtype want) {
  if (tensor.dtype != want) {
    throw Error(tensor.name, std::string("dtype ") + named(tensor.dtype).in_files, named(want).in_files);
  }
}

// Of float32 numbers that are bfloat16 values.
std::vector<std::uint16_t> upper_halves(const TensorView& tensor) {
  std::vector<std::uint16_t> halves(static_cast<std::size_t>(safetensors::element_count(tensor.shape)));
  for (std::size_t i = 0; i < halves.size(); ++i) {
    float value;
    std::memcpy(&value, static_cast<const char*>(tensor.data) + i * sizeof value, sizeof value);
    halves[i] = to_bfloat16(value);
  }
  return halves;
}

// Check 9.
template <class Real>
std::vector<Real> read_x(const TensorView* x, const Config& config) {
  const std::string axes = config.batch_first ? "(B, T, I)" : "(T, B, I)";
  const std::int64_t I = config.input_size;
  if (!x) throw Error("x", "missing", axes + " with I = " + std::to_string(I));
  check_dtype(*x, real_of(config));
  if (x->shape.size() != 3) throw Error("x", "rank " + std::to_string(x->shape.size()), "3 " + axes);
  const Shape want = {x->shape[0], x->shape[1], I};
  if (x->shape != want) throw Error("x", "shape " + shape_text(x->shape), axes + " = " + shape_text(want));
  return safetensors::read_reals<Real>(*x);
}

// Check 10, for one of the two.
template <class Real>
std::vector<Real> read_state(const char* name, const TensorView* state, const Config& config, std::int64_t B) {
  const bool is_c = name[0] == 'c';
  const Shape want = {config.state_rows(), B, is_c ? config.hidden_size : config.output_size()};
  const std::string want_text = state_text(config, B, is_c);
  if (!state) throw Error(name, "missing", want_text);
  check_dtype(*state, real_of(config));
  if (state->shape != want) throw Error(name, "shape " + shape_text(state->shape), want_text);
  return safetensors::read_reals<Real>(*state);
}

// Check 11.
std::vector<std::int64_t> read_lengths(const TensorView& tensor, std::int64_t T, std::int64_t B) {
  check_dtype(tensor, Dtype::kInt64);
  const Shape want = {B};
  if (tensor.shape != want) throw Error("lengths", "shape " + shape_text(tensor.shape), "(B,) = " + shape_text(want));
  const auto lengths = safetensors::read_integers(tensor);
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    if (lengths[b] < 0 || lengths[b] > T) {
      throw Error("lengths[" + std::to_string(b) + "]", std::to_string(lengths[b]), "0 <= length <= T = " + std::to_string(T));
    }
  }
  return lengths;
}

std::int64_t read_seed(const TensorView& tensor) {
  check_dtype(tensor, Dtype::kInt64);
  if (tensor.shape != Shape{1}) throw Error("seed", "shape " + shape_text(tensor.shape), "(1,) = (1,)");
  const std::int64_t seed = safetensors::read_integers(tensor).front();
  if (seed < 0) throw Error("seed[0]", std::to_string(seed), "an integer of at least 0");
  return seed;
}

template <class Real>
std::vector<Real> read_mask(const MaskSpec& spec, const TensorView* mask, const Config& config) {
  if (!mask) throw Error(spec.name, "missing", spec.want);
  check_dtype(*mask, real_of(config));
  if (mask->shape != spec.shape) throw Error(spec.name, "shape " + shape_text(mask->shape), spec.want);
  return safetensors::read_reals<Real>(*mask);
}

}  // namespace

Config read_config(std::string_view bytes) { return read_config(safetensors::parse(bytes).metadata); }

template <class Real>
BasicRecurrent<Real>::BasicRecurrent(const BasicModel<Real>& model, const Options& options)
    : BasicRecurrent(model.config, model.views(), options) {}

template <class Real>
BasicModel<Real> BasicModel<Real>::parse(std::string_view bytes) {
  const auto container = safetensors::parse(bytes);
  BasicModel model;
  model.config = read_config(container.metadata);
  check_real<Real>(model.config);
  for (const TensorView& view : match_tensors(model.config, container.tensors, true)) {
    model.tensors.push_back({view.name, view.shape, safetensors::read_reals<Real>(view)});
  }
  return model;
}

template <class Real>
BasicModel<Real> BasicModel<Real>::open(const std::string& path) {
  return naming_path(path, [&] { return parse(read_file(path)); });
}

template <class Real>
void BasicModel<Real>::save(const std::string& path) const {
  naming_path(path, [&] {
    config.check();
    check_real<Real>(config);
    std::vector<TensorView> stored = match_tensors(config, views());
    std::list<std::vector<std::uint16_t>> halves;
    for (std::size_t i = 0; i < stored.size(); ++i) {
      if (tensor_spec(config, i).stored_as == Dtype::kBfloat16) {
        stored[i].data = halves.emplace_back(upper_halves(stored[i])).data();
        stored[i].dtype = Dtype::kBfloat16;
      }
    }
    safetensors::write(path, {{kConfigKey, config_text(config)}}, stored);
  });
}

template <class Real>
std::vector<TensorView> BasicModel<Real>::views() const {
  std::vector<TensorView> views;
  for (const BasicTensor<Real>& tensor : tensors) {
    if (tensor.data.size() != static_cast<std::size_t>(safetensors::element_count(tensor.shape))) {
      throw Error(tensor.name, std::to_string(tensor.data.size()) + " elements", "those of shape " + shape_text(tensor.shape));
    }
    views.push_back({tensor.name, sizeof(Real) == 8 ? Dtype::kFloat64 : Dtype::kFloat32, tensor.shape, tensor.data.data()});
  }
  return views;
}

template <class Real>
BasicInputsFile<Real> BasicInputsFile<Real>::parse(std::string_view bytes, const Config& config) {
  check_real<Real>(config);
  const auto container = safetensors::parse(bytes);
  std::unordered_map<std::string_view, const TensorView*> by_name;
  for (const TensorView& tensor : container.tensors) by_name[tensor.name] = &tensor;
  const auto find = [&](std::string_view name) {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
  };
  const TensorView *x = find("x"), *h_0 = find("h_0"), *c_0 = find("c_0"), *lengths = find("lengths");

  BasicInputsFile inputs;
  inputs.x = read_x<Real>(x, config);
  inputs.T = x->shape[config.batch_first ? 1 : 0];
  inputs.B = x->shape[config.batch_first ? 0 : 1];
  if (h_0 || (c_0 && config.has_c())) {
    inputs.h_0 = read_state<Real>("h_0", h_0, config, inputs.B);
    if (config.has_c()) inputs.c_0 = read_state<Real>("c_0", c_0, config, inputs.B);
  }
  if (lengths) inputs.lengths = read_lengths(*lengths, inputs.T, inputs.B);

  const TensorView* const seed = config.is_random() ? find("seed") : nullptr;
  if (seed) inputs.seed = read_seed(*seed);
  std::vector<MaskSpec> masks;
  for (std::int64_t i = 0; i < mask_count(config); ++i) masks.push_back(mask_spec(config, i, inputs.T, inputs.B));
  std::unordered_set<const TensorView*> known = {x, h_0, config.has_c() ? c_0 : nullptr, lengths, seed};
  for (const MaskSpec& mask : masks) known.insert(find(mask.name));
  if (std::any_of(masks.begin(), masks.end(), [&](const MaskSpec& mask) { return find(mask.name) != nullptr; })) {
    if (seed) throw Error("seed", "given with masks", "a seed or masks");
    for (const MaskSpec& mask : masks) inputs.masks.push_back(read_mask<Real>(mask, find(mask.name), config));
  }

  for (const TensorView& tensor : container.tensors) {  // check 12
    if (known.find(&tensor) == known.end()) {
      throw Error(tensor.name, "unexpected tensor", inputs_text(config));
    }
  }
  check_output_sizes(config, inputs.T, inputs.B);  // check 13
  return inputs;
}

template <class Real>
BasicInputsFile<Real> BasicInputsFile<Real>::open(const std::string& path, const Config& config) {
  return naming_path(path, [&] { return parse(read_file(path), config); });
}

template <class Real>
BasicInputs<Real> BasicInputsFile<Real>::view() const {
  const auto data = [](const auto& array) { return array.empty() ? nullptr : array.data(); };
  BasicInputs<Real> view = {T, B, data(x), data(h_0), data(c_0), data(lengths), seed};
  for (const auto& mask : masks) view.masks.push_back(mask.data());
  return view;
}

template BasicRecurrent<float>::BasicRecurrent(const BasicModel<float>&, const Options&);
template BasicRecurrent<double>::BasicRecurrent(const BasicModel<double>&, const Options&);
template struct BasicModel<float>;
template struct BasicModel<double>;
template struct BasicInputsFile<float>;
template struct BasicInputsFile<double>;

}  // namespace lstm_ref
