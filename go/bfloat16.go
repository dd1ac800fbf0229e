package lstmref

import "math"

// RoundToBFloat16 is the nearest bfloat16 value, ties to even; a NaN stays a NaN (spec/variants.md, section 9).
func RoundToBFloat16(x float32) float32 {
	u := math.Float32bits(x)
	if x != x {
		u |= 0x00400000
	} else {
		u += 0x7fff + u>>16&1
	}
	return math.Float32frombits(u & 0xffff0000) // (V27)
}
