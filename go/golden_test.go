package lstmref

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

const golden = "../tests/golden"

// manifest is tests/golden/manifest.json (spec/vectors.md).
type manifest struct {
	Valid   []goldenCase
	Invalid []struct {
		ID, Model string
		Inputs    *string
		Error     string
	}
}

type goldenCase struct {
	ID, Op       string
	Config       json.RawMessage
	Dims         struct{ T, B int }
	Lengths      []int
	InitialState bool `json:"initial_state"`
	Training     string
	Seed         uint64
	Fills        map[string]fill
	Stored       bool
	Digest       map[string]string
}

func readManifest(t testing.TB) *manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(golden, "manifest.json"))
	if err != nil {
		t.Fatalf("the golden vectors are missing: %v", err)
	}
	m := &manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		t.Fatal(err)
	}
	if len(m.Valid) == 0 || len(m.Invalid) == 0 {
		t.Fatal("the manifest has no cases")
	}
	return m
}

// UnmarshalJSON puts in what an entry leaves out (spec/vectors.md).
func (c *goldenCase) UnmarshalJSON(text []byte) error {
	type plain goldenCase // without this method
	entry := plain{InitialState: true, Fills: map[string]fill{}}
	for _, group := range []string{"weight", "bias", "x", "state", "mask"} {
		entry.Fills[group] = fill{Kind: "uniform"}
	}
	entry.Fills["x"] = fill{Kind: "uniform", Exponent: 1}
	err := json.Unmarshal(text, &entry)
	*c = goldenCase(entry)
	return err
}

// members of the configuration, what it leaves out included.
func (c *goldenCase) members() map[string]any {
	members := map[string]any{"format_version": 1, "op": c.Op, "num_layers": 1, "bias": true, "batch_first": false, "bidirectional": false}
	if err := json.Unmarshal(c.Config, &members); err != nil {
		panic(err)
	}
	return members
}

// fill turns the generator's integers into a tensor (N8).
type fill struct {
	Kind     string
	Exponent int
	Lo, Hi   uint64
	Values   []pattern
}

// pattern is the bits of a value: a number or, where JSON's numbers do not reach, hexadecimal text.
type pattern uint64

func (p *pattern) UnmarshalJSON(text []byte) error {
	bits, err := strconv.ParseUint(strings.Trim(string(text), `"`), 0, 64)
	*p = pattern(bits)
	return err
}

func (f fill) tensor(t testing.TB, seed uint64, name string, shape ...int) *Tensor {
	return filled[float32](t, f, seed, name, shape...)
}

func filled[F Float](t testing.TB, f fill, seed uint64, name string, shape ...int) *TensorOf[F] {
	tensor := zerosOf[F](shape...)
	fraction, width := 23, 32
	if isFloat64[F]() {
		fraction, width = 52, 64
	}
	exponents := uint64(1)<<(width-1-fraction) - 1
	key := mix(seed ^ fnv(name)) // (N8.3)
	for k := range tensor.Data {
		u := mix(key + uint64(k+1)*increment) // (N8.4)
		var bits uint64
		switch f.Kind {
		case "uniform":
			tensor.Data[k] = F(math.Ldexp(float64(int64(u>>(63-fraction))-1<<fraction), f.Exponent-fraction))
			continue
		case "wide":
			u >>= 64 - width
			exponent := f.Lo + (u>>fraction&exponents*(f.Hi-f.Lo+1))>>(width-1-fraction)
			bits = u&(1<<(width-1)) | exponent<<fraction | u&(1<<fraction-1)
		case "choice":
			bits = uint64(f.Values[u>>32*uint64(len(f.Values))>>32])
		case "cycle":
			bits = uint64(f.Values[k%len(f.Values)])
		default:
			t.Fatalf("%s: unknown fill %q", name, f.Kind)
		}
		tensor.Data[k] = kernel.FromBits[F](bits)
	}
	return tensor
}

func tensorFor[F Float](t testing.TB, c *goldenCase, class, name string, shape ...int) *TensorOf[F] {
	f, ok := c.Fills[name]
	if !ok {
		f = c.Fills[class]
	}
	return filled[F](t, f, c.Seed, name, shape...)
}

// configText is the configuration as a model file holds it.
func (c *goldenCase) configText() string {
	text, _ := json.Marshal(c.members())
	return string(text)
}

// of calls one of two tests, by the type of the case's numbers.
func (c *goldenCase) of(single, double func()) {
	if c.members()["dtype"] == "float64" {
		double()
	} else {
		single()
	}
}

