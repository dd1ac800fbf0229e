// Package kernel holds the arithmetic of the specification (spec/numerics.md): the affine reduction (N3) and the
// pointwise step (2.2)-(2.4), in pure Go and in assembly. Every implementation gives the same bits.
package kernel

//go:generate go run ./gen

// Kernels is one implementation of the arithmetic, for some rows of a batch and the panels first to last of the hidden
// units; shapes as in pack.go. In z and c the panel first comes first; the distance from one panel to the next is
// given, so that the rows may be some of more.
type Kernels struct {
	Name  string
	Lanes int // V

	// Affine is (N3) for one input: z = start + the chunks of w x, where start is the bias, or z when that is nil.
	// z (last-first, rows, 4, V), bias (P, 4, V), w (P, K, 4, V), x[row] (K,); the last panel of a column may be narrower.
	Affine affineFunc

	// Step turns pre-activations into gates and advances the states (2.2)-(2.4): z (last-first, rows, 4, V) and
	// c (last-first, rows, V) in place, the panels' columns of h[row] (H,).
	Step stepFunc

	advance func(c *Cell, rows int) // Cell.Advance, but for the turn
	lists   []listFunc              // the pointwise operations of variants
	beside  [gates][]besideFunc     // of one row, columns side by side: n of them, of v vectors, at [v-1][n-1]; or none
}

type (
	affineFunc func(z []float32, zPanel int, bias []float32, w *Matrix, x [][]float32, first, last int)
	stepFunc   func(z []float32, zPanel int, c []float32, cPanel int, h [][]float32, units, first, last int)
)

// Baseline is the implementation in pure Go.
var Baseline = Kernels{"baseline", 1, affineBaseline, stepBaseline, (*Cell).eachPanel, listsBaseline, [gates][]besideFunc{}}

// Find is the implementation of that name, or the fastest of this machine when the name is empty.
func Find(name string) (*Kernels, bool) {
	all := Available()
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
