package kernel

import "math"

// Constants derived from the table. One unit in the last place of ROUNDER is 1, so that adding n to its pattern adds n
// to its value.
const (
	kZero          = 0
	kSignBit       = 0x80000000
	kSigmoidLowest = kRounder + kSigmoidMinExponent           // ROUNDER + SIGMOID_MIN_EXPONENT
	kTanhLowest    = kRounder + kTanhMinExponent              // ROUNDER + TANH_MIN_EXPONENT
	kScaleBits     = kOneBits + kScaleExponent<<kFractionBits // 2^32, the exponent bias of (N5.7) in place
	kTwo           = kOneBits + 1<<23
	kTwo64         = kOneBits + 64<<23
	kMinusTwo64    = kSignBit + kTwo64
)

var (
	log2e      = math.Float32frombits(kLog2e)
	ln2        = math.Float32frombits(kLn2)
	ln2Excess  = math.Float32frombits(kLn2Excess)
	rounder    = math.Float32frombits(kRounder)
	expC2      = math.Float32frombits(kExpC2)
	expC3      = math.Float32frombits(kExpC3)
	expC4      = math.Float32frombits(kExpC4)
	expC5      = math.Float32frombits(kExpC5)
	expC6      = math.Float32frombits(kExpC6)
	expC7      = math.Float32frombits(kExpC7)
	recipC0    = math.Float32frombits(kRecipC0)
	recipC1    = math.Float32frombits(kRecipC1)
	sigmoidMin = math.Float32frombits(kSigmoidMin)
	tanhMin    = math.Float32frombits(kTanhMin)
	scaleUp    = math.Float32frombits(kScaleUp)
	scaleDown  = math.Float32frombits(kScaleDown)
	two64      = math.Float32frombits(kTwo64)
	log1pC1    = math.Float32frombits(kLog1pC1)
	log1pC2    = math.Float32frombits(kLog1pC2)
	log1pC3    = math.Float32frombits(kLog1pC3)
	log1pC4    = math.Float32frombits(kLog1pC4)
	log1pC5    = math.Float32frombits(kLog1pC5)

	sigmoidLowest = math.Float32frombits(kSigmoidLowest)
	tanhLowest    = math.Float32frombits(kTanhLowest)
)

// atLeast is max(k, x) of N1: a NaN in x stays.
func atLeast(k, x float32) float32 {
	if k > x {
		return k
	}
	return x
}

// atMost is min(k, x) of V2: a NaN in x stays.
func atMost(k, x float32) float32 {
	if k < x {
		return k
	}
	return x
}

// negAbs is -|x|.
func negAbs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) | kSignBit) }

// shifted is float((bits(m) << 23) + bias): 2^n times the power of two with pattern bias, n being the integer in the
// low bits of m.
func shifted(m float32, bias uint32) float32 {
	return math.Float32frombits(math.Float32bits(m)<<23 + bias)
}

// expParts gives n and exp(r) - 1 = t + u for exp(y) = 2^n exp(r) (N4), from m of (N4.1) or (N4.2).
func expParts(y, m float32) (n, t, u float32) {
	n = m - rounder                                                                       // (N4.3)
	r := fma(n, -ln2, y)                                                                  // (N4.4)
	q := float32(r * r)                                                                   // (N4.5)
	p := fma(q, fma(q, fma(r, expC7, expC6), fma(r, expC5, expC4)), fma(r, expC3, expC2)) // (N4.6)
	t = fma(q, p, r)                                                                      // (N4.7)
	u = fma(q, p, r-t)                                                                    // (N4.8)
	return n, t, u
}

// expOfRest is exp(r) in two parts.
func expOfRest(n, t, u float32) (v, vLow float32) {
	v = 1 + t                                           // (N5.2)
	return v, fma(float32(n*ln2Excess), v, (t-(v-1))+u) // (N5.3)
}

