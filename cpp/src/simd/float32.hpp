// What the kernel source has of its own for float32; an instruction set's shim begins with it.
#pragma once

#include <stdint.h>

#include "simd/constants.hpp"

namespace lstm_ref {
namespace {

using Real = float;
using Bits = uint32_t;  // the pattern of a Real
constexpr int kFractionBits = 23;
constexpr int kLift = 32;  // times 2^32 and back: of subnormal results (N5.7), (N10.2)

using namespace constants;

}  // namespace
}  // namespace lstm_ref
