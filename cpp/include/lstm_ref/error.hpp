// The one form of every error about an argument or a file (spec/errors.md).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lstm_ref {

// what() is "PARAMETER: GOT, want WANTED".
class Error : public std::invalid_argument {
 public:
  Error(std::string parameter, std::string got, std::string want)
      : std::invalid_argument(parameter + ": " + got + ", want " + want),
        parameter(std::move(parameter)),
        got(std::move(got)),
        want(std::move(want)) {}

  const std::string parameter, got, want;
};

using Shape = std::vector<std::int64_t>;

// A shape as Python writes it: (), (5,), (5, 2).
inline std::string shape_text(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace lstm_ref