// oneMinusExp is 1 - exp(y) = a - s (t + u) in two parts.
func oneMinusExp(s, t, u, a float32) (w, wLow float32) {
	w = fma(-s, t, a)                     // (N6.4)
	return w, fma(-s, u, fma(-s, t, a-w)) // (N6.5)
}

// quotient is (a + a') / (d + d') for 1 <= d <= 2.
func quotient(a, aLow, d, dLow float32) float32 {
	q := a / d                                 // (N4.9)
	e := fma(-q, d, a) + fma(-q, dLow, aLow)   // (N4.10)
	return fma(e, fma(d, recipC1, recipC0), q) // (N4.11)
}

// sigmoid is 1 / (1 + exp(-x)) (N5).
func sigmoid(x float32) float32 {
	y := atLeast(sigmoidMin, negAbs(x)) // (N5.1)
	m := fma(y, log2e, rounder)         // (N4.1)
	n, t, u := expParts(y, m)
	v, vLow := expOfRest(n, t, u)
	s := shifted(atLeast(sigmoidLowest, m), kOneBits) // (N5.4)
	d := fma(s, v, 1)                                 // (N5.5)
	dLow := fma(s, vLow, fma(s, v, 1-d))              // (N5.6)
	a, aLow, scale := float32(1), float32(0), scaleUp // (N5.8)
	if x < 0 {
		a, aLow, scale = v, vLow, shifted(m, kScaleBits) // (N5.7)
	}
	w := quotient(a, aLow, d, dLow)
	return float32(float32(w*scale) * scaleDown) // (N5.9)
}

// tanh is the hyperbolic tangent (N6).
func tanh(x float32) float32 {
	y := atLeast(tanhMin, negAbs(x)+negAbs(x))       // (N6.1)
	m := atLeast(tanhLowest, fma(y, log2e, rounder)) // (N4.1), (N4.2)
	_, t, u := expParts(y, m)
	s := shifted(m, kOneBits) // (N6.2)
	a, b := 1-s, 1+s          // (N6.3)
	w, wLow := oneMinusExp(s, t, u, a)
	d := fma(s, t, b)                 // (N6.6)
	dLow := fma(s, u, fma(s, t, b-d)) // (N6.7)
	magnitude := quotient(w, wLow, d, dLow)
	return math.Float32frombits(math.Float32bits(magnitude) | math.Float32bits(x)&kSignBit) // (N6.8)
}

// relu is (V3.3); adding +0 makes +0 of -0, which is not less.
func relu(x float32) float32 { return atLeast(0, x) + 0 }

// expm1 is exp(x) - 1 for x <= 0 (N11).
func expm1(x float32) float32 {
	y := atLeast(tanhMin, x)                         // (N11.1)
	m := atLeast(tanhLowest, fma(y, log2e, rounder)) // (N4.1), (N4.2)
	_, t, u := expParts(y, m)
	s := shifted(m, kOneBits) // (N6.2)
	w, wLow := oneMinusExp(s, t, u, 1-s)
	return -(w + wLow) // (N11.2)
}

// softplus is log(1 + exp(x)) (N12).
func softplus(x float32) float32 {
	y := atLeast(sigmoidMin, negAbs(x)) // (N10.1)
	m := fma(y, log2e, rounder)         // (N4.1)
	n, t, u := expParts(y, m)
	v, vLow := expOfRest(n, t, u)
	e := float32(float32((v+vLow)*shifted(m, kScaleBits)) * scaleDown)               // (N10.2), (N12.1)
	q := (e + e) / (2 + e)                                                           // (N12.2)
	w := float32(q * q)                                                              // (N12.3)
	p := fma(w, fma(w, fma(w, fma(w, log1pC5, log1pC4), log1pC3), log1pC2), log1pC1) // (N12.4)
	l := fma(float32(q*w), p, q)                                                     // (N12.5)
	if x > 0 {
		return x + l // (N12.6)
	}
	return l
}
