// Command demo runs a model that Python trained and wrote, on inputs that Python wrote, and compares with the outputs
// Python stored.
//
//	go run ./cmd/demo [FOLDER]
//
// FOLDER holds model.safetensors, inputs.safetensors and expected.safetensors; without it a golden case is taken.
package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	lstmref "github.com/lstm-ref/lstm_ref/go"
)

const goldenCase = "tests/golden/valid/two-layers-bidirectional"

func main() {
	folder, err := chooseFolder(os.Args[1:])
	same := false
	if err == nil {
		same, err = demo(os.Stdout, folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if !same {
		os.Exit(1)
	}
}

// chooseFolder is the argument, or the golden case in the nearest folder above that has it.
func chooseFolder(arguments []string) (string, error) {
	if len(arguments) > 0 {
		return arguments[0], nil
	}
	above, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		folder := filepath.Join(above, filepath.FromSlash(goldenCase))
		if _, err := os.Stat(folder); err == nil {
			return folder, nil
		}
		if above == filepath.Dir(above) {
			return "", fmt.Errorf("%s: not found in this folder or above; give a folder as argument", goldenCase)
		}
		above = filepath.Dir(above)
	}
}

// demo prints the outputs and tells whether all have the stored bits.
func demo(out io.Writer, folder string) (same bool, err error) {
	config, err := lstmref.ReadConfig(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		return false, err
	}
	if config.Dtype == lstmref.Float64 {
		return demoOf[float64](out, folder)
	}
	return demoOf[float32](out, folder)
}

func demoOf[F lstmref.Float](out io.Writer, folder string) (same bool, err error) {
	m, err := lstmref.OpenAs[F](filepath.Join(folder, "model.safetensors"))
	if err != nil {
		return false, err
	}
	in, err := m.OpenInputs(filepath.Join(folder, "inputs.safetensors"))
	if err != nil {
		return false, err
	}
	stored, err := lstmref.ReadTensorsAs[F](filepath.Join(folder, "expected.safetensors"))
	if err != nil {
		return false, err
	}
	y, state, err := m.Forward(in.X, in.State, in.Options()...)
	if err != nil {
		return false, err
	}
	isa, err := lstmref.ISA()
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "%s on %s\n%+v\n\n", filepath.Base(folder), isa, m.Config())

	expected := map[string]*lstmref.TensorOf[F]{}
	for _, tensor := range stored {
		expected[tensor.Name] = tensor.Tensor
	}
	same = true
	outputs := []lstmref.NamedTensorOf[F]{{Name: "y", Tensor: y}, {Name: "h_n", Tensor: state.H}}
	if state.C != nil {
		outputs = append(outputs, lstmref.NamedTensorOf[F]{Name: "c_n", Tensor: state.C})
	}
	for _, tensor := range outputs {
		for k, v := range tensor.Data[:min(4, len(tensor.Data))] {
			fmt.Fprintf(out, "%3s[%d] = %12.9f  %#x\n", tensor.Name, k, v, bits(v))
		}
		different := differences(tensor.Tensor, expected[tensor.Name])
		fmt.Fprintf(out, "%3s %v: %d of %d values differ from the stored bits\n\n",
			tensor.Name, tensor.Shape, different, len(tensor.Data))
		same = same && different == 0
	}
	fmt.Fprintln(out, map[bool]string{true: "Every bit is as stored.", false: "NOT the stored bits."}[same])
	return same, nil
}

// differences counts the values whose bits are not the expected ones; NaN equals NaN. Where nothing is expected, all
// differ.
func differences[F lstmref.Float](got, want *lstmref.TensorOf[F]) int {
	if want == nil || len(want.Data) != len(got.Data) {
		return max(1, len(got.Data))
	}
	count := 0
	for k, v := range got.Data {
		if w := want.Data[k]; bits(v) != bits(w) && (v == v || w == w) {
			count++
		}
	}
	return count
}

// bits is the pattern of a value.
func bits[F lstmref.Float](v F) uint64 {
	if single, ok := any(v).(float32); ok {
		return uint64(math.Float32bits(single))
	}
	return math.Float64bits(float64(v))
}
