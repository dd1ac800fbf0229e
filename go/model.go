// Package lstmref computes LSTMs, GRUs and plain RNNs whose outputs are the same bits in every language: see the specification,
// spec/lstm.md, spec/variants.md and spec/numerics.md.
//
//	m, err := lstmref.Open("model.safetensors")
//	y, state, err := m.Forward(x, nil)
//	s, err := m.NewStream(1)
//	err = s.Step(yt, xt)
//
// Symbols in the comments: T time steps, B batch rows, I input features, H hidden units, R outputs (H, but for ProjSize), L layers,
// D directions.
package lstmref

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// Version is that of the whole project.
const Version = "0.1.0"

// ModelOf is a network, ready to run. Goroutines may share it: its weights never change.
type ModelOf[F Float] struct {
	config  Config
	cells   []*cell[F] // of layer l, direction d: l*D + d
	kernels *kernel.Kernels[F]
	scratch sync.Pool // of *scratch[F]

	isBFloat16 bool // how the matrices are packed
}

// cell is the parameters of one layer and direction, packed for the kernels.
type cell[F Float] struct {
	inputSize int // I_l
	kernel.Weights[F]
	variant *kernel.Variant[F] // instead of the weights, unless it is a plain LSTM
}

// Config is the model's configuration.
func (m *ModelOf[F]) Config() Config { return m.config }

// check tells a model that Parse made from others.
func (m *ModelOf[F]) check() error {
	if m == nil || m.kernels == nil {
		return invalid("model", "one from Open or Parse", "empty")
	}
	return nil
}

// OpenAs reads a model file.
func OpenAs[F Float](path string) (*ModelOf[F], error) {
	if _, err := chooseKernels[F](); err != nil { // not the file's fault
		return nil, err
	}
	return readAt(path, ParseAs[F])
}

// ReadConfig reads the configuration of a model file, and nothing else: it tells which type the model is of.
func ReadConfig(path string) (Config, error) {
	config, err := readAt(path, func(file []byte) (*Config, error) {
		c, err := readContainer(file)
		if err != nil {
			return nil, err
		}
		return readConfig(c.metadata)
	})
	if err != nil {
		return Config{}, err
	}
	return *config, nil
}

// ParseAs reads a model from the bytes of its file, strictly: checks 1 to 8 of spec/model-file.md.
func ParseAs[F Float](file []byte) (*ModelOf[F], error) {
	c, err := readContainer(file)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(c.metadata)
	if err != nil {
		return nil, err
	}
	if err := checkTensors(config, c); err != nil {
		return nil, err
	}
	if isWide := config.Dtype == Float64; isWide != isFloat64[F]() {
		want := map[bool]string{false: `"float64"`, true: `"float32" or "bfloat16"`}[isWide]
		return nil, invalid("dtype", want, `"%s"`, config.Dtype)
	}
	kernels, err := chooseKernels[F]()
	if err != nil {
		return nil, err
	}
	defer kernel.EnterDefault().Leave()
	m := &ModelOf[F]{config: *config, kernels: kernels, isBFloat16: config.staysBFloat16()}
	for layer := range config.NumLayers {
		for direction := range config.directions() {
			m.cells = append(m.cells, packCell(kernels, config, c, layer, direction))
		}
	}
	return m, nil
}

// panels is P for so many units.
func (m *ModelOf[F]) panels(units int) int { return m.kernels.PanelsFor(m.cells[0].variant, units) }

// checkTensors makes checks 7 and 8: the tensors are exactly those of the configuration.
func checkTensors(config *Config, c *container) error {
	expected := map[string]bool{}
	for layer := range config.NumLayers {
		for direction := range config.directions() {
			for _, want := range expectedTensors(config, layer, direction) {
				e := c.byName[want.name]
				if e == nil {
					return invalid(want.name, want.String(), "missing")
				}
				if err := want.check(e.dtype, e.shape); err != nil {
					return err
				}
				expected[want.name] = true
			}
		}
	}
	for _, e := range c.entries {
		if !expected[e.name] {
			return invalid(e.name, "only the tensors of the configuration", "unexpected tensor")
		}
	}
	return nil
}

// expectation is a tensor as it should be; symbols write its shape.
type expectation struct {
	name, symbols string
	dtype         string
	shape         []int
}

func (want expectation) String() string { return want.symbols + " = " + formatShape(want.shape) }

func (want expectation) check(dtype string, shape []int) error {
	if dtype != want.dtype {
		return invalid(want.name, want.dtype, "dtype %s", dtype)
	}
	return want.checkShape(shape)
}

func (want expectation) checkShape(shape []int) error {
	if !slices.Equal(shape, want.shape) {
		return invalid(want.name, want.String(), "shape %s", formatShape(shape))
	}
	return nil
}

