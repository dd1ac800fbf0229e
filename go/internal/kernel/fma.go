package kernel

import "math"

// fma is a*b + c with one rounding (N2). Go has only a float64 fma; that of float32 is built from float64 operations: the
// product of two float32 is exact there, and their sum s, once rounded, rounds to the right float32 unless it lies halfway
// between two of them.
func fma[F Float](a, b, c F) F {
	if isFloat64[F]() {
		return F(math.FMA(float64(a), float64(b), float64(c)))
	}
	p := float64(a) * float64(b)
	s := p + float64(c)
	if doubtful(s) {
		return F(roundOnce(p, float64(c), s))
	}
	return F(s)
}

// doubtful tells whether rounding s to float32 may go wrong: it lies halfway, or 0 < |s| < 2^-125, where the halfway
// points lie elsewhere.
func doubtful(s float64) bool {
	const (
		fraction = 1<<29 - 1          // the bits of a float64 that a float32 lacks
		tiny     = (1023-125)<<53 - 1 // 2^-125 without its sign; less one, so that zero wraps to the top
	)
	u := math.Float64bits(s)
	return u&fraction == 1<<28 || u<<1-1 < tiny
}

// roundOnce rounds p + c to float32, given s = p + c rounded to float64: when that sum was inexact, its last bit is
// made odd, which leaves s on the right side of every halfway point.
func roundOnce(p, c, s float64) float32 {
	d := s - p
	e := (p - (s - d)) + (c - d) // TwoSum: p + c = s + e exactly
	u := math.Float64bits(s)
	if e != 0 && u&1 == 0 {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
	}
	return float32(math.Float64frombits(u))
}
