// Package array holds the type of the public package's tensors, under the name that they have where they are embedded.
package array

// Tensor is lstmref.TensorOf.
type Tensor[F any] struct {
	Shape []int
	Data  []F
}
