// Model and inputs files (spec/model-file.md), read strictly and written whole:
//
//     const auto model = lstm_ref::Model::open("model.safetensors");
//     const lstm_ref::LSTM lstm(model);  // or GRU, RNN; Recurrent is any of them
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lstm_ref/config.hpp"
#include "lstm_ref/lstm.hpp"

namespace lstm_ref {

// The configuration as a model file holds it (spec/model-file.md, F2): a JSON object. Checks 5, that it is one, and 6.
Config parse_config(std::string_view text);

// Options only where they are chosen, so that a plain LSTM's text is what it always was.
std::string config_text(const Config& config);

// The configuration in a model file: checks 1 to 6. It says by its dtype which model to read, of float or of double.
Config read_config(std::string_view bytes);

template <class Real>
struct BasicTensor {
  std::string name;
  Shape shape;
  std::vector<Real> data;  // row-major
};

// A configuration and its weights, as tensor_spec() lists them.
template <class Real>
struct BasicModel {
  Config config;
  std::vector<BasicTensor<Real>> tensors;

  static BasicModel parse(std::string_view bytes);  // checks 1 to 8, and that Real is right
  static BasicModel open(const std::string& path);  // the same; errors begin with "PATH: "
  void save(const std::string& path) const;         // under a temporary name, then renamed
  std::vector<TensorView> views() const;            // valid while the model is
};

// The contents of an inputs file. What is absent is empty.
template <class Real>
struct BasicInputsFile {
  std::int64_t T = 0, B = 0;
  std::vector<Real> x;                // (T, B, I), or (B, T, I) when batch_first
  std::vector<Real> h_0, c_0;         // (L*D, B, H)
  std::vector<std::int64_t> lengths;  // (B,)
  std::optional<std::int64_t> seed;
  std::vector<std::vector<Real>> masks;  // as mask_spec() lists them

  static BasicInputsFile parse(std::string_view bytes, const Config& config);  // checks 1 to 4 and 9 to 12
  static BasicInputsFile open(const std::string& path, const Config& config);  // the same; errors begin with "PATH: "
  BasicInputs<Real> view() const;                                              // for forward(); valid while this is
};

using Tensor = BasicTensor<float>;
using Model = BasicModel<float>;
using InputsFile = BasicInputsFile<float>;

using Tensor64 = BasicTensor<double>;
using Model64 = BasicModel<double>;
using InputsFile64 = BasicInputsFile<double>;

}  // namespace lstm_ref
