// The constants of the arithmetic (spec N3-N6). Generated from spec/numerics.md by spec/generate_constants.py; do not edit.
#pragma once
#include <cstdint>

namespace lstm_ref::constants {

// Float32 constants are given by their bits; see constant() in the kernel.
// clang-format off

constexpr int kChunk = 64;  // terms of one partial sum (N3)
constexpr std::uint32_t kLog2e = 0x3fb8aa3bu;  // 1 / ln 2, rounded
constexpr std::uint32_t kLn2 = 0x3f317218u;  // ln 2, rounded
constexpr std::uint32_t kLn2Excess = 0x3102e308u;  // LN2 - ln 2, rounded: 1.9e-9
constexpr std::uint32_t kRounder = 0x4b400000u;  // 1.5 * 2^23: adding it rounds to an integer
constexpr std::uint32_t kExpC2 = 0x3f000000u;  // 1/2!   exp(r) - 1 = r + r^2 (C2 + C3 r + ... + C7 r^5),
constexpr std::uint32_t kExpC3 = 0x3e2aaaabu;  // 1/3!   minimax for |r| <= ln(2)/2, relative error 2^-31
constexpr std::uint32_t kExpC4 = 0x3d2aaa7bu;
constexpr std::uint32_t kExpC5 = 0x3c088802u;
constexpr std::uint32_t kExpC6 = 0x3ab69e4bu;
constexpr std::uint32_t kExpC7 = 0x3951218bu;
constexpr std::uint32_t kRecipC0 = 0x3fb4b4b5u;  // 24/17: 1/d ~ C0 + C1 d for 1 <= d <= 2,
constexpr std::uint32_t kRecipC1 = 0xbef0f0f1u;  // -8/17  relative error 1/17
constexpr std::uint32_t kSigmoidMin = 0xc2d00000u;  // -104: sigmoid(-104) rounds to 0
constexpr std::uint32_t kTanhMin = 0xc1910000u;  // -18.125: tanh(18.125 / 2) rounds to 1
constexpr std::uint32_t kTwo32 = 0x4f800000u;  // 2^32
constexpr std::uint32_t kTwoM32 = 0x2f800000u;  // 2^-32
constexpr std::uint32_t kLog1pC1 = 0x3daaaaabu;  // log(1 + e) = q + q w (C1 + C2 w + ... + C5 w^4), w = q^2, q = 2e / (2 + e),
constexpr std::uint32_t kLog1pC2 = 0x3c4ccc6au;  // minimax for 0 <= w <= 4/9, relative error 2^-30
constexpr std::uint32_t kLog1pC3 = 0x3b126493u;
constexpr std::uint32_t kLog1pC4 = 0x39de467cu;
constexpr std::uint32_t kLog1pC5 = 0x38edd130u;
constexpr std::uint32_t kOneBits = 0x3f800000u;  // 1, the exponent bias of float32 in place
constexpr int kSigmoidMinExponent = -126;  // smallest normal exponent
constexpr int kTanhMinExponent = -23;  // 1 + 2^-23 is the last exact one

// clang-format on
}  // namespace lstm_ref::constants