// generate makes the case's model file, in memory, and its inputs.
func generate[F Float](t testing.TB, c *goldenCase) ([]byte, *InputsOf[F]) {
	t.Helper()
	config, err := readConfig(map[string]string{"lstm_ref": c.configText()})
	if err != nil {
		t.Fatal(err)
	}
	var tensors []NamedTensorOf[F]
	for layer := range config.NumLayers {
		for direction := range config.directions() {
			for _, want := range expectedTensors(config, layer, direction) {
				class := map[byte]string{'w': "weight", 'b': "bias"}[want.name[0]]
				tensors = append(tensors, NamedTensorOf[F]{want.name, tensorFor[F](t, c, class, want.name, want.shape...)})
			}
		}
	}
	x := []int{c.Dims.T, c.Dims.B, config.InputSize}
	if config.BatchFirst {
		x[0], x[1] = x[1], x[0]
	}
	inputs := &InputsOf[F]{X: tensorFor[F](t, c, "x", "x", x...), Lengths: c.Lengths}
	if c.InitialState {
		inputs.State = stateOf(*config, c.Dims.B, func(want expectation) *TensorOf[F] { return tensorFor[F](t, c, "state", want.name, want.shape...) })
	}
	switch c.Training {
	case "seed":
		seed := int64(c.Seed)
		inputs.Seed = &seed
	case "masks":
		inputs.Masks = map[string]*TensorOf[F]{}
		for _, mask := range masksOf[F](config, c.Dims.T, c.Dims.B) {
			inputs.Masks[mask.name] = tensorFor[F](t, c, "mask", mask.name, mask.shape...)
		}
	}
	return modelFile(c.configText(), tensors...), inputs
}

// stateOf makes h_0 and c_0 of those that the configuration has.
func stateOf[F Float](config Config, batch int, tensor func(want expectation) *TensorOf[F]) *StateOf[F] {
	m := &ModelOf[F]{config: config, cells: make([]*cell[F], config.NumLayers*config.directions())}
	state := &StateOf[F]{}
	for n, want := range m.expectedState(batch) {
		*state.parts()[n] = tensor(want)
	}
	return state
}

