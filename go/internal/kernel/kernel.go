// Package kernel holds the arithmetic of the specification (spec/numerics.md): the affine reduction (N3) and the
// pointwise step (2.2)-(2.4), in pure Go and in assembly. Every implementation gives the same bits.
package kernel

//go:generate go run ./gen

// Kernels is one implementation of the arithmetic, for some rows of a batch and the panels first to last of the hidden
// units; shapes as in pack.go. In z and c the panel first comes first; the distance from one panel to the next is
// given, so that the rows may be some of more.
type Kernels[F Float] struct {
	Name  string
	Lanes int // V

	// Affine is (N3) for one input: z = start + the chunks of w x, where start is the bias, or z when that is nil.
	// z (last-first, rows, 4, V), bias (P, 4, V), w (P, K, 4, V), x[row] (K,); the last panel of a column may be narrower.
	// wide is room for what w widens (WideFor).
	Affine affineFunc[F]

	// Step turns pre-activations into gates and advances the states (2.2)-(2.4): z (last-first, rows, 4, V) and
	// c (last-first, rows, V) in place, the panels' columns of h[row] (H,).
	Step stepFunc[F]

	advance    func(c *Cell[F], rows int) // Cell.Advance, but for the turn
	lists      []listFunc[F]              // the pointwise operations of variants
	statistics statisticsFunc[F]
	beside     [gates][]besideFunc[F] // of one row, columns side by side: n of them, of v vectors, at [v-1][n-1]; or none
}

type (
	affineFunc[F Float] func(z []F, zPanel int, bias []F, w *Matrix[F], x [][]F, first, last int, wide []F)
	stepFunc[F Float]   func(z []F, zPanel int, c []F, cPanel int, h [][]F, units, first, last int)
)

// An isa is an instruction set with the kernels made for it.
type isa struct {
	float32 *Kernels[float32]
	float64 *Kernels[float64]
}

// baseline is pure Go.
var baseline = isa{inGo(&single), inGo(&double)}

// inGo is the implementation in pure Go.
func inGo[F Float](k *arithmetic[F]) *Kernels[F] {
	return &Kernels[F]{"baseline", 1, affineBaseline[F], k.step, (*Cell[F]).eachPanel, k.lists(), statisticsBaseline[F], [gates][]besideFunc[F]{}}
}

// Available lists the implementations of this build that this machine can run, the fastest last.
func Available[F Float]() []*Kernels[F] {
	var list []*Kernels[F]
	for _, i := range available() {
		var kernels any = i.float32
		if isFloat64[F]() {
			kernels = i.float64
		}
		list = append(list, kernels.(*Kernels[F]))
	}
	return list
}

// Find is the implementation of that name, or the fastest of this machine when the name is empty.
func Find[F Float](name string) (*Kernels[F], bool) {
	all := Available[F]()
	if name == "" {
		return all[len(all)-1], true
	}
	for _, k := range all {
		if k.Name == name {
			return k, true
		}
	}
	return nil, false
}
