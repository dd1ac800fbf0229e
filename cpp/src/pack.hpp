// Weights in the order the kernels read them.
#pragma once

#include <vector>

#include "aligned_buffer.hpp"
#include "cell.hpp"
#include "lstm_ref/config.hpp"

namespace lstm_ref {

// The gain and the shift of a normalisation.
template <class Real>
struct PackedNorm {
  AlignedBuffer<Real> gain, shift;  // (P, 4, V)
};

// One phase of one layer and direction; V lanes, P panels, G columns of a product (simd/kernels.hpp). Lanes past the last unit
// hold zeros. Matrices are of Real, or of bfloat16.
template <class Real>
struct PackedPhase {
  AlignedBuffer<std::byte> weight_ih;  // (P, I_l, G, V), if the phase has x
  AlignedBuffer<std::byte> weight_hh;  // (P, K, G, V)
  AlignedBuffer<Real> bias;            // (P, 4, V)  (2.5)
  std::vector<PackedNorm<Real>> norms;
};

template <class Real>
struct PackedWeights {
  std::vector<PackedPhase<Real>> phases;
  AlignedBuffer<Real> peephole;  // (P, 3, V): i, o, f
};

inline std::int64_t panel_count(std::int64_t hidden_size, int lanes) { return (hidden_size + lanes - 1) / lanes; }

// `tensors` are those of that layer and direction, as tensor_spec() lists them. as_bfloat16: the matrices.
template <class Real>
PackedWeights<Real> pack_weights(const Config& config, const TensorView* tensors, int lanes, bool as_bfloat16 = false);

}  // namespace lstm_ref
