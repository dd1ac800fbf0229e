package kernel

// An arithmetic is the constants of one number type (spec N4-N12), and the functions made of them.
type arithmetic[F Float] struct {
	oneBits, scaleBits                          uint64 // the exponent bias in place, that of 1 and of (N5.7)
	log2e, ln2, ln2Excess, rounder              F
	expC2, expC3, expC4, expC5, expC6, expC7    F
	recipC0, recipC1                            F
	sigmoidMin, sigmoidLowest                   F // the latter is ROUNDER + SIGMOID_MIN_EXPONENT
	tanhMin, tanhLowest                         F // the latter is ROUNDER + TANH_MIN_EXPONENT
	scaleUp, scaleDown                               F
	log1pC1, log1pC2, log1pC3, log1pC4, log1pC5 F
}

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

// single is the arithmetic of float32.
var single = arithmetic[float32]{
	oneBits: kOneBits, scaleBits: kScaleBits,
	log2e: float(kLog2e), ln2: float(kLn2), ln2Excess: float(kLn2Excess), rounder: float(kRounder),
	expC2: float(kExpC2), expC3: float(kExpC3), expC4: float(kExpC4), expC5: float(kExpC5), expC6: float(kExpC6), expC7: float(kExpC7),
	recipC0: float(kRecipC0), recipC1: float(kRecipC1),
	sigmoidMin: float(kSigmoidMin), sigmoidLowest: float(kSigmoidLowest), tanhMin: float(kTanhMin), tanhLowest: float(kTanhLowest),
	scaleUp: float(kScaleUp), scaleDown: float(kScaleDown),
	log1pC1: float(kLog1pC1), log1pC2: float(kLog1pC2), log1pC3: float(kLog1pC3), log1pC4: float(kLog1pC4), log1pC5: float(kLog1pC5),
}

func float(pattern uint64) float32 { return fromBits[float32](pattern) }

// atLeast is max(k, x) of N1: a NaN in x stays.
func atLeast[F Float](k, x F) F {
	if k > x {
		return k
	}
	return x
}

// atMost is min(k, x) of V2: a NaN in x stays.
func atMost[F Float](k, x F) F {
	if k < x {
		return k
	}
	return x
}

// negAbs is -|x|.
func negAbs[F Float](x F) F { return fromBits[F](toBits(x) | signBit[F]()) }

// shifted is float((bits(m) << 23) + bias), or << 52: 2^n times the power of two with pattern bias, n being the integer in the
// low bits of m.
func shifted[F Float](m F, bias uint64) F {
	return fromBits[F](toBits(m)<<fractionBits[F]() + bias)
}

// expParts gives n and exp(r) - 1 = t + u for exp(y) = 2^n exp(r) (N4), from m of (N4.1) or (N4.2).
func (k *arithmetic[F]) expParts(y, m F) (n, t, u F) {
	n = m - k.rounder                                                                                 // (N4.3)
	r := fma(n, -k.ln2, y)                                                                            // (N4.4)
	q := F(r * r)                                                                                     // (N4.5)
	p := fma(q, fma(q, fma(r, k.expC7, k.expC6), fma(r, k.expC5, k.expC4)), fma(r, k.expC3, k.expC2)) // (N4.6)
	t = fma(q, p, r)                                                                                  // (N4.7)
	u = fma(q, p, r-t)                                                                                // (N4.8)
	return n, t, u
}

// expOfRest is exp(r) in two parts.
func (k *arithmetic[F]) expOfRest(n, t, u F) (v, vLow F) {
	v = 1 + t                                       // (N5.2)
	return v, fma(F(n*k.ln2Excess), v, (t-(v-1))+u) // (N5.3)
}

// oneMinusExp is 1 - exp(y) = a - s (t + u) in two parts.
func oneMinusExp[F Float](s, t, u, a F) (w, wLow F) {
	w = fma(-s, t, a)                     // (N6.4)
	return w, fma(-s, u, fma(-s, t, a-w)) // (N6.5)
}

