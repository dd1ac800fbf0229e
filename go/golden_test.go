package lstmref

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
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
	for _, group := range []string{"weight", "bias", "x", "state"} {
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
	Lo, Hi   uint32
	Values   []uint32
}

func mix(z uint64) uint64 { // (N8.1)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func fnv(name string) uint64 { // (N8.2)
	h := uint64(0xcbf29ce484222325)
	for _, b := range []byte(name) {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return h
}

func (f fill) tensor(t testing.TB, seed uint64, name string, shape ...int) *Tensor {
	tensor := zeros(shape...)
	key := mix(seed ^ fnv(name)) // (N8.3)
	for k := range tensor.Data {
		u := uint32(mix(key+uint64(k+1)*0x9e3779b97f4a7c15) >> 32) // (N8.4)
		var bits uint32
		switch f.Kind {
		case "uniform":
			bits = math.Float32bits(float32(math.Ldexp(float64(int(u>>8)-1<<23), f.Exponent-23)))
		case "wide":
			bits = u&(1<<31) | (f.Lo+(u>>23&255*(f.Hi-f.Lo+1))>>8)<<23 | u&0x7fffff
		case "choice":
			bits = f.Values[uint64(u)*uint64(len(f.Values))>>32]
		case "cycle":
			bits = f.Values[k%len(f.Values)]
		default:
			t.Fatalf("%s: unknown fill %q", name, f.Kind)
		}
		tensor.Data[k] = math.Float32frombits(bits)
	}
	return tensor
}

func (c *goldenCase) tensor(t testing.TB, class, name string, shape ...int) *Tensor {
	f, ok := c.Fills[name]
	if !ok {
		f = c.Fills[class]
	}
	return f.tensor(t, c.Seed, name, shape...)
}

// configText is the configuration as a model file holds it.
func (c *goldenCase) configText() string {
	text, _ := json.Marshal(c.members())
	return string(text)
}

// generate makes the case's model file, in memory, and its inputs.
func (c *goldenCase) generate(t testing.TB) ([]byte, *Inputs) {
	t.Helper()
	config, err := readConfig(map[string]string{"lstm_ref": c.configText()})
	if err != nil {
		t.Fatal(err)
	}
	var tensors []NamedTensor
	for layer := range config.NumLayers {
		for direction := range config.directions() {
			for _, want := range expectedTensors(config, layer, direction) {
				class := map[byte]string{'w': "weight", 'b': "bias"}[want.name[0]]
				tensors = append(tensors, NamedTensor{want.name, c.tensor(t, class, want.name, want.shape...)})
			}
		}
	}
	x := []int{c.Dims.T, c.Dims.B, config.InputSize}
	if config.BatchFirst {
		x[0], x[1] = x[1], x[0]
	}
	inputs := &Inputs{X: c.tensor(t, "x", "x", x...), Lengths: c.Lengths}
	if c.InitialState {
		inputs.State = stateOf(*config, c.Dims.B, func(want expectation) *Tensor { return c.tensor(t, "state", want.name, want.shape...) })
	}
	return modelFile(c.configText(), tensors...), inputs
}

// stateOf makes h_0 and c_0 of those that the configuration has.
func stateOf(config Config, batch int, tensor func(want expectation) *Tensor) *State {
	m := &Model{config: config, cells: make([]*cell[float32], config.NumLayers*config.directions())}
	state := &State{}
	for n, want := range m.expectedState(batch) {
		*state.parts()[n] = tensor(want)
	}
	return state
}

// modelFile is the bytes of a model file.
func modelFile(config string, tensors ...NamedTensor) []byte {
	metadata, _ := json.Marshal(map[string]string{"lstm_ref": config})
	plain := encodeHeader(tensors)[8:]
	header := append([]byte(`{"__metadata__":`), metadata...)
	header = append(append(header, ','), plain[1:]...)
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	for _, tensor := range tensors {
		file = append(file, littleEndian(tensor.Data)...)
	}
	return file
}

func littleEndian(data []float32) []byte {
	bytes := make([]byte, 0, 4*len(data))
	for _, v := range data {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
	}
	return bytes
}

// digest is (N9).
func digest(tensor *Tensor) string {
	canonical := make([]float32, len(tensor.Data))
	for i, v := range tensor.Data {
		if canonical[i] = v; v != v {
			canonical[i] = math.Float32frombits(0x7fc00000)
		}
	}
	sum := sha256.Sum256(littleEndian(canonical))
	return hex.EncodeToString(sum[:])
}

// outputs of Forward by name.
func outputs(y *Tensor, state *State) map[string]*Tensor {
	named := map[string]*Tensor{"y": y, "h_n": state.H, "c_n": state.C}
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
			file, inputs := c.generate(t)
			m, err := Parse(file)
			if err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
			for _, threads := range []int{1, 3} {
				y, state, err := m.Forward(inputs.X, inputs.State, Lengths(inputs.Lengths), NumThreads(threads))
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
	})
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
			folder := filepath.Join(golden, "valid", c.ID)
			m, err := Open(filepath.Join(folder, "model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			inputs, err := m.OpenInputs(filepath.Join(folder, "inputs.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			var trace Trace
			y, state, err := m.Forward(inputs.X, inputs.State, Lengths(inputs.Lengths), WithTrace(&trace))
			if err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
			expected, err := ReadTensors(filepath.Join(folder, "expected.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			got := trace
			for name, tensor := range outputs(y, state) {
				got = append(got, NamedTensor{name, tensor})
			}
			compareTensors(t, c.ID, got, expected)
		}
		if stored == 0 {
			t.Error("no stored cases")
		}
	})
}

// compareTensors demands the same tensors with the same bits, in any order.
func compareTensors(t *testing.T, id string, got, want []NamedTensor) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d tensors, want %d", id, len(got), len(want))
	}
	byName := map[string]*Tensor{}
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
			got, want := math.Float32bits(g.Data[k]), math.Float32bits(tensor.Data[k])
			t.Errorf("%s: %s[%d]: %#08x, want %#08x", id, tensor.Name, k, got, want)
		}
	}
}

// firstDifference compares by bits, NaN being equal to NaN (N7); -1 when there is none.
func firstDifference(a, b []float32) int {
	for k := range a {
		if math.Float32bits(a[k]) != math.Float32bits(b[k]) && (a[k] == a[k] || b[k] == b[k]) {
			return k
		}
	}
	return -1
}

func TestGoldenInvalid(t *testing.T) {
	for _, c := range readManifest(t).Invalid {
		m, err := Open(filepath.Join(golden, c.Model))
		if err == nil && c.Inputs != nil {
			_, err = m.OpenInputs(filepath.Join(golden, *c.Inputs))
		}
		var invalid *Error
		if !errors.As(err, &invalid) || invalid.Error() != c.Error {
			t.Errorf("%s: %v, want %s", c.ID, err, c.Error)
		}
	}
}

func zeros(shape ...int) *Tensor { return zerosOf[float32](shape...) }
