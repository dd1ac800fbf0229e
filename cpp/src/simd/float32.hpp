// What the kernel source has of its own for float32; an instruction set's shim begins with it.
#pragma once

#include <stdint.h>

#include "simd/constants.hpp"

namespace lstm_ref {
namespace {

using Real = float;
using Bits = uint32_t;  // the pattern of a Real

using namespace constants;

}  // namespace
}  // namespace lstm_ref
