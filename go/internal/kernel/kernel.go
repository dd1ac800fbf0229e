// Package kernel holds the arithmetic of the specification (spec/numerics.md): the affine reduction (N3) and the
// pointwise step (2.2)-(2.4), in pure Go and, on amd64, in assembly. Every implementation gives the same bits.
package kernel

//go:generate go run ./gen

// Kernels is one implementation of the arithmetic. Rows are those of a batch; shapes as in pack.go.
type Kernels struct {
	Name string

	// Affine adds the chunks of w x to z (N3), row by row: z (rows, GateWidth(H)), w (4*H, K), x (rows, K) with stride
	// between its rows.
	Affine func(z []float32, w *Matrix, x []float32, stride, rows int)

	// Step turns pre-activations into gates and advances the states (2.2)-(2.4): z (rows, GateWidth(H)), c and h
	// (rows, Width(H)).
	Step func(z, c, h []float32, units, rows int)
}

// Baseline is the implementation in pure Go.
var Baseline = Kernels{"baseline", affineBaseline, stepBaseline}

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