// modelFile is the bytes of a model file; the matrices of bfloat16 are cut off to it.
func modelFile[F Float](config string, tensors ...NamedTensorOf[F]) []byte {
	metadata, _ := json.Marshal(map[string]string{"lstm_ref": config})
	header := append([]byte(`{"__metadata__":`), metadata...)
	var data []byte
	for _, tensor := range tensors {
		dtype, bytes := dtype[F](), littleEndian(tensor.Data)
		if strings.Contains(config, `"bfloat16"`) && len(tensor.Shape) == 2 {
			dtype, bytes = "BF16", nil
			for _, v := range tensor.Data {
				bytes = binary.LittleEndian.AppendUint16(bytes, uint16(kernel.ToBits(v)>>16))
			}
		}
		name, _ := json.Marshal(tensor.Name)
		shape, _ := json.Marshal(append([]int{}, tensor.Shape...)) // never null
		header = fmt.Appendf(header, `,%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, len(data), len(data)+len(bytes))
		data = append(data, bytes...)
	}
	header = append(header, '}')
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	return append(file, data...)
}

func littleEndian[F Float](data []F) []byte {
	var bytes []byte
	for _, v := range data {
		if isFloat64[F]() {
			bytes = binary.LittleEndian.AppendUint64(bytes, kernel.ToBits(v))
		} else {
			bytes = binary.LittleEndian.AppendUint32(bytes, uint32(kernel.ToBits(v)))
		}
	}
	return bytes
}

// digest is (N9).
func digest[F Float](tensor *TensorOf[F]) string {
	nan := kernel.FromBits[F](0x7fc00000)
	if isFloat64[F]() {
		nan = kernel.FromBits[F](0x7ff8000000000000)
	}
	canonical := make([]F, len(tensor.Data))
	for i, v := range tensor.Data {
		if canonical[i] = v; v != v {
			canonical[i] = nan
		}
	}
	sum := sha256.Sum256(littleEndian(canonical))
	return hex.EncodeToString(sum[:])
}

// outputs of Forward by name.
func outputs[F Float](y *TensorOf[F], state *StateOf[F]) map[string]*TensorOf[F] {
	named := map[string]*TensorOf[F]{"y": y, "h_n": state.H, "c_n": state.C}
	if state.C == nil {
		delete(named, "c_n")
	}
	return named
}

// eachISA runs a test with every instruction set of this machine.
func eachISA(t *testing.T, test func(t *testing.T)) {
	for _, kernels := range kernel.Available[float32]() {
		t.Run(kernels.Name, func(t *testing.T) {
			t.Setenv("LSTM_REF_ISA", kernels.Name)
			test(t)
		})
	}
}

func TestGoldenValid(t *testing.T) {
	cases := readManifest(t).Valid
	eachISA(t, func(t *testing.T) {
		for _, c := range cases {
			c.of(func() { compareDigests[float32](t, &c) }, func() { compareDigests[float64](t, &c) })
		}
	})
}

func compareDigests[F Float](t *testing.T, c *goldenCase) {
	file, inputs := generate[F](t, c)
	m, err := ParseAs[F](file)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	for _, threads := range []int{1, 3} {
		y, state, err := m.Forward(inputs.X, inputs.State, append(inputs.Options(), NumThreads(threads))...)
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		for name, tensor := range outputs(y, state) {
			if got := digest(tensor); got != c.Digest[name] {
				t.Errorf("%s: %s with %d threads: digest %s, want %s", c.ID, name, threads, got, c.Digest[name])
			}
		}
	}
}

// TestGoldenStored reads the files that Python wrote, and compares every intermediate.
func TestGoldenStored(t *testing.T) {
	cases := readManifest(t).Valid
	eachISA(t, func(t *testing.T) {
		stored := 0
		for _, c := range cases {
			if !c.Stored {
				continue
			}
			stored++
			c.of(func() { compareStored[float32](t, &c) }, func() { compareStored[float64](t, &c) })
		}
		if stored == 0 {
			t.Error("no stored cases")
		}
	})
}

func compareStored[F Float](t *testing.T, c *goldenCase) {
	folder := filepath.Join(golden, "valid", c.ID)
	m, err := OpenAs[F](filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := m.OpenInputs(filepath.Join(folder, "inputs.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	var trace TraceOf[F]
	y, state, err := m.Forward(inputs.X, inputs.State, append(inputs.Options(), WithTrace(&trace))...)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	expected, err := ReadTensorsAs[F](filepath.Join(folder, "expected.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	got := trace
	for name, tensor := range outputs(y, state) {
		got = append(got, NamedTensorOf[F]{name, tensor})
	}
	compareTensors(t, c.ID, got, expected)
}

// compareTensors demands the same tensors with the same bits, in any order.
func compareTensors[F Float](t *testing.T, id string, got, want []NamedTensorOf[F]) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d tensors, want %d", id, len(got), len(want))
	}
	byName := map[string]*TensorOf[F]{}
	for _, tensor := range got {
		byName[tensor.Name] = tensor.Tensor
	}
	for _, tensor := range want {
		g := byName[tensor.Name]
		if g == nil || formatShape(g.Shape) != formatShape(tensor.Shape) {
			t.Errorf("%s: %s: missing or of another shape than %s", id, tensor.Name, formatShape(tensor.Shape))
			continue
		}
		if k := firstDifference(g.Data, tensor.Data); k >= 0 {
			got, want := kernel.ToBits(g.Data[k]), kernel.ToBits(tensor.Data[k])
			t.Errorf("%s: %s[%d]: %#08x, want %#08x", id, tensor.Name, k, got, want)
		}
	}
}

// firstDifference compares by bits, NaN being equal to NaN (N7); -1 when there is none.
func firstDifference[F Float](a, b []F) int {
	for k := range a {
		if kernel.ToBits(a[k]) != kernel.ToBits(b[k]) && (a[k] == a[k] || b[k] == b[k]) {
			return k
		}
	}
	return -1
}

func open[F Float](model string, inputs *string) error {
	m, err := OpenAs[F](filepath.Join(golden, model))
	if err == nil && inputs != nil {
		_, err = m.OpenInputs(filepath.Join(golden, *inputs))
	}
	return err
}

func TestGoldenInvalid(t *testing.T) {
	for _, c := range readManifest(t).Invalid {
		config, err := ReadConfig(filepath.Join(golden, c.Model))
		if err == nil && config.Dtype == Float64 {
			err = open[float64](c.Model, c.Inputs)
		} else if err == nil {
			err = open[float32](c.Model, c.Inputs)
		}
		var invalid *Error
		if !errors.As(err, &invalid) || invalid.Error() != c.Error {
			t.Errorf("%s: %v, want %s", c.ID, err, c.Error)
		}
	}
}

func zeros(shape ...int) *Tensor { return zerosOf[float32](shape...) }
