#include "masks.hpp"

#include <cmath>

#include "aligned_buffer.hpp"

namespace lstm_ref {
namespace {

std::uint64_t mix(std::uint64_t z) {  // (N8.1)
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::uint64_t fnv(const std::string& name) {  // (N8.2)
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char byte : name) h = (h ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return h;
}

// (N14)
template <class Real>
std::vector<Real> mask_of_seed(std::int64_t seed, const MaskSpec& spec, float rate) {
  std::int64_t count = 1;
  for (const std::int64_t n : spec.shape) count = checked_product(count, n);
  const std::uint64_t key = mix(static_cast<std::uint64_t>(seed) ^ fnv(spec.name));                    // (N8.3)
  const auto threshold = static_cast<std::uint64_t>(std::floor(static_cast<double>(rate) * 0x1p32));   // (N14.1)
  const Real hit = spec.keeps() ? 1 : 0, miss = spec.keeps() ? 0 : 1 / (1 - static_cast<Real>(rate));  // (N14.3), (N14.2)
  const Real values[] = {miss, hit};  // looked up: nothing could foresee a branch on a random number, which takes 8 times as long
  std::vector<Real> mask(count);
  std::uint64_t counter = key;
  for (Real& element : mask) {
    counter += 0x9e3779b97f4a7c15u;
    element = values[mix(counter) >> 32 < threshold];  // (N8.4)
  }
  return mask;
}

}  // namespace

template <class Real>
Masks<Real>::Masks(const Config& config, const BasicInputs<Real>& inputs) : B_(inputs.B), directions_(config.directions()) {
  if (!inputs.seed && inputs.masks.empty()) return;
  arrays_.resize(checked_product(config.state_rows(), MaskSpec::kKinds));
  for (std::int64_t i = 0; i < mask_count(config); ++i) {
    const MaskSpec spec = mask_spec(config, i, inputs.T, inputs.B);
    if (inputs.seed) made_.push_back(mask_of_seed<Real>(*inputs.seed, spec, rate_of(config, spec.kind)));
    sizes_[spec.kind] = spec.shape.back();
    arrays_[(spec.layer * directions_ + spec.direction) * MaskSpec::kKinds + spec.kind] =
        inputs.seed ? made_.back().data() : inputs.masks[i];
  }
}

template <class Real>
const Real* Masks<Real>::row(MaskSpec::Kind kind, std::int64_t layer, int direction, std::int64_t t, std::int64_t b) const {
  if (empty()) return nullptr;
  const bool is_y = kind == MaskSpec::kOutput;  // (T, B, D*R): of both directions
  const Real* const mask = arrays_[(layer * directions_ + (is_y ? 0 : direction)) * MaskSpec::kKinds + kind];
  if (!mask) return nullptr;
  const std::int64_t size = sizes_[kind], row = kind == MaskSpec::kHidden ? b : t * B_ + b;
  return mask + row * size + (is_y ? direction * (size / directions_) : 0);
}

template class Masks<float>;
template class Masks<double>;

}  // namespace lstm_ref
