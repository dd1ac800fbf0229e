// The activation functions that a configuration may choose (spec/variants.md, section 3).
#pragma once

namespace lstm_ref {

enum class Function {
  kSigmoid,
  kTanh,
  kRelu,
  kLeakyRelu,    // alpha
  kElu,          // alpha
  kHardSigmoid,  // alpha, beta
  kAffine,       // alpha, beta
  kScaledTanh,   // alpha, beta
  kSoftsign,
  kSoftplus,
  kThresholdedRelu,  // alpha
};

struct Activation {
  Function function;
  float alpha = 0, beta = 0;
};

inline bool operator==(const Activation& a, const Activation& b) {
  return a.function == b.function && a.alpha == b.alpha && a.beta == b.beta;
}
inline bool operator!=(const Activation& a, const Activation& b) { return !(a == b); }

}  // namespace lstm_ref
