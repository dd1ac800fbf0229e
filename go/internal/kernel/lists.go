package kernel

import "math"

// A listFunc is a pointwise operation on lists, which are whole vectors: d may be any of the others, and those that an operation does
// not name are nil. Where c, and e if there is one, are shorter than d, they are the same for all rows of d, a and b, rows of that length.
type listFunc[F Float] func(d, a, b, c, e []F)

// The operations, in the order of Kernels.lists; after them come the activations, in the order of ActivationNames.
const (
	fmaList    = iota // d = c*b + a
	mixList           // d = a*b + (c*e)
	blendList         // d = a*b + ((1 - a)*c)
	timesList         // d = a*b
	restList          // d = 1 - a
	plusList          // d = c + a
	normList          // d = (a - b[0])*b[mostLanes]*c + e, with an fma; of the next row, b begins 2*mostLanes further
	gatedList         // d = sigmoid(clip(a)) * tanh(clip(c)), b being the parameters
	keptList          // d = sigmoid(clip(a))*c + e, with an fma; b likewise
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

// is tells whether it is the function of that name.
func (a Activation[F]) is(name string) bool { return ActivationNames[a.index-firstAct] == name }

// act is d = f(clip(x)).
func (k *Kernels[F]) act(f Activation[F], d, x []F) { k.lists[f.index](d, x, f.parameters, nil, nil) }

func (k *Kernels[F]) fma(d, c, b, a []F)    { k.lists[fmaList](d, a, b, c, nil) }
func (k *Kernels[F]) mix(d, a, b, c, e []F) { k.lists[mixList](d, a, b, c, e) }
func (k *Kernels[F]) blend(d, a, b, c []F)  { k.lists[blendList](d, a, b, c, nil) }
func (k *Kernels[F]) times(d, a, b []F)     { k.lists[timesList](d, a, b, nil, nil) }
func (k *Kernels[F]) rest(d, a []F)         { k.lists[restList](d, a, nil, nil, nil) }
func (k *Kernels[F]) plus(d, c, a []F)      { k.lists[plusList](d, a, nil, c, nil) }

// norm is (N13.7) and (N13.4) of some rows, as Cell.Statistics has them.
func (k *Kernels[F]) norm(d, a, statistics, gain, shift []F) {
	k.lists[normList](d, a, statistics, gain, shift)
}

// gated is d = sigmoid(clip(a)) * tanh(clip(c)), and kept is d = sigmoid(clip(a))*c + e; the parameters are those of the sigmoid.
func (k *Kernels[F]) gated(f Activation[F], d, a, c []F) {
	k.lists[gatedList](d, a, f.parameters, c, nil)
}
func (k *Kernels[F]) kept(f Activation[F], d, a, c, e []F) {
	k.lists[keptList](d, a, f.parameters, c, e)
}

// lists are the pointwise operations in pure Go.
func (k *arithmetic[F]) lists() []listFunc[F] {
	return []listFunc[F]{
		func(d, a, b, c, _ []F) {
			for row := 0; row < len(d); row += len(c) {
				for n := range c {
					d[row+n] = fma(c[n], b[row+n], a[row+n])
				}
			}
		},
		func(d, a, b, c, e []F) {
			for n := range d {
				d[n] = fma(a[n], b[n], F(c[n]*e[n]))
			}
		},
		func(d, a, b, c, _ []F) {
			for n := range d {
				d[n] = fma(a[n], b[n], F((1-a[n])*c[n]))
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
		func(d, a, _, c, _ []F) {
			for row := 0; row < len(d); row += len(c) {
				for n := range c {
					d[row+n] = c[n] + a[row+n]
				}
			}
		},
		func(d, a, b, c, e []F) {
			for row := 0; row < len(d); row += len(c) {
				mean, r := b[0], b[mostLanes]
				for n := range c {
					d[row+n] = fma(F((a[row+n]-mean)*r), c[n], e[n])
				}
				b = b[2*mostLanes:]
			}
		},
		func(d, a, b, c, _ []F) {
			for n := range d {
				d[n] = k.sigmoid(clipped(a[n], b)) * k.tanh(clipped(c[n], b))
			}
		},
		func(d, a, b, c, e []F) {
			for n := range d {
				d[n] = fma(k.sigmoid(clipped(a[n], b)), c[n], e[n])
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
		alpha, beta := b[2*mostLanes], b[3*mostLanes]
		for n := range d {
			d[n] = f(clipped(a[n], b), alpha, beta) // (V1)
		}
	}
}

// clipped is (V2).
func clipped[F Float](x F, parameters []F) F {
	return atMost(parameters[mostLanes], atLeast(parameters[0], x))
}
