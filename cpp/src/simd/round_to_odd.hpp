// Sums in float64 rounded to odd, from which a fused multiply-add is made where the machine has none (N2).
#pragma once

#include <stdint.h>

namespace lstm_ref {
namespace {

typedef double DoubleVec __attribute__((vector_size(16)));
typedef int64_t BitsVec __attribute__((vector_size(16)));

// sum + error = a + b exactly (TwoSum); error is NaN beside an infinity.
struct ExactSum {
  DoubleVec sum, error;
};

inline ExactSum add_exactly(DoubleVec a, DoubleVec b) {
  const DoubleVec sum = a + b, part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

// a + b, rounded to odd: where float64 cannot hold the sum, that one of its two neighbours whose last bit is set.
inline DoubleVec add_to_odd(DoubleVec a, DoubleVec b) {
  const auto [sum, error] = add_exactly(a, b);
  const BitsVec inexact = (error < 0) | (error > 0);
  const BitsVec away = ((error < 0) ^ (sum < 0)) & inexact;  // all ones: the sum was rounded away from zero
  return (DoubleVec)(((BitsVec)sum + away) | (inexact & 1));
}

}  // namespace
}  // namespace lstm_ref