// quotient is (a + a') / (d + d') for 1 <= d <= 2.
func (k *arithmetic[F]) quotient(a, aLow, d, dLow F) F {
	q := a / d                                     // (N4.9)
	e := fma(-q, d, a) + fma(-q, dLow, aLow)       // (N4.10)
	return fma(e, fma(d, k.recipC1, k.recipC0), q) // (N4.11)
}

// sigmoid is 1 / (1 + exp(-x)) (N5).
func (k *arithmetic[F]) sigmoid(x F) F {
	y := atLeast(k.sigmoidMin, negAbs(x)) // (N5.1)
	m := fma(y, k.log2e, k.rounder)       // (N4.1)
	n, t, u := k.expParts(y, m)
	v, vLow := k.expOfRest(n, t, u)
	s := shifted(atLeast(k.sigmoidLowest, m), k.oneBits) // (N5.4)
	d := fma(s, v, 1)                                    // (N5.5)
	dLow := fma(s, vLow, fma(s, v, 1-d))                 // (N5.6)
	a, aLow, scale := F(1), F(0), k.scaleUp                // (N5.8)
	if x < 0 {
		a, aLow, scale = v, vLow, shifted(m, k.scaleBits) // (N5.7)
	}
	w := k.quotient(a, aLow, d, dLow)
	return F(F(w*scale) * k.scaleDown) // (N5.9)
}

// tanh is the hyperbolic tangent (N6).
func (k *arithmetic[F]) tanh(x F) F {
	y := atLeast(k.tanhMin, negAbs(x)+negAbs(x))           // (N6.1)
	m := atLeast(k.tanhLowest, fma(y, k.log2e, k.rounder)) // (N4.1), (N4.2)
	_, t, u := k.expParts(y, m)
	s := shifted(m, k.oneBits) // (N6.2)
	a, b := 1-s, 1+s           // (N6.3)
	w, wLow := oneMinusExp(s, t, u, a)
	d := fma(s, t, b)                 // (N6.6)
	dLow := fma(s, u, fma(s, t, b-d)) // (N6.7)
	magnitude := k.quotient(w, wLow, d, dLow)
	return fromBits[F](toBits(magnitude) | toBits(x)&signBit[F]()) // (N6.8)
}

// relu is (V3.3); adding +0 makes +0 of -0, which is not less.
func relu[F Float](x F) F { return atLeast(0, x) + 0 }

// expm1 is exp(x) - 1 for x <= 0 (N11).
func (k *arithmetic[F]) expm1(x F) F {
	y := atLeast(k.tanhMin, x)                             // (N11.1)
	m := atLeast(k.tanhLowest, fma(y, k.log2e, k.rounder)) // (N4.1), (N4.2)
	_, t, u := k.expParts(y, m)
	s := shifted(m, k.oneBits) // (N6.2)
	w, wLow := oneMinusExp(s, t, u, 1-s)
	return -(w + wLow) // (N11.2)
}

// softplus is log(1 + exp(x)) (N12).
func (k *arithmetic[F]) softplus(x F) F {
	y := atLeast(k.sigmoidMin, negAbs(x)) // (N10.1)
	m := fma(y, k.log2e, k.rounder)       // (N4.1)
	n, t, u := k.expParts(y, m)
	v, vLow := k.expOfRest(n, t, u)
	e := F(F((v+vLow)*shifted(m, k.scaleBits)) * k.scaleDown)                                     // (N10.2), (N12.1)
	q := (e + e) / (2 + e)                                                                     // (N12.2)
	w := F(q * q)                                                                              // (N12.3)
	p := fma(w, fma(w, fma(w, fma(w, k.log1pC5, k.log1pC4), k.log1pC3), k.log1pC2), k.log1pC1) // (N12.4)
	l := fma(F(q*w), p, q)                                                                     // (N12.5)
	if x > 0 {
		return x + l // (N12.6)
	}
	return l
}
