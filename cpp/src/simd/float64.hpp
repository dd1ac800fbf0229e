// What the kernel source has of its own for float64; the shim of an instruction set begins with it, or with float32.hpp.
#pragma once

#include <stdint.h>

#include "simd/constants.hpp"

namespace lstm_ref {
namespace {

using Real = double;
using Bits = uint64_t;  // the pattern of a Real

using namespace constants64;
constexpr Bits kExpC[] = {kExpC2, kExpC3, kExpC4, kExpC5, kExpC6, kExpC7, kExpC8, kExpC9, kExpC10, kExpC11, kExpC12};  // (N4.6)
constexpr Bits kLog1pC[] = {kLog1pC1, kLog1pC2, kLog1pC3, kLog1pC4, kLog1pC5,
                            kLog1pC6, kLog1pC7, kLog1pC8, kLog1pC9, kLog1pC10};  // (N12.4)

}  // namespace
}  // namespace lstm_ref
