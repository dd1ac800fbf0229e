// The comparison that comes before every time: bits, a NaN being equal to a NaN (spec N7).
#pragma once

#include <cstdint>
#include <cstring>

namespace lstm_ref::bench {

// The index of the first of `count` elements whose bits differ, -1 if there is none.
inline std::int64_t first_difference(const float* got, const float* wanted, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const bool both_nan = got[i] != got[i] && wanted[i] != wanted[i];
    if (!both_nan && std::memcmp(&got[i], &wanted[i], sizeof(float)) != 0) return i;
  }
  return -1;
}

}  // namespace lstm_ref::bench
