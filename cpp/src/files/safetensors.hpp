// The container of model, inputs and outputs files (spec/model-file.md, F1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lstm_ref/config.hpp"

namespace lstm_ref::safetensors {

using Metadata = std::vector<std::pair<std::string, std::string>>;  // in the order written

struct Container {
  Metadata metadata;
  std::vector<TensorView>
      tensors;  // in the order written; `data` points into the file's bytes, little-endian and perhaps unaligned
};

// Checks 1 to 4. The bytes must outlive the container.
Container parse(std::string_view bytes);

std::int64_t element_count(const Shape& shape);

// The elements of a container's tensor, in this machine's byte order. Those of bfloat16 are read as float.
template <class Real>
std::vector<Real> read_reals(const TensorView& tensor);
std::vector<std::int64_t> read_integers(const TensorView& tensor);

// Writes the file so that nobody ever sees half of it. The tensors' elements are in this machine's byte order.
void write(const std::string& path, const Metadata& metadata, const std::vector<TensorView>& tensors);

}  // namespace lstm_ref::safetensors
