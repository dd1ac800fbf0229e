// The float64 fma (N2) of machines that have none.
#pragma once

#include "simd/round_to_odd.hpp"

namespace lstm_ref {
namespace {

// product + error = a * b exactly (Dekker), where nothing overflows or underflows on the way.
inline ExactSum multiply_exactly(DoubleVec a, DoubleVec b) {
  struct Halves {
    DoubleVec high, low;  // of 26 bits each
  };
  const auto split = [](DoubleVec x) -> Halves {
    const DoubleVec t = x * (0x1p27 + 1), high = t - (t - x);
    return {high, x - high};
  };
  const auto [a_high, a_low] = split(a);
  const auto [b_high, b_low] = split(b);
  const DoubleVec product = a * b;
  return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

// A finite number as sign * m * 2^e.
struct Parts {
  bool negative;
  unsigned __int128 m;
  int e;
};

inline Parts parts_of(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof x);
  const int field = int(bits >> 52 & 2047);
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  return {bool(bits >> 63), field ? fraction | uint64_t{1} << 52 : fraction, (field ? field : 1) - 1075};
}

inline int top_bit(unsigned __int128 m) {  // of m > 0
  const uint64_t high = uint64_t(m >> 64);
  return high ? 127 - __builtin_clzll(high) : 63 - __builtin_clzll(uint64_t(m));
}

// The same number, or one on the same side of every number that is even at bit 0: what is shifted out is kept in the last bit.
inline unsigned __int128 shift_to_odd(unsigned __int128 m, int by) {
  if (by >= 128) return m != 0;
  const unsigned __int128 shifted = m >> by;
  return shifted | (shifted << by != m);
}

// m * 2^e, m > 0, rounded to nearest, ties to even.
inline double round_parts(Parts x) {
  const int top = top_bit(x.m) + x.e, last = top - 52 > -1074 ? top - 52 : -1074;  // exponents of the result's first and last bit
  uint64_t bits = uint64_t{2047} << 52;                                            // infinity
  if (last <= 971) {
    const int by = last - x.e;
    uint64_t kept;
    if (by <= 0) {
      kept = uint64_t(x.m << -by);
    } else {
      const unsigned __int128 odd = by > 2 ? shift_to_odd(x.m, by - 2) : x.m << (2 - by);  // two more bits
      const uint64_t quarters = uint64_t(odd);
      kept = (quarters >> 2) + ((quarters & 3) + (quarters >> 2 & 1) > 2);
    }
    bits = (uint64_t(last + 1074) << 52) + kept;
  }
  bits |= uint64_t{x.negative} << 63;
  double result;
  __builtin_memcpy(&result, &bits, sizeof bits);
  return result;
}

// For any numbers, in integers.
inline double fma_in_integers(double a, double b, double c) {
  if (a - a != 0 || b - b != 0 || a == 0 || b == 0) return a * b + c;  // infinities, NaN, zeros
  if (c - c != 0) return c;
  const Parts x = parts_of(a), y = parts_of(b);
  Parts big = {x.negative != y.negative, x.m * y.m, x.e + y.e}, small = parts_of(c);
  if (small.m == 0) return round_parts(big);
  const auto align = [](Parts& one) {  // the first bit to bit 125: so the sum has 127 bits, and the last 19 of both are 0
    const int by = 125 - top_bit(one.m);
    one.m <<= by, one.e -= by;
  };
  align(big), align(small);
  if (big.e < small.e || (big.e == small.e && big.m < small.m)) {
    const Parts swapped = big;
    big = small, small = swapped;
  }
  const unsigned __int128 aligned = shift_to_odd(small.m, big.e - small.e);
  big.m = big.negative == small.negative ? big.m + aligned : big.m - aligned;
  return big.m == 0 ? 0 : round_parts(big);
}

// Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd" (2008), where
// the exact product and sums exist: far from the ends of float64's range.
inline DoubleVec fma64(DoubleVec a, DoubleVec b, DoubleVec c) {
  const auto [product, product_error] = multiply_exactly(a, b);
  const auto magnitude = [](DoubleVec x) { return (DoubleVec)((BitsVec)x & INT64_MAX); };
  const BitsVec is_safe = (magnitude(a) < 0x1p990) & (magnitude(b) < 0x1p990) & (magnitude(product) < 0x1p1020) &
                          (magnitude(c) < 0x1p1020) & ((magnitude(product) > 0x1p-960) | (a == 0) | (b == 0));
  if (!(is_safe[0] & is_safe[1])) return DoubleVec{fma_in_integers(a[0], b[0], c[0]), fma_in_integers(a[1], b[1], c[1])};
  const auto [low, low_error] = add_exactly(c, product_error);
  const auto [high, high_error] = add_exactly(product, low);
  const DoubleVec sum = high + add_to_odd(low_error, high_error);
  return sum == 0 ? product + c : sum;  // which has the sign of its zero
}

}  // namespace
}  // namespace lstm_ref
