// The choice of an instruction set at run time.
#pragma once

#include <string>

#include "simd/kernels.hpp"

namespace lstm_ref {

// By name; if that is empty, by LSTM_REF_ISA; if that is unset or empty, the fastest. Throws Error.
template <class Real>
const Kernels<Real>& select_kernels(const std::string& isa);

}  // namespace lstm_ref
