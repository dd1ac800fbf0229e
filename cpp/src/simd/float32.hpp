// What the kernel source has of its own for float32; the shim of an instruction set begins with it, or with float64.hpp.
#pragma once

#include <stdint.h>

#include "simd/constants.hpp"

namespace lstm_ref {
namespace {

using Real = float;
using Bits = uint32_t;  // the pattern of a Real

using namespace constants;
constexpr Bits kExpC[] = {kExpC2, kExpC3, kExpC4, kExpC5, kExpC6, kExpC7};      // (N4.6)
constexpr Bits kLog1pC[] = {kLog1pC1, kLog1pC2, kLog1pC3, kLog1pC4, kLog1pC5};  // (N12.4)

}  // namespace
}  // namespace lstm_ref
