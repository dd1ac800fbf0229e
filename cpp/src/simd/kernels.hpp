// What an instruction set provides: the reduction seam and the pointwise seam.
//
// V = lanes. Output units are packed in P = ceil(H / V) panels of V units x 4 gates, so that one row and one panel give all
// four gates of V units. A packed matrix is (P, K, 4, V); a packed row of z or bias is (P, 4, V). Lanes past H hold zeros in
// the weights, and whatever follows from them in z.
#pragma once

#include <cstdint>

namespace lstm_ref {

struct Kernels {
  const char* name;
  int lanes;

  // (N3) for one input: z[r] = start + sum over the chunks of weights and inputs[r], r < rows, where start is the bias, or
  // z[r] itself if `bias` is null. weights (P, K, 4, V), bias (P, 4, V), inputs[r] (K,), z[r] (P, 4, V).
  void (*affine)(float* const* z, const float* bias, const float* weights, const float* const* inputs, std::int64_t rows,
                 std::int64_t K, std::int64_t P);

  // (2.2)-(2.4): z[r] (P, 4, V), c[r] (P, V) in place, h[r] (H,) written. keep_gates: the activated gates replace z.
  void (*step)(float* const* z, float* const* c, float* const* h, std::int64_t rows, std::int64_t H, bool keep_gates);
};

extern const Kernels kBaselineKernels;
#if defined(LSTM_REF_X86_64)
extern const Kernels kAvx2Kernels, kAvx512Kernels;
#elif defined(LSTM_REF_ARM64)
extern const Kernels kNeonKernels;
#endif

}  // namespace lstm_ref
