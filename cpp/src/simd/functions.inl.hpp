// The activation functions that a configuration may choose (spec/variants.md, section 3).
#pragma once

#include "simd/activations.inl.hpp"
#include "simd/kernels.hpp"

namespace lstm_ref {
namespace {

// f of so many vectors in place, kWide of them in lockstep.
template <class F>
LSTM_REF_INLINE void for_each_wide(Vec* z, int count, F f) {
  int n = 0;
#pragma GCC unroll 8
  for (; n + kWide <= count; n += kWide) {
    const Wide<kWide> result = f(each<kWide>([&](int m) { return z[n + m]; }));
#pragma GCC unroll 8
    for (int m = 0; m < kWide; ++m) z[n + m] = result.v[m];
  }
#pragma GCC unroll 8
  for (; n < count; ++n) z[n] = f(Wide<1>{{z[n]}}).v[0];
}

template <int M>
LSTM_REF_INLINE Wide<M> all(Vec k, Wide<M>) {  // as many as the second
  return each<M>([&](int) { return k; });
}
template <int M>
LSTM_REF_INLINE Wide<M> softsign(Wide<M> x) {
  const Wide<M> y = at_most(splat(Real(0x1p64)), at_least(splat(Real(-0x1p64)), x)), magnitude = negate(minus_abs(y));
  return y / (constant<M>(kOneBits) + magnitude);  // (V3.9)
}
template <int M>
LSTM_REF_INLINE Wide<M> thresholded_relu(Wide<M> x, Vec alpha) {
  return each<M>([&](int m) { return x.v[m] < alpha ? Vec{} : x.v[m]; });  // (V3.11)
}

template <int M>
LSTM_REF_INLINE Wide<M> clipped(Wide<M> x, float clip) {  // (V2)
  if (clip == 0) return x;
  const Vec k = splat(clip);
  return at_most(k, at_least(-k, x));
}

// (V1): `count` vectors in place.
void activate(const Activation& activation, float clip, Vec* z, int count) {
  const Vec alpha = splat(activation.alpha), beta = splat(activation.beta), zero = {}, one = splat(1);
  const auto map = [&](auto f) { for_each_wide(z, count, f); };
  if (clip != 0) map([&](auto x) { return clipped(x, clip); });
  switch (activation.function) {
    case Function::kSigmoid:  // (V3.1)
      return map([](auto x) { return sigmoid(x); });
    case Function::kTanh:  // (V3.2)
      return map([](auto x) { return tanh(x); });
    case Function::kRelu:  // (V3.3)
      return map([&](auto x) { return at_least(zero, x); });
    case Function::kLeakyRelu:  // (V3.4)
      return map([&](auto x) { return where_negative(x, all(alpha, x) * x, x); });
    case Function::kElu:  // (V3.5)
      return map([&](auto x) { return where_negative(x, all(alpha, x) * expm1(at_most(zero, x)), x); });
    case Function::kHardSigmoid:  // (V3.6)
      return map([&](auto x) { return at_most(one, at_least(zero, fma(all(alpha, x), x, all(beta, x)))); });
    case Function::kAffine:  // (V3.7)
      return map([&](auto x) { return fma(all(alpha, x), x, all(beta, x)); });
    case Function::kScaledTanh:  // (V3.8)
      return map([&](auto x) { return all(alpha, x) * tanh(all(beta, x) * x); });
    case Function::kSoftsign:
      return map([](auto x) { return softsign(x); });
    case Function::kSoftplus:  // (V3.10)
      return map([](auto x) { return softplus(x); });
    case Function::kThresholdedRelu:
      return map([&](auto x) { return thresholded_relu(x, alpha); });
  }
}

// The activations of a network, with its clip, of `count` vectors in place: whichever were chosen,
struct ChosenActivations {
  const Pointwise& k;

  LSTM_REF_INLINE void gate(Vec* z, int count) const { activate(k.gate, k.clip, z, count); }
  LSTM_REF_INLINE void candidate(Vec* z, int count) const { activate(k.candidate, k.clip, z, count); }
  LSTM_REF_INLINE void output(Vec* z, int count) const { activate(k.output, k.clip, z, count); }
};

// or those that most networks have, which stay in the registers.
struct UsualActivations {
  const Pointwise& k;

  LSTM_REF_INLINE void gate(Vec* z, int count) const {
    for_each_wide(z, count, [&](auto x) __attribute__((always_inline)) { return sigmoid(clipped(x, k.clip)); });
  }
  LSTM_REF_INLINE void candidate(Vec* z, int count) const {
    for_each_wide(z, count, [&](auto x) __attribute__((always_inline)) { return tanh(clipped(x, k.clip)); });
  }
  LSTM_REF_INLINE void output(Vec* z, int count) const { candidate(z, count); }
};

}  // namespace
}  // namespace lstm_ref
