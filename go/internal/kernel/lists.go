package kernel

import "math"

// A listFunc is a pointwise operation on lists of the same length, which are whole vectors: d may be any of the others, and
// those that an operation does not name are not looked at.
type listFunc[F Float] func(d, a, b, c, e []F)

// The operations, in the order of Kernels.lists; after them come the activations, in the order of ActivationNames.
const (
	fmaList    = iota // d = a*b + c
	mixList           // d = a*b + (c*e)
	timesList         // d = a*b
	restList          // d = 1 - a
	plusList          // d = a + b
	normList          // d = (a - b[0])*b[mostLanes]*c + e, with an fma
	firstAct          // d = f(clip(a)), b being the parameters
	parameters = 4    // of an activation: -k, k, alpha, beta
	mostLanes  = 16
)

// ActivationNames are those of spec/variants.md, section 3.
var ActivationNames = []string{
	"sigmoid", "tanh", "relu", "leaky_relu", "elu", "hard_sigmoid", "affine", "scaled_tanh", "softsign", "softplus", "thresholded_relu",
}

// Activation is act of (V1), ready to be applied.
type Activation[F Float] struct {
	index      int
	parameters []F // each in as many places as a vector has
}

// NewActivation makes act of the function of that name, which must be one; clip 0 is none.
func NewActivation[F Float](name string, alpha, beta, clip F) Activation[F] {
	a := Activation[F]{parameters: make([]F, parameters*mostLanes)}
	for n, known := range ActivationNames {
		if known == name {
			a.index = firstAct + n
		}
	}
	if clip == 0 {
		clip = F(math.Inf(1)) // (V2) leaves everything as it is
	}
	for n, value := range [parameters]F{-clip, clip, alpha, beta} {
		for lane := range mostLanes {
			a.parameters[n*mostLanes+lane] = value
		}
	}
	return a
}

// act is d = f(clip(x)).
func (k *Kernels[F]) act(f Activation[F], d, x []F) { k.lists[f.index](d, x, f.parameters, nil, nil) }

func (k *Kernels[F]) fma(d, a, b, c []F)    { k.lists[fmaList](d, a, b, c, nil) }
func (k *Kernels[F]) mix(d, a, b, c, e []F) { k.lists[mixList](d, a, b, c, e) }
func (k *Kernels[F]) times(d, a, b []F)     { k.lists[timesList](d, a, b, nil, nil) }
func (k *Kernels[F]) rest(d, a []F)         { k.lists[restList](d, a, nil, nil, nil) }
func (k *Kernels[F]) plus(d, a, b []F)      { k.lists[plusList](d, a, b, nil, nil) }

// norm is (N13.7) and (N13.4) of a row, as statistic has them.
func (k *Kernels[F]) norm(d, a, statistics, gain, shift []F) {
	k.lists[normList](d, a, statistics, gain, shift)
}

// lists are the pointwise operations in pure Go.
func (k *arithmetic[F]) lists() []listFunc[F] {
	return []listFunc[F]{
		func(d, a, b, c, _ []F) {
			for n := range d {
				d[n] = fma(a[n], b[n], c[n])
			}
		},
		func(d, a, b, c, e []F) {
			for n := range d {
				d[n] = fma(a[n], b[n], F(c[n]*e[n]))
			}
		},
		func(d, a, b, _, _ []F) {
			for n := range d {
				d[n] = a[n] * b[n]
			}
		},
		func(d, a, _, _, _ []F) {
			for n := range d {
				d[n] = 1 - a[n]
			}
		},
		func(d, a, b, _, _ []F) {
			for n := range d {
				d[n] = a[n] + b[n]
			}
		},
		func(d, a, b, c, e []F) {
			mean, r := b[0], b[mostLanes]
			for n := range d {
				d[n] = fma(F((a[n]-mean)*r), c[n], e[n])
			}
		},
		actBaseline(func(x, _, _ F) F { return k.sigmoid(x) }), // (V3.1)
		actBaseline(func(x, _, _ F) F { return k.tanh(x) }),    // (V3.2)
		actBaseline(func(x, _, _ F) F { return relu(x) }),      // (V3.3)
		actBaseline(func(x, alpha, _ F) F { // (V3.4)
			if x < 0 {
				return alpha * x
			}
			return x
		}),
		actBaseline(func(x, alpha, _ F) F { // (V3.5)
			if x < 0 {
				return alpha * k.expm1(x)
			}
			return x
		}),
		actBaseline(func(x, alpha, beta F) F { return atMost(1, relu(fma(alpha, x, beta))) }),                 // (V3.6)
		actBaseline(func(x, alpha, beta F) F { return fma(alpha, x, beta) }),                                  // (V3.7)
		actBaseline(func(x, alpha, beta F) F { return F(alpha * k.tanh(F(beta*x))) }),                         // (V3.8)
		actBaseline(func(x, _, _ F) F { y := atMost(1<<64, atLeast(-1<<64, x)); return y / (1 - negAbs(y)) }), // (V3.9)
		actBaseline(func(x, _, _ F) F { return k.softplus(x) }),                                               // (V3.10)
		actBaseline(func(x, alpha, _ F) F { // (V3.11)
			if x < alpha {
				return 0
			}
			return x
		}),
	}
}

// actBaseline is act of one function.
func actBaseline[F Float](f func(x, alpha, beta F) F) listFunc[F] {
	return func(d, a, b, _, _ []F) {
		low, high, alpha, beta := b[0], b[mostLanes], b[2*mostLanes], b[3*mostLanes]
		for n := range d {
			d[n] = f(atMost(high, atLeast(low, a[n])), alpha, beta) // (V1), (V2)
		}
	}
}
