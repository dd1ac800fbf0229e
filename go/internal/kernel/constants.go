// Code generated from spec/numerics.md by spec/generate_constants.py. DO NOT EDIT.

package kernel

// The constants of the float32 arithmetic (spec N3-N12); those that are no integers are given by their bits.
const (
	kChunk              = 64
	kLog2e              = 0x3fb8aa3b
	kLn2                = 0x3f317218
	kLn2Excess          = 0x3102e308
	kRounder            = 0x4b400000
	kExpC2              = 0x3f000000
	kExpC3              = 0x3e2aaaab
	kExpC4              = 0x3d2aaa7b
	kExpC5              = 0x3c088802
	kExpC6              = 0x3ab69e4b
	kExpC7              = 0x3951218b
	kRecipC0            = 0x3fb4b4b5
	kRecipC1            = 0xbef0f0f1
	kSigmoidMin         = 0xc2d00000
	kTanhMin            = 0xc1910000
	kScaleUp            = 0x4f800000
	kScaleDown          = 0x2f800000
	kLog1pC1            = 0x3daaaaab
	kLog1pC2            = 0x3c4ccc6a
	kLog1pC3            = 0x3b126493
	kLog1pC4            = 0x39de467c
	kLog1pC5            = 0x38edd130
	kOneBits            = 0x3f800000
	kSigmoidMinExponent = -126
	kTanhMinExponent    = -23
	kScaleExponent      = 32
	kFractionBits       = 23
)
