package kernel

import (
	"math"
	"unsafe"
)

// Float is a type of numbers to compute with. What follows is known when a function is compiled for one of them: no test remains.
type Float interface{ float32 | float64 }

func isFloat64[F Float]() bool { return Size[F]() == 8 }

// Size is that of a number in bytes.
func Size[F Float]() int { return int(unsafe.Sizeof(F(0))) }

// fractionBits is how many bits of a pattern are the fraction.
func fractionBits[F Float]() int {
	if isFloat64[F]() {
		return k64FractionBits
	}
	return kFractionBits
}

// signBit is that bit of a pattern.
func signBit[F Float]() uint64 { return 1 << (8*Size[F]() - 1) }

// ToBits is toBits, and FromBits is fromBits, for the packages around this one.
func ToBits[F Float](x F) uint64 { return toBits(x) }

func FromBits[F Float](u uint64) F { return fromBits[F](u) }

// toBits is bits(x) of N1.
func toBits[F Float](x F) uint64 {
	if isFloat64[F]() {
		return math.Float64bits(float64(x))
	}
	return uint64(math.Float32bits(float32(x)))
}

// fromBits is float(u) of N1, of the lowest bits if there are more.
func fromBits[F Float](u uint64) F {
	if isFloat64[F]() {
		return F(math.Float64frombits(u))
	}
	return F(math.Float32frombits(uint32(u)))
}
