// The float64 fma made from other operations against the C library's, which is exact.
#include <cmath>

#include "engine_reference.hpp"
#include "simd/fma64.hpp"

using reference::from_bits;

namespace {

void check_fma(double a, double b, double c) {
  const double wanted = std::fma(a, b, c);
  CHECK_BITS(lstm_ref::fma64(lstm_ref::DoubleVec{a, 1}, lstm_ref::DoubleVec{b, 1}, lstm_ref::DoubleVec{c, 1})[0], wanted);
  CHECK_BITS(lstm_ref::fma64(lstm_ref::DoubleVec{1, a}, lstm_ref::DoubleVec{0, b}, lstm_ref::DoubleVec{1, c})[1], wanted);
  CHECK_BITS(lstm_ref::fma_in_integers(a, b, c), wanted);
}

// Numbers of few bits, of many, and those next to powers of 2: sums of them come to lie halfway, or just beside.
class Numbers {
 public:
  std::uint64_t below(std::uint64_t n) { return next() % n; }

  double number(std::int64_t exponent) {  // biased, and moved into the range
    const std::uint64_t all = (std::uint64_t{1} << 52) - 1, some = std::uint64_t{1} << below(52);
    const std::uint64_t fractions[] = {0, all, some, all - some, next() & all, next() & next() & next() & all};
    const std::uint64_t field = exponent < 0 ? 0 : exponent > 2047 ? 2047 : exponent;
    return from_bits<double>(next() << 63 | field << 52 | fractions[below(6)]);
  }

 private:
  std::uint64_t next() {  // SplitMix64
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  std::uint64_t state_ = 1;
};

}  // namespace

int main() {
  Numbers numbers;
  for (int round = 0; round < 400000; ++round) {
    const auto a = static_cast<std::int64_t>(numbers.below(2048)), near = static_cast<std::int64_t>(numbers.below(240)) - 120;
    const auto any = [&] { return static_cast<std::int64_t>(numbers.below(2048)); };
    const double x = numbers.number(a);
    check_fma(x, numbers.number(any()), numbers.number(any()));
    check_fma(x, numbers.number(2046 - a), numbers.number(1023 + near));                  // about 1 and what is added to it
    check_fma(x, numbers.number(1023 - a + near / 2), numbers.number(near));              // about the smallest numbers
    check_fma(x, numbers.number(3069 - a + near / 40), numbers.number(2046 - near / 2));  // about the largest
    const double y = numbers.number(2046 - a);
    check_fma(x, y, -(x * y));  // the product's own error
  }
  return check::summary();
}
