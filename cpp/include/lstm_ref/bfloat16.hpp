// bfloat16, the upper half of a float32: what the weight matrices of a network of that dtype hold (spec/variants.md, section 9).
#pragma once

#include <cstdint>
#include <cstring>

namespace lstm_ref {

// To the nearest bfloat16 value, ties to even; a NaN stays a NaN.
inline float round_to_bfloat16(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits = value != value ? bits | 0x00400000 : bits + 0x7fff + (bits >> 16 & 1);
  bits &= 0xffff0000;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

// The pattern of a value that is one, or is a NaN.
inline std::uint16_t to_bfloat16(float value) {
  const float rounded = round_to_bfloat16(value);
  std::uint32_t bits;
  std::memcpy(&bits, &rounded, sizeof bits);
  return static_cast<std::uint16_t>(bits >> 16);
}

inline float from_bfloat16(std::uint16_t pattern) {
  const std::uint32_t bits = std::uint32_t{pattern} << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline bool is_bfloat16(float value) {  // by its bits: a comparison may take subnormal numbers for 0
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return value != value || (bits & 0xffff) == 0;
}

}  // namespace lstm_ref