// expectedTensors lists the parameters of one layer and direction.
func expectedTensors(config *Config, layer, direction int) []expectation {
	h, suffix := config.HiddenSize, suffix(layer, direction)
	inputs, symbol := config.inputs(layer)
	outputs, letter := config.OutputSize(), config.outputSymbol()
	gates := ops[config.Op].gates
	rows, size := gates*h, timesH(gates)
	vector := "(" + size + ",)"
	dtype := dtypes[config.Dtype]
	list := []expectation{
		{"weight_ih_" + suffix, fmt.Sprintf("(%s, %s)", size, symbol), dtype.matrix, []int{rows, inputs}},
		{"weight_hh_" + suffix, fmt.Sprintf("(%s, %s)", size, letter), dtype.matrix, []int{rows, outputs}},
	}
	if config.Bias {
		list = append(list,
			expectation{"bias_ih_" + suffix, vector, dtype.vector, []int{rows}},
			expectation{"bias_hh_" + suffix, vector, dtype.vector, []int{rows}})
	}
	if config.ProjSize > 0 {
		list = append(list, expectation{"weight_hr_" + suffix, "(R, H)", dtype.matrix, []int{outputs, h}})
	}
	if config.Peephole {
		list = append(list, expectation{"weight_peephole_" + suffix, "(3*H,)", dtype.vector, []int{3 * h}})
	}
	norm := func(name, symbols string, size int) {
		for _, part := range []string{"weight_", "bias_"} { // the gain, the shift
			list = append(list, expectation{part + name + suffix, symbols, dtype.vector, []int{size}})
		}
	}
	switch config.LayerNorm {
	case "joint", "gate":
		norm("norm_", "("+timesH(config.columns())+",)", config.columns()*h)
	case "separate":
		norm("norm_ih_", vector, rows)
		norm("norm_hh_", vector, rows)
	}
	if config.normalisesC() {
		norm("norm_c_", "(H,)", h)
	}
	if config.HiddenNorm {
		norm("norm_h_", "("+letter+",)", outputs)
	}
	return list
}

// timesH is so many times H, in symbols.
func timesH(count int) string {
	if count == 1 {
		return "H"
	}
	return fmt.Sprintf("%d*H", count)
}

// leastBFloat16 is how many weights of a layer and direction are worth reading as bfloat16. Fewer of them fit a cache as float32, from
// which they are read faster than they are widened.
var leastBFloat16 = 1 << 20

// staysBFloat16 tells whether matrices are packed as bfloat16, or as the float32 numbers that they stand for.
func (c *Config) staysBFloat16() bool {
	inputs, _ := c.inputs(0)
	return c.Dtype == BFloat16 && ops[c.Op].gates*c.HiddenSize*(inputs+c.OutputSize()) >= leastBFloat16
}

func packCell[F Float](kernels *kernel.Kernels[F], config *Config, c *container, layer, direction int) *cell[F] {
	matrix := func(m *kernel.Matrix[F]) *kernel.Matrix[F] {
		if config.staysBFloat16() {
			return kernels.AsBFloat16(m)
		}
		return m
	}
	h, suffix := config.HiddenSize, suffix(layer, direction)
	inputs, _ := config.inputs(layer)
	data := func(name string) []F { return tensorOf[F](c.byName[name+suffix]).Data }
	if !config.isPlain() {
		return &cell[F]{inputSize: inputs, variant: packVariant(kernels, config, data, inputs, matrix)}
	}
	packed := &cell[F]{inputSize: inputs, Weights: kernel.Weights[F]{
		IH: matrix(kernels.Pack(data("weight_ih_"), h, inputs)),
		HH: matrix(kernels.Pack(data("weight_hh_"), h, h)),
	}}
	if config.Bias {
		packed.Bias = kernels.PackBias(data("bias_ih_"), data("bias_hh_"), h)
	} else {
		packed.Bias = kernels.PackBias(nil, nil, h)
	}
	return packed
}

// ISA is the instruction set that models are run with: baseline (pure Go), avx2, avx512 or neon. It is the fastest of this
// machine, or the one that the environment variable LSTM_REF_ISA names.
func ISA() (string, error) {
	kernels, err := chooseKernels[float32]()
	if err != nil {
		return "", err
	}
	return kernels.Name, nil
}

func chooseKernels[F Float]() (*kernel.Kernels[F], error) {
	name := os.Getenv("LSTM_REF_ISA")
	if kernels, ok := kernel.Find[F](name); ok {
		return kernels, nil
	}
	var names []string
	for _, kernels := range kernel.Available[F]() {
		names = append(names, kernels.Name)
	}
	return nil, invalid("LSTM_REF_ISA", "one of "+strings.Join(names, ", "), `"%s"`, name)
}
