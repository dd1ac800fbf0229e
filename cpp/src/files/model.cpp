#include "lstm_ref/model.hpp"

#include <algorithm>

#include "file_io.hpp"
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

void check_float32(const TensorView& tensor) {
  if (tensor.dtype != Dtype::kFloat32) throw Error(tensor.name, "dtype I64", "F32");
}

// Check 9.
std::vector<float> read_x(const TensorView* x, const Config& config) {
  const std::string axes = config.batch_first ? "(B, T, I)" : "(T, B, I)";
  const std::int64_t I = config.input_size;
  if (!x) throw Error("x", "missing", axes + " with I = " + std::to_string(I));
  check_float32(*x);
  if (x->shape.size() != 3) throw Error("x", "rank " + std::to_string(x->shape.size()), "3 " + axes);
  const Shape want = {x->shape[0], x->shape[1], I};
  if (x->shape != want) throw Error("x", "shape " + shape_text(x->shape), axes + " = " + shape_text(want));
  return safetensors::read_floats(*x);
}

// Check 10, for one of the two.
std::vector<float> read_state(const char* name, const TensorView* state, const Config& config, std::int64_t B) {
  const bool is_c = name[0] == 'c';
  const Shape want = {config.state_rows(), B, is_c ? config.hidden_size : config.output_size()};
  const std::string want_text = state_text(config, B, is_c);
  if (!state) throw Error(name, "missing", want_text);
  check_float32(*state);
  if (state->shape != want) throw Error(name, "shape " + shape_text(state->shape), want_text);
  return safetensors::read_floats(*state);
}

// Check 11.
std::vector<std::int64_t> read_lengths(const TensorView& tensor, std::int64_t T, std::int64_t B) {
  if (tensor.dtype != Dtype::kInt64) throw Error("lengths", "dtype F32", "I64");
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
  if (tensor.dtype != Dtype::kInt64) throw Error("seed", "dtype F32", "I64");
  if (tensor.shape != Shape{1}) throw Error("seed", "shape " + shape_text(tensor.shape), "(1,) = (1,)");
  const std::int64_t seed = safetensors::read_integers(tensor).front();
  if (seed < 0) throw Error("seed[0]", std::to_string(seed), "an integer of at least 0");
  return seed;
}

std::vector<float> read_mask(const MaskSpec& spec, const TensorView* mask) {
  if (!mask) throw Error(spec.name, "missing", spec.want);
  check_float32(*mask);
  if (mask->shape != spec.shape) throw Error(spec.name, "shape " + shape_text(mask->shape), spec.want);
  return safetensors::read_floats(*mask);
}

}  // namespace

template <class Real>
BasicRecurrent<Real>::BasicRecurrent(const Model& model, const Options& options)
    : BasicRecurrent(model.config, model.views(), options) {}

template BasicRecurrent<float>::BasicRecurrent(const Model&, const Options&);

Model Model::parse(std::string_view bytes) {
  const auto container = safetensors::parse(bytes);
  Model model;
  model.config = read_config(container.metadata);
  for (const TensorView& view : match_tensors(model.config, container.tensors)) {
    model.tensors.push_back({view.name, view.shape, safetensors::read_floats(view)});
  }
  return model;
}

Model Model::open(const std::string& path) {
  return naming_path(path, [&] { return parse(read_file(path)); });
}

void Model::save(const std::string& path) const {
  naming_path(path, [&] {
    config.check();
    safetensors::write(path, {{kConfigKey, config_text(config)}}, match_tensors(config, views()));
  });
}

std::vector<TensorView> Model::views() const {
  std::vector<TensorView> views;
  for (const Tensor& tensor : tensors) {
    if (tensor.data.size() != static_cast<std::size_t>(safetensors::element_count(tensor.shape))) {
      throw Error(tensor.name, std::to_string(tensor.data.size()) + " elements", "those of shape " + shape_text(tensor.shape));
    }
    views.push_back({tensor.name, Dtype::kFloat32, tensor.shape, tensor.data.data()});
  }
  return views;
}

InputsFile InputsFile::parse(std::string_view bytes, const Config& config) {
  const auto container = safetensors::parse(bytes);
  const auto find = [&](std::string_view name) -> const TensorView* {
    for (const TensorView& tensor : container.tensors) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  };
  const TensorView *x = find("x"), *h_0 = find("h_0"), *c_0 = find("c_0"), *lengths = find("lengths");

  InputsFile inputs;
  inputs.x = read_x(x, config);
  inputs.T = x->shape[config.batch_first ? 1 : 0];
  inputs.B = x->shape[config.batch_first ? 0 : 1];
  if (h_0 || (c_0 && config.has_c())) {
    inputs.h_0 = read_state("h_0", h_0, config, inputs.B);
    if (config.has_c()) inputs.c_0 = read_state("c_0", c_0, config, inputs.B);
  }
  if (lengths) inputs.lengths = read_lengths(*lengths, inputs.T, inputs.B);

  const TensorView* const seed = config.is_random() ? find("seed") : nullptr;
  if (seed) inputs.seed = read_seed(*seed);
  std::vector<MaskSpec> masks;
  for (std::int64_t i = 0; i < mask_count(config); ++i) masks.push_back(mask_spec(config, i, inputs.T, inputs.B));
  std::vector<const TensorView*> known = {x, h_0, config.has_c() ? c_0 : nullptr, lengths, seed};
  for (const MaskSpec& mask : masks) known.push_back(find(mask.name));
  if (std::any_of(known.end() - masks.size(), known.end(), [](const TensorView* mask) { return mask != nullptr; })) {
    if (seed) throw Error("seed", "given with masks", "a seed or masks");
    for (const MaskSpec& mask : masks) inputs.masks.push_back(read_mask(mask, find(mask.name)));
  }

  for (const TensorView& tensor : container.tensors) {  // check 12
    if (std::find(known.begin(), known.end(), &tensor) == known.end()) {
      throw Error(tensor.name, "unexpected tensor", inputs_text(config));
    }
  }
  check_output_sizes(config, inputs.T, inputs.B);  // check 13
  return inputs;
}

InputsFile InputsFile::open(const std::string& path, const Config& config) {
  return naming_path(path, [&] { return parse(read_file(path), config); });
}

Inputs InputsFile::view() const {
  const auto data = [](const auto& array) { return array.empty() ? nullptr : array.data(); };
  Inputs view = {T, B, data(x), data(h_0), data(c_0), data(lengths), seed};
  for (const auto& mask : masks) view.masks.push_back(mask.data());
  return view;
}

}  // namespace lstm_ref
