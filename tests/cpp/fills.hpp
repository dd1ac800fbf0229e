// The generator of test inputs (spec N8): integers only, so that every language makes the same tensors.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "files/json.hpp"

namespace fills {

inline std::uint64_t mix(std::uint64_t z) {  // (N8.1)
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

inline std::uint64_t fnv(std::string_view name) {  // (N8.2)
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char byte : name) h = (h ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return h;
}

// A floating-point number by its bits.
template <class Real>
struct Form;
template <>
struct Form<float> {
  using Bits = std::uint32_t;
  static constexpr int kBits = 32, kExponentBits = 8, kFractionBits = 23;
};
template <>
struct Form<double> {
  using Bits = std::uint64_t;
  static constexpr int kBits = 64, kExponentBits = 11, kFractionBits = 52;
};

template <class Real = float>
Real from_bits(typename Form<Real>::Bits bits) {
  Real value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// What is left of a float32 in bfloat16 (N8).
inline float upper_half(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return from_bits(bits & 0xffff0000u);
}

// A pattern of a fill: a number, or hexadecimal text where JSON's numbers do not reach.
inline std::uint64_t pattern(const lstm_ref::json::Value& value) {
  if (value.kind() == lstm_ref::json::Kind::string) return std::stoull(value.string(), nullptr, 16);
  return static_cast<std::uint64_t>(value.integer().value());
}

// A tensor of `count` elements by one fill of the spec's table.
template <class Real = float>
std::vector<Real> fill(std::uint64_t seed, std::string_view name, std::size_t count, const lstm_ref::json::Value& how) {
  using F = Form<Real>;
  const auto number = [](std::uint64_t bits) { return from_bits<Real>(static_cast<typename F::Bits>(bits)); };
  const auto members = how.members();
  const auto integer = [&](std::string_view key) { return lstm_ref::json::find(members, key)->integer().value(); };
  const std::string kind = lstm_ref::json::find(members, "kind")->string();
  std::vector<std::uint64_t> values;  // of choice and cycle
  if (kind == "choice" || kind == "cycle") {
    for (const auto& value : lstm_ref::json::find(members, "values")->elements()) values.push_back(pattern(value));
  }

  const std::uint64_t key = mix(seed ^ fnv(name));  // (N8.3)
  std::vector<Real> tensor(count);
  for (std::size_t k = 0; k < count; ++k) {
    const std::uint64_t u = mix(key + (k + 1) * 0x9e3779b97f4a7c15u);  // (N8.4), all 64 bits
    if (kind == "uniform") {
      const auto whole = static_cast<std::int64_t>(u >> (63 - F::kFractionBits)) - (std::int64_t{1} << F::kFractionBits);
      tensor[k] = std::ldexp(static_cast<Real>(whole), static_cast<int>(integer("exponent")) - F::kFractionBits);
    } else if (kind == "wide") {
      const auto p = static_cast<std::uint64_t>(integer("lo")), q = static_cast<std::uint64_t>(integer("hi"));
      const std::uint64_t bits = u >> (64 - F::kBits), drawn = bits >> F::kFractionBits & ((1u << F::kExponentBits) - 1);
      const std::uint64_t exponent = p + (drawn * (q - p + 1) >> F::kExponentBits);
      const std::uint64_t sign = bits >> (F::kBits - 1) << (F::kBits - 1);
      tensor[k] = number(sign | exponent << F::kFractionBits | (bits & ((std::uint64_t{1} << F::kFractionBits) - 1)));
    } else if (kind == "choice") {
      tensor[k] = number(values[static_cast<std::size_t>((u >> 32) * values.size() >> 32)]);
    } else if (kind == "cycle") {
      tensor[k] = number(values[k % values.size()]);
    } else {
      throw std::runtime_error("unknown fill: " + kind);
    }
  }
  return tensor;
}

}  // namespace fills
