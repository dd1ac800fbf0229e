// The constants of the arithmetic (spec N3-N12). Generated from spec/numerics.md by spec/generate_constants.py; do not edit.
#pragma once
#include <cstdint>

// Constants that are no integers are given by their bits; see constant() in the kernel.
// clang-format off

namespace lstm_ref::constants {  // float32

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
constexpr std::uint32_t kScaleUp = 0x4f800000u;  // 2^32: what it multiplies is normal, down to the smallest sigmoid
constexpr std::uint32_t kScaleDown = 0x2f800000u;  // 2^-32
constexpr std::uint32_t kLog1pC1 = 0x3daaaaabu;  // log(1 + e) = q + q w (C1 + C2 w + ... + C5 w^4), w = q^2, q = 2e / (2 + e),
constexpr std::uint32_t kLog1pC2 = 0x3c4ccc6au;  // minimax for 0 <= w <= 4/9, relative error 2^-30
constexpr std::uint32_t kLog1pC3 = 0x3b126493u;
constexpr std::uint32_t kLog1pC4 = 0x39de467cu;
constexpr std::uint32_t kLog1pC5 = 0x38edd130u;
constexpr std::uint32_t kOneBits = 0x3f800000u;  // 1, the exponent bias of float32 in place
constexpr int kSigmoidMinExponent = -126;  // smallest normal exponent
constexpr int kTanhMinExponent = -23;  // 1 + 2^-23 is the last exact one
constexpr int kScaleExponent = 32;  // of SCALE_UP
constexpr int kFractionBits = 23;  // below the exponent

}  // namespace lstm_ref::constants

namespace lstm_ref::constants64 {  // float64

constexpr int kChunk = 64;  // terms of one partial sum (N3)
constexpr std::uint64_t kLog2e = 0x3ff71547652b82feull;  // 1 / ln 2, rounded
constexpr std::uint64_t kLn2 = 0x3fe62e42fefa39efull;  // ln 2, rounded
constexpr std::uint64_t kLn2Excess = 0xbc7abc9e3b39803full;  // LN2 - ln 2, rounded: -2.3e-17
constexpr std::uint64_t kRounder = 0x4338000000000000ull;  // 1.5 * 2^52: adding it rounds to an integer
constexpr std::uint64_t kExpC2 = 0x3fe0000000000000ull;  // 1/2!   exp(r) - 1 = r + r^2 (C2 + C3 r + ... + C12 r^10),
constexpr std::uint64_t kExpC3 = 0x3fc5555555555559ull;  // ~1/3!  minimax for |r| <= ln(2)/2, relative error 2^-59.9
constexpr std::uint64_t kExpC4 = 0x3fa555555555553full;
constexpr std::uint64_t kExpC5 = 0x3f8111111110f6dfull;
constexpr std::uint64_t kExpC6 = 0x3f56c16c16c1f05bull;
constexpr std::uint64_t kExpC7 = 0x3f2a01a01afd17d1ull;
constexpr std::uint64_t kExpC8 = 0x3efa01a017bccbc5ull;
constexpr std::uint64_t kExpC9 = 0x3ec71ddf885693faull;
constexpr std::uint64_t kExpC10 = 0x3e927e53624ae13bull;
constexpr std::uint64_t kExpC11 = 0x3e5af5e684ea21f6ull;
constexpr std::uint64_t kExpC12 = 0x3e21ee88a5282df6ull;
constexpr std::uint64_t kRecipC0 = 0x3ff8c00000000000ull;  // 99/64: 1/d ~ C0 + C1 d for 1 <= d <= 2, relative error 0.094, none for d = 1,
constexpr std::uint64_t kRecipC1 = 0xbfe1800000000000ull;  // -35/64  where n reaches -1076, and n * LN2_EXCESS 200 ulp, in (N4.10)
constexpr std::uint64_t kSigmoidMin = 0xc087500000000000ull;  // -746: sigmoid(-746) rounds to 0
constexpr std::uint64_t kTanhMin = 0xc043200000000000ull;  // -38.25: tanh(38.25 / 2) rounds to 1
constexpr std::uint64_t kScaleUp = 0x43f0000000000000ull;  // 2^64: what it multiplies is normal, down to the smallest sigmoid
constexpr std::uint64_t kScaleDown = 0x3bf0000000000000ull;  // 2^-64
constexpr std::uint64_t kLog1pC1 = 0x3fb5555555555535ull;  // log(1 + e) = q + q w (C1 + C2 w + ... + C10 w^9), w = q^2, q = 2e / (2 + e),
constexpr std::uint64_t kLog1pC2 = 0x3f899999999a074full;  // minimax for 0 <= w <= 4/9, relative error 2^-59.3
constexpr std::uint64_t kLog1pC3 = 0x3f6249249208c68aull;
constexpr std::uint64_t kLog1pC4 = 0x3f3c71c741c6a07aull;
constexpr std::uint64_t kLog1pC5 = 0x3f1745cb4018fe26ull;
constexpr std::uint64_t kLog1pC6 = 0x3ef3b1ddb4fb1744ull;
constexpr std::uint64_t kLog1pC7 = 0x3ed1067c6ee9fd28ull;
constexpr std::uint64_t kLog1pC8 = 0x3eaefd82f055d04aull;
constexpr std::uint64_t kLog1pC9 = 0x3e855b1810095a6eull;
constexpr std::uint64_t kLog1pC10 = 0x3e75c788e036d394ull;
constexpr std::uint64_t kOneBits = 0x3ff0000000000000ull;  // 1, the exponent bias of float64 in place
constexpr int kSigmoidMinExponent = -1022;  // smallest normal exponent
constexpr int kTanhMinExponent = -52;  // 1 + 2^-52 is the last exact one
constexpr int kScaleExponent = 64;  // of SCALE_UP
constexpr int kFractionBits = 52;  // below the exponent

}  // namespace lstm_ref::constants64

// clang-format on
