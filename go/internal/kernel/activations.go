package kernel

import "math"

// An arithmetic is the constants of one number type (spec N4-N12), and the functions made of them.
type arithmetic[F Float] struct {
	oneBits, scaleBits        uint64 // the exponent bias in place: of 1, and of what (N5.7) makes
	log2e, ln2                F
	ln2Excess, rounder        F
	exp                       [13]F // by degree, those of float32 up to 7
	log1p                     [11]F // by degree, those of float32 up to 5
	recip                     [2]F  // by degree
	sigmoidMin, tanhMin       F
	sigmoidLowest, tanhLowest F // as m of (N4.1)
	scaleUp, scaleDown        F
}

// Constants derived from the tables. One unit in the last place of ROUNDER is 1, so that adding n to its pattern adds n
// to its value.
const (
	kZero          = 0
	kSignBit       = 1 << 31
	kSigmoidLowest = kRounder + kSigmoidMinExponent           // ROUNDER + SIGMOID_MIN_EXPONENT
	kTanhLowest    = kRounder + kTanhMinExponent              // ROUNDER + TANH_MIN_EXPONENT
	kScaleBits     = kOneBits + kScaleExponent<<kFractionBits // SCALE_UP, the exponent bias of (N5.7) in place
	kTwo           = kOneBits + 1<<kFractionBits
	kTwo64         = kOneBits + 64<<kFractionBits
	kMinusTwo64    = kSignBit + kTwo64

	k64Zero          = 0
	k64SignBit       = 1 << 63
	k64Two           = k64OneBits + 1<<k64FractionBits
	k64Two64         = k64OneBits + 64<<k64FractionBits
	k64MinusTwo64    = k64SignBit + k64Two64
	k64SigmoidLowest = k64Rounder + k64SigmoidMinExponent
	k64TanhLowest    = k64Rounder + k64TanhMinExponent
	k64ScaleBits     = k64OneBits + k64ScaleExponent<<k64FractionBits
)

var single = arithmetic[float32]{
	oneBits: kOneBits, scaleBits: kScaleBits,
	log2e: math.Float32frombits(kLog2e), ln2: math.Float32frombits(kLn2), ln2Excess: math.Float32frombits(kLn2Excess), rounder: math.Float32frombits(kRounder),
	exp: [...]float32{
		2: math.Float32frombits(kExpC2), math.Float32frombits(kExpC3), math.Float32frombits(kExpC4), math.Float32frombits(kExpC5), math.Float32frombits(kExpC6), math.Float32frombits(kExpC7), 12: 0,
	},
	log1p:      [...]float32{1: math.Float32frombits(kLog1pC1), math.Float32frombits(kLog1pC2), math.Float32frombits(kLog1pC3), math.Float32frombits(kLog1pC4), math.Float32frombits(kLog1pC5), 10: 0},
	recip:      [...]float32{math.Float32frombits(kRecipC0), math.Float32frombits(kRecipC1)},
	sigmoidMin: math.Float32frombits(kSigmoidMin), tanhMin: math.Float32frombits(kTanhMin), sigmoidLowest: math.Float32frombits(kSigmoidLowest), tanhLowest: math.Float32frombits(kTanhLowest),
	scaleUp: math.Float32frombits(kScaleUp), scaleDown: math.Float32frombits(kScaleDown),
}

var double = arithmetic[float64]{
	oneBits: k64OneBits, scaleBits: k64ScaleBits,
	log2e: math.Float64frombits(k64Log2e), ln2: math.Float64frombits(k64Ln2), ln2Excess: math.Float64frombits(k64Ln2Excess), rounder: math.Float64frombits(k64Rounder),
	exp: [...]float64{
		2: math.Float64frombits(k64ExpC2), math.Float64frombits(k64ExpC3), math.Float64frombits(k64ExpC4), math.Float64frombits(k64ExpC5), math.Float64frombits(k64ExpC6), math.Float64frombits(k64ExpC7),
		math.Float64frombits(k64ExpC8), math.Float64frombits(k64ExpC9), math.Float64frombits(k64ExpC10), math.Float64frombits(k64ExpC11), math.Float64frombits(k64ExpC12),
	},
	log1p: [...]float64{
		1: math.Float64frombits(k64Log1pC1), math.Float64frombits(k64Log1pC2), math.Float64frombits(k64Log1pC3), math.Float64frombits(k64Log1pC4), math.Float64frombits(k64Log1pC5),
		math.Float64frombits(k64Log1pC6), math.Float64frombits(k64Log1pC7), math.Float64frombits(k64Log1pC8), math.Float64frombits(k64Log1pC9), math.Float64frombits(k64Log1pC10),
	},
	recip:      [...]float64{math.Float64frombits(k64RecipC0), math.Float64frombits(k64RecipC1)},
	sigmoidMin: math.Float64frombits(k64SigmoidMin), tanhMin: math.Float64frombits(k64TanhMin),
	sigmoidLowest: math.Float64frombits(k64SigmoidLowest), tanhLowest: math.Float64frombits(k64TanhLowest),
	scaleUp: math.Float64frombits(k64ScaleUp), scaleDown: math.Float64frombits(k64ScaleDown),
}

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

// shifted is float((bits(m) << FRACTION_BITS) + bias): 2^n times the power of two with pattern bias, n being the integer in the
// low bits of m.
func shifted[F Float](m F, bias uint64) F {
	return fromBits[F](toBits(m)<<fractionBits[F]() + bias)
}

// expParts gives n and exp(r) - 1 = t + u for exp(y) = 2^n exp(r) (N4), from m of (N4.1) or (N4.2).
func (k *arithmetic[F]) expParts(y, m F) (n, t, u F) {
	n = m - k.rounder      // (N4.3)
	r := fma(n, -k.ln2, y) // (N4.4)
	q := F(r * r)          // (N4.5)
	c := &k.exp
	p := fma(r, c[7], c[6]) // (N4.6)
	if isFloat64[F]() {
		p = fma(q, fma(q, fma(q, c[12], fma(r, c[11], c[10])), fma(r, c[9], c[8])), p)
	}
	p = fma(q, fma(q, p, fma(r, c[5], c[4])), fma(r, c[3], c[2]))
	t = fma(q, p, r)   // (N4.7)
	u = fma(q, p, r-t) // (N4.8)
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
	q := a / d                                       // (N4.9)
	e := fma(-q, d, a) + fma(-q, dLow, aLow)         // (N4.10)
	return fma(e, fma(d, k.recip[1], k.recip[0]), q) // (N4.11)
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
	a, aLow, scale := F(1), F(0), k.scaleUp              // (N5.8)
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
	e := F(F((v+vLow)*shifted(m, k.scaleBits)) * k.scaleDown) // (N10.2), (N12.1)
	q := (e + e) / (2 + e)                                    // (N12.2)
	w := F(q * q)                                             // (N12.3)
	c := &k.log1p
	p := c[5] // (N12.4)
	if isFloat64[F]() {
		p = fma(w, fma(w, fma(w, fma(w, fma(w, c[10], c[9]), c[8]), c[7]), c[6]), p)
	}
	p = fma(w, fma(w, fma(w, fma(w, p, c[4]), c[3]), c[2]), c[1])
	l := fma(F(q*w), p, q) // (N12.5)
	if x > 0 {
		return x + l // (N12.6)
	}
	return l
}
