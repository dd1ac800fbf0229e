// The choice of an instruction set at run time.
#pragma once

#include <string>

#include "lstm_ref/config.hpp"
#include "simd/kernels.hpp"

namespace lstm_ref {

// By name; if that is empty, by LSTM_REF_ISA; if that is unset or empty, the fastest. Throws Error.
template <class Real>
const Kernels<Real>& select_kernels(const std::string& isa);

// What computes a network whose weights are bfloat16 values on that instruction set: the kernels that read them as such where
// there are so many that reading takes the time, and else the same kernels, for weights widened once.
template <class Real>
const Kernels<Real>& for_bfloat16(const Kernels<Real>& kernels, const Config& config);

}  // namespace lstm_ref
