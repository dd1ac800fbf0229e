// The generator of test inputs (spec N8): integers only, so that every language makes the same tensors.
#pragma once

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

inline float from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// A tensor of `count` elements by one fill of the spec's table.
inline std::vector<float> fill(std::uint64_t seed, std::string_view name, std::size_t count, const lstm_ref::json::Value& how) {
  const auto members = how.members();
  const auto integer = [&](std::string_view key) { return lstm_ref::json::find(members, key)->integer().value(); };
  const std::string kind = lstm_ref::json::find(members, "kind")->string();
  std::vector<std::uint32_t> values;  // of choice and cycle
  if (kind == "choice" || kind == "cycle") {
    for (const auto& value : lstm_ref::json::find(members, "values")->elements()) {
      values.push_back(static_cast<std::uint32_t>(value.integer().value()));
    }
  }

  const std::uint64_t key = mix(seed ^ fnv(name));  // (N8.3)
  std::vector<float> tensor(count);
  for (std::size_t k = 0; k < count; ++k) {
    const auto u = static_cast<std::uint32_t>(mix(key + (k + 1) * 0x9e3779b97f4a7c15u) >> 32);  // (N8.4)
    if (kind == "uniform") {
      const auto power = from_bits(static_cast<std::uint32_t>(integer("exponent") - 23 + 127) << 23);
      tensor[k] = static_cast<float>(static_cast<std::int32_t>(u >> 8) - (1 << 23)) * power;
    } else if (kind == "wide") {
      const auto p = static_cast<std::uint32_t>(integer("lo")), q = static_cast<std::uint32_t>(integer("hi"));
      const std::uint32_t exponent = p + ((u >> 23 & 255) * (q - p + 1) >> 8);
      tensor[k] = from_bits((u & 0x80000000u) | exponent << 23 | (u & 0x7fffffu));
    } else if (kind == "choice") {
      tensor[k] = from_bits(values[static_cast<std::size_t>(std::uint64_t{u} * values.size() >> 32)]);
    } else if (kind == "cycle") {
      tensor[k] = from_bits(values[k % values.size()]);
    } else {
      throw std::runtime_error("unknown fill: " + kind);
    }
  }
  return tensor;
}

}  // namespace fills
