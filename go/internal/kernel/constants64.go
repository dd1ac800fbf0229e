// Code generated from spec/numerics.md by spec/generate_constants.py. DO NOT EDIT.

package kernel

// The constants of the float64 arithmetic (spec N3-N12); those that are no integers are given by their bits.
const (
	k64Chunk              = 64
	k64Log2e              = 0x3ff71547652b82fe
	k64Ln2                = 0x3fe62e42fefa39ef
	k64Ln2Excess          = 0xbc7abc9e3b39803f
	k64Rounder            = 0x4338000000000000
	k64ExpC2              = 0x3fe0000000000000
	k64ExpC3              = 0x3fc5555555555559
	k64ExpC4              = 0x3fa555555555553f
	k64ExpC5              = 0x3f8111111110f6df
	k64ExpC6              = 0x3f56c16c16c1f05b
	k64ExpC7              = 0x3f2a01a01afd17d1
	k64ExpC8              = 0x3efa01a017bccbc5
	k64ExpC9              = 0x3ec71ddf885693fa
	k64ExpC10             = 0x3e927e53624ae13b
	k64ExpC11             = 0x3e5af5e684ea21f6
	k64ExpC12             = 0x3e21ee88a5282df6
	k64RecipC0            = 0x3ff8c00000000000
	k64RecipC1            = 0xbfe1800000000000
	k64SigmoidMin         = 0xc087500000000000
	k64TanhMin            = 0xc043200000000000
	k64ScaleUp            = 0x43f0000000000000
	k64ScaleDown          = 0x3bf0000000000000
	k64Log1pC1            = 0x3fb5555555555535
	k64Log1pC2            = 0x3f899999999a074f
	k64Log1pC3            = 0x3f6249249208c68a
	k64Log1pC4            = 0x3f3c71c741c6a07a
	k64Log1pC5            = 0x3f1745cb4018fe26
	k64Log1pC6            = 0x3ef3b1ddb4fb1744
	k64Log1pC7            = 0x3ed1067c6ee9fd28
	k64Log1pC8            = 0x3eaefd82f055d04a
	k64Log1pC9            = 0x3e855b1810095a6e
	k64Log1pC10           = 0x3e75c788e036d394
	k64OneBits            = 0x3ff0000000000000
	k64SigmoidMinExponent = -1022
	k64TanhMinExponent    = -52
	k64ScaleExponent      = 64
	k64FractionBits       = 52
)
