package kernel

import "math"

// A listFunc is a pointwise operation on lists of the same length, which are whole vectors: d may be any of the others, and
// those that an operation does not name are not looked at.
type listFunc func(d, a, b, c, e []float32)

// The operations, in the order of Kernels.lists; after them come the activations, in the order of ActivationNames.
const (
	fmaList    = iota // d = a*b + c
	mixList           // d = a*b + (c*e)
	timesList         // d = a*b
	restList          // d = 1 - a
	firstAct          // d = f(clip(a)), b being the parameters
	parameters = 4    // of an activation: -k, k, alpha, beta
	mostLanes  = 16
)

// ActivationNames are those of spec/variants.md, section 3.
var ActivationNames = []string{
	"sigmoid", "tanh", "relu", "leaky_relu", "elu", "hard_sigmoid", "affine", "scaled_tanh", "softsign", "softplus", "thresholded_relu",
}

// Activation is act of (V1), ready to be applied.
type Activation struct {
	index      int
	parameters []float32 // each in as many places as a vector has
}

// NewActivation makes act of the function of that name, which must be one; clip 0 is none.
func NewActivation(name string, alpha, beta, clip float32) Activation {
	a := Activation{parameters: make([]float32, parameters*mostLanes)}
	for n, known := range ActivationNames {
		if known == name {
			a.index = firstAct + n
		}
	}
	if clip == 0 {
		clip = float32(math.Inf(1)) // (V2) leaves everything as it is
	}
	for n, value := range [parameters]float32{-clip, clip, alpha, beta} {
		for lane := range mostLanes {
			a.parameters[n*mostLanes+lane] = value
		}
	}
	return a
}

// act is d = f(clip(x)).
func (k *Kernels) act(f Activation, d, x []float32) { k.lists[f.index](d, x, f.parameters, nil, nil) }

func (k *Kernels) fma(d, a, b, c []float32)    { k.lists[fmaList](d, a, b, c, nil) }
func (k *Kernels) mix(d, a, b, c, e []float32) { k.lists[mixList](d, a, b, c, e) }
func (k *Kernels) times(d, a, b []float32)     { k.lists[timesList](d, a, b, nil, nil) }
func (k *Kernels) rest(d, a []float32)         { k.lists[restList](d, a, nil, nil, nil) }

// listsBaseline is the pointwise operations in pure Go.
var listsBaseline = []listFunc{
	func(d, a, b, c, _ []float32) {
		for n := range d {
			d[n] = fma(a[n], b[n], c[n])
		}
	},
	func(d, a, b, c, e []float32) {
		for n := range d {
			d[n] = fma(a[n], b[n], float32(c[n]*e[n]))
		}
	},
	func(d, a, b, _, _ []float32) {
		for n := range d {
			d[n] = a[n] * b[n]
		}
	},
	func(d, a, _, _, _ []float32) {
		for n := range d {
			d[n] = 1 - a[n]
		}
	},
	actBaseline(func(x, _, _ float32) float32 { return sigmoid(x) }), // (V3.1)
	actBaseline(func(x, _, _ float32) float32 { return tanh(x) }),    // (V3.2)
	actBaseline(func(x, _, _ float32) float32 { return relu(x) }),    // (V3.3)
	actBaseline(func(x, alpha, _ float32) float32 { // (V3.4)
		if x < 0 {
			return alpha * x
		}
		return x
	}),
	actBaseline(func(x, alpha, _ float32) float32 { // (V3.5)
		if x < 0 {
			return alpha * expm1(x)
		}
		return x
	}),
	actBaseline(func(x, alpha, beta float32) float32 { return atMost(1, relu(fma(alpha, x, beta))) }),                 // (V3.6)
	actBaseline(func(x, alpha, beta float32) float32 { return fma(alpha, x, beta) }),                                  // (V3.7)
	actBaseline(func(x, alpha, beta float32) float32 { return float32(alpha * tanh(float32(beta*x))) }),               // (V3.8)
	actBaseline(func(x, _, _ float32) float32 { y := atMost(two64, atLeast(-two64, x)); return y / (1 - negAbs(y)) }), // (V3.9)
	actBaseline(func(x, _, _ float32) float32 { return softplus(x) }),                                                 // (V3.10)
	actBaseline(func(x, alpha, _ float32) float32 { // (V3.11)
		if x < alpha {
			return 0
		}
		return x
	}),
}

// actBaseline is act of one function.
func actBaseline(f func(x, alpha, beta float32) float32) listFunc {
	return func(d, a, b, _, _ []float32) {
		low, high, alpha, beta := b[0], b[mostLanes], b[2*mostLanes], b[3*mostLanes]
		for n := range d {
			d[n] = f(atMost(high, atLeast(low, a[n])), alpha, beta) // (V1), (V2)
		}
	}
}
