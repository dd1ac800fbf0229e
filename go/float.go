package lstmref

import (
	"github.com/lstm-ref/lstm_ref/go/internal/array"
	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// Float is a type of numbers to compute with. What a name with Of is of one of them, the name without it is of float32; what a
// function with As is for one of them, the one without it is for float32.
type Float = kernel.Float

// TensorOf is an array, row-major: Shape []int, and Data []F with the last index varying fastest.
type TensorOf[F Float] = array.Tensor[F]

type (
	Model       = ModelOf[float32]
	Stream      = StreamOf[float32]
	Inputs      = InputsOf[float32]
	State       = StateOf[float32]
	Trace       = TraceOf[float32]
	Tensor      = TensorOf[float32]
	NamedTensor = NamedTensorOf[float32]
)

// Open reads a model file.
func Open(path string) (*Model, error) { return OpenAs[float32](path) }

// Parse reads a model from the bytes of its file.
func Parse(file []byte) (*Model, error) { return ParseAs[float32](file) }

// ReadTensors reads all tensors of a safetensors file, which must be float32.
func ReadTensors(path string) ([]NamedTensor, error) { return ReadTensorsAs[float32](path) }

// WriteTensors writes a safetensors file. It appears under its name whole or not at all.
func WriteTensors(path string, tensors ...NamedTensor) error { return WriteTensorsAs(path, tensors...) }

func isFloat64[F Float]() bool { return kernel.Size[F]() == 8 }

// typeName is Go's name of F.
func typeName[F Float]() string {
	if isFloat64[F]() {
		return "float64"
	}
	return "float32"
}

// dtype is F in a file.
func dtype[F Float]() string {
	if isFloat64[F]() {
		return "F64"
	}
	return "F32"
}
