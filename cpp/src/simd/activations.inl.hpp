// Functions of one number as fixed sequences of basic operations (N4)-(N6), (N10)-(N12).
#pragma once

#include "simd/vectors.inl.hpp"

namespace lstm_ref {
namespace {

// 2^(n + shift), n the low bits of m
template <int M>
LSTM_REF_INLINE Wide<M> pow2(Wide<M> m, Bits shift = 0) {
  return each<M>([&](int i) { return to_real((bits(m.v[i]) << kFractionBits) + (kOneBits + (shift << kFractionBits))); });
}

// The shifted integer (N4.1) that stands for `exponent`.
template <int M>
LSTM_REF_INLINE Wide<M> least_m(int exponent) {
  return constant<M>(kRounder) + each<M>([&](int) { return splat(Real(exponent)); });
}

// From the coefficient number k on: p_k and q times the rest, p_k = C[k] + C[k+1] r; the last coefficient may stand alone.
template <int k = 0, int M>
LSTM_REF_INLINE Wide<M> exp_polynomial(Wide<M> r, Wide<M> q) {
  constexpr int left = sizeof kExpC / sizeof(Bits) - k;
  const Wide<M> c = constant<M>(kExpC[k]);
  if constexpr (left == 1) {
    return c;
  } else if constexpr (left == 2) {
    return fma(r, constant<M>(kExpC[k + 1]), c);
  } else {
    const Wide<M> rest = exp_polynomial<k + 2>(r, q);
    return fma(q, rest, fma(r, constant<M>(kExpC[k + 1]), c));
  }
}

template <int M>
struct Exp {
  Wide<M> n, t, u;  // exp(y) = 2^n * (1 + t + u)
};

template <int M>
LSTM_REF_INLINE Exp<M> exp_parts(Wide<M> y, Wide<M> m) {
  Exp<M> e;
  e.n = m - constant<M>(kRounder);                    // (N4.3)
  const Wide<M> r = fnma(e.n, constant<M>(kLn2), y);  // (N4.4)
  const Wide<M> q = r * r;                            // (N4.5)
  const Wide<M> p = exp_polynomial(r, q);             // (N4.6)
  e.t = fma(q, p, r);                                 // (N4.7)
  e.u = fma(q, p, r - e.t);                           // (N4.8)
  return e;
}

template <int M>
LSTM_REF_INLINE Wide<M> quotient(Wide<M> a, Wide<M> a_low, Wide<M> d, Wide<M> d_low) {
  const Wide<M> q = a / d;                                                 // (N4.9)
  const Wide<M> e = fnma(q, d, a) + fnma(q, d_low, a_low);                 // (N4.10)
  return fma(e, fma(d, constant<M>(kRecipC1), constant<M>(kRecipC0)), q);  // (N4.11)
}

// exp(r) = v + v_low
template <int M>
struct ExpR {
  Wide<M> v, v_low;
};

template <int M>
LSTM_REF_INLINE ExpR<M> exp_r(const Exp<M>& e) {
  const Wide<M> one = constant<M>(kOneBits), v = one + e.t;                    // (N5.2)
  return {v, fma(e.n * constant<M>(kLn2Excess), v, (e.t - (v - one)) + e.u)};  // (N5.3)
}

// 1 - exp(y) = w + w_low, for kTanhMin <= y <= 0, and what it is made of
template <int M>
struct OneMinusExp {
  Wide<M> w, w_low, s, t, u;
};

template <int M>
LSTM_REF_INLINE OneMinusExp<M> one_minus_exp(Wide<M> y) {
  const Wide<M> unbounded_m = fma(y, constant<M>(kLog2e), constant<M>(kRounder));  // (N4.1)
  const Wide<M> m = max(least_m<M>(kTanhMinExponent), unbounded_m);                // (N4.2)
  const Exp<M> e = exp_parts(y, m);
  const Wide<M> s = pow2(m);                                // (N6.2)
  const Wide<M> a = constant<M>(kOneBits) - s;              // (N6.3)
  const Wide<M> w = fnma(s, e.t, a);                        // (N6.4)
  const Wide<M> w_low = fnma(s, e.u, fnma(s, e.t, a - w));  // (N6.5)
  return {w, w_low, s, e.t, e.u};
}

template <int M>
LSTM_REF_INLINE Wide<M> sigmoid(Wide<M> x) {
  const Wide<M> one = constant<M>(kOneBits), zero = {};
  const Wide<M> y = max(constant<M>(kSigmoidMin), minus_abs(x));         // (N5.1)
  const Wide<M> m = fma(y, constant<M>(kLog2e), constant<M>(kRounder));  // (N4.1)
  const auto [v, v_low] = exp_r(exp_parts(y, m));
  const Wide<M> s = pow2(max(least_m<M>(kSigmoidMinExponent), m));  // (N5.4)
  const Wide<M> d = fma(s, v, one);                                 // (N5.5)
  const Wide<M> d_low = fma(s, v_low, fma(s, v, one - d));          // (N5.6)
  const Wide<M> w = quotient(where_negative(x, v, one), where_negative(x, v_low, zero), d, d_low);
  const Wide<M> scale = where_negative(x, pow2(m, kScaleExponent), constant<M>(kScaleUp));  // (N5.7), (N5.8)
  return (w * scale) * constant<M>(kScaleDown);                                             // (N5.9)
}

template <int M>
LSTM_REF_INLINE Wide<M> tanh(Wide<M> x) {
  const Wide<M> y = max(constant<M>(kTanhMin), minus_abs(x) + minus_abs(x));  // (N6.1)
  const auto [w, w_low, s, t, u] = one_minus_exp(y);
  const Wide<M> b = constant<M>(kOneBits) + s;        // (N6.3)
  const Wide<M> d = fma(s, t, b);                     // (N6.6)
  const Wide<M> d_low = fma(s, u, fma(s, t, b - d));  // (N6.7)
  return with_sign(quotient(w, w_low, d, d_low), x);  // (N6.8)
}

template <int M>
LSTM_REF_INLINE Wide<M> expm1(Wide<M> x) {                              // of x <= 0
  const auto one_minus = one_minus_exp(max(constant<M>(kTanhMin), x));  // (N11.1)
  return negate(one_minus.w + one_minus.w_low);                         // (N11.2)
}

template <int k = 0, int M>
LSTM_REF_INLINE Wide<M> log1p_polynomial(Wide<M> w) {
  constexpr int left = sizeof kLog1pC / sizeof(Bits) - k;
  if constexpr (left == 1) {
    return constant<M>(kLog1pC[k]);
  } else {
    return fma(w, log1p_polynomial<k + 1>(w), constant<M>(kLog1pC[k]));
  }
}

template <int M>
LSTM_REF_INLINE Wide<M> softplus(Wide<M> x) {
  const Wide<M> y = max(constant<M>(kSigmoidMin), minus_abs(x));         // (N10.1)
  const Wide<M> m = fma(y, constant<M>(kLog2e), constant<M>(kRounder));  // (N4.1)
  const auto [v, v_low] = exp_r(exp_parts(y, m));
  const Wide<M> e = ((v + v_low) * pow2(m, kScaleExponent)) * constant<M>(kScaleDown);  // (N10.2), (N12.1)
  const Wide<M> two = constant<M>(kOneBits) + constant<M>(kOneBits);
  const Wide<M> q = (e + e) / (two + e);                                             // (N12.2)
  const Wide<M> w = q * q;                                                           // (N12.3)
  const Wide<M> l = fma(q * w, log1p_polynomial(w), q);                              // (N12.4), (N12.5)
  return each<M>([&](int i) { return x.v[i] > Vec{} ? x.v[i] + l.v[i] : l.v[i]; });  // (N12.6)
}

}  // namespace
}  // namespace lstm_ref
