// The masks of a training run (spec/variants.md, section 8), whether given or made from a seed.
#pragma once

#include <cstdint>
#include <vector>

#include "lstm_ref/config.hpp"
#include "lstm_ref/lstm.hpp"

namespace lstm_ref {

template <class Real>
class Masks {
 public:
  Masks() = default;

  // Of a call: empty in evaluation.
  Masks(const Config& config, const BasicInputs<Real>& inputs);

  bool empty() const { return arrays_.empty(); }

  // What it holds for row b in step t: (R,) or (H,). Null where there is no such mask.
  const Real* row(MaskSpec::Kind kind, std::int64_t layer, int direction, std::int64_t t, std::int64_t b) const;

 private:
  std::int64_t B_ = 0, directions_ = 1, sizes_[MaskSpec::kKinds] = {};
  std::vector<std::vector<Real>> made_;  // from a seed
  std::vector<const Real*> arrays_;      // (L*D, kinds)
};

}  // namespace lstm_ref
