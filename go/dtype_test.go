package lstmref

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// TestFloat64 has every variant in float64: neither a split nor the other rows of a batch change anything, a stream goes on where
// a sequence ends, and its steps allocate nothing.
func TestFloat64(t *testing.T) {
	eachVariant(t, func(t *testing.T, config Config) {
		const steps, inputs = 9, 5
		for n, batch := range []int{1, 3, 13, maxRows + 1} {
			if isa, _ := ISA(); isa == "baseline" && batch > 3 {
				return // every number of rows is the same there
			}
			config := config.sized(inputs, 37, 2)
			config.Bidirectional = n%2 == 1
			m, in := randomModelOf[float64](t, config, steps, batch)
			var trace, otherTrace TraceOf[float64]
			y, state := forward(t, m, in, WithTrace(&trace))
			for _, split := range []split{{1, 1, 1}, splits[1+n], splits[5+n], {1, 2, 3}} {
				what := fmt.Sprintf("B = %d, split in %v", batch, split)
				otherY, otherState := forward(t, m, in, with(split))
				demandSameOutputs(t, what, otherY, otherState, y, state)
				forward(t, m, in, with(split), WithTrace(&otherTrace))
				for k, tensor := range otherTrace {
					demandSame(t, what+": "+tensor.Name, tensor.Data, trace[k].Data)
				}
			}
			for b := 0; b < batch; b += 1 + batch/4 {
				rowY, rowState := forward(t, m, &InputsOf[float64]{X: columns(in.X, b, b+1), State: rowsOf(in.State, b, b+1)})
				demandSameOutputs(t, fmt.Sprint("row ", b), rowY, rowState, columns(y, b, b+1), rowsOf(state, b, b+1))
			}
			if config.Bidirectional {
				continue
			}
			part := func(first, last int) *TensorOf[float64] {
				row := batch * inputs
				return &TensorOf[float64]{Shape: []int{last - first, batch, inputs}, Data: in.X.Data[first*row : last*row]}
			}
			y1, middle := forward(t, m, &InputsOf[float64]{X: part(0, 4), State: in.State})
			s := newStream(t, m, batch, middle)
			whole := &TensorOf[float64]{Shape: y.Shape, Data: slices.Concat(y1.Data, stepAll(t, s, part(4, steps)).Data)}
			demandSameOutputs(t, "a stream from 4", whole, s.State(), y, state)
			step, x := whole.Data[:batch*m.config.OutputSize()], part(0, 1).Data
			if allocations := testing.AllocsPerRun(5, func() { s.Step(step, x) }); allocations != 0 {
				t.Errorf("batch %d: %v allocations a step", batch, allocations)
			}
		}
	})
}

// TestOtherType: what is of one type is not taken for the other.
func TestOtherType(t *testing.T) {
	single, in := randomModel(t, Config{InputSize: 3, HiddenSize: 2, NumLayers: 1}, 4, 2)
	double, inDouble := randomModelOf[float64](t, Config{InputSize: 3, HiddenSize: 2, NumLayers: 1}, 4, 2)
	path := filepath.Join(t.TempDir(), "a.safetensors")
	if err := WriteTensorsAs(path, NamedTensorOf[float64]{"x", inDouble.X}); err != nil {
		t.Fatal(err)
	}
	read, err := ReadTensorsAs[float64](path)
	if err != nil {
		t.Fatal(err)
	}
	compareTensors(t, path, read, []NamedTensorOf[float64]{{"x", inDouble.X}})
	file := func(config Config) []byte {
		var tensors []NamedTensor
		for _, want := range expectedTensors(&config, 0, 0) {
			tensors = append(tensors, NamedTensor{want.name, zeros(want.shape...)})
		}
		if config.Dtype != Float64 {
			return modelFile(configText(config), tensors...)
		}
		var wide []NamedTensorOf[float64]
		for _, tensor := range tensors {
			wide = append(wide, NamedTensorOf[float64]{tensor.Name, zerosOf[float64](tensor.Shape...)})
		}
		return modelFile(configText(config), wide...)
	}
	parsed := func(_ any, err error) error { return err }
	forwarded := func(_, _ any, err error) error { return err }
	of := func(dtype Dtype) []byte { return file(Config{InputSize: 3, HiddenSize: 2, NumLayers: 1, Dtype: dtype}) }
	for _, c := range []struct {
		err  error
		want string
	}{
		{parsed(Parse(of(Float32))), ""}, {parsed(Parse(of(BFloat16))), ""}, {parsed(ParseAs[float64](of(Float64))), ""},
		{parsed(Parse(of(Float64))), `dtype: "float64", want "float32" or "bfloat16"`},
		{parsed(ParseAs[float64](of(Float32))), `dtype: "float32", want "float64"`},
		{parsed(ParseAs[float64](of(BFloat16))), `dtype: "bfloat16", want "float64"`},
		{forwarded(single.Forward(in.X, nil, Output(zerosOf[float64](4, 2, 2)))), "y: dtype float64, want float32"},
		{forwarded(double.Forward(inDouble.X, nil, Output(zeros(4, 2, 2)))), "y: dtype float32, want float64"},
		{forwarded(single.Forward(in.X, nil, WithTrace(&TraceOf[float64]{}))), "trace: dtype float64, want float32"},
		{forwarded(double.Forward(inDouble.X, nil, WithTrace(&Trace{}))), "trace: dtype float32, want float64"},
		{parsed(ReadTensors(path)), path + ": x: dtype F64, want F32"},
		{parsed(single.OpenInputs(path)), path + ": x: dtype F64, want F32"},
		{parsed(double.OpenInputs(path)), ""},
	} {
		var invalid *Error
		if c.want == "" && c.err != nil || c.want != "" && (!errors.As(c.err, &invalid) || c.err.Error() != c.want) {
			t.Errorf("got %v, want %s", c.err, c.want)
		}
	}
}

// TestBFloat16: the bits are those of the float32 model with the widened weights, packed either way, for one row and for many, in
// sequences and streams. Sizes are odd and even, below a chunk and above it, of one panel and of several.
func TestBFloat16(t *testing.T) {
	usual := leastBFloat16
	defer func() { leastBFloat16 = usual }()
	eachVariant(t, func(t *testing.T, config Config) {
		for _, leastBFloat16 = range []int{0, usual} {
			compareBFloat16(t, config.sized(3, 37, 2), 3)
			compareBFloat16(t, config.sized(67, 33, 2), 1)
			compareBFloat16(t, config.sized(64, 130, 2), 13)
		}
	})
}

func compareBFloat16(t *testing.T, config Config, batch int) {
	t.Helper()
	config.Dtype = BFloat16
	var halves, widened []NamedTensor
	for layer := range config.NumLayers {
		for _, want := range expectedTensors(&config, layer, 0) {
			kind := fill{Kind: "wide", Lo: 100, Hi: 128}
			tensor, cut := kind.tensor(t, 1, want.name, want.shape...), zeros(want.shape...)
			for k, v := range tensor.Data {
				if cut.Data[k] = v; len(want.shape) == 2 {
					cut.Data[k] = kernel.FromBits[float32](kernel.ToBits(v) &^ 0xffff)
				}
			}
			halves, widened = append(halves, NamedTensor{want.name, tensor}), append(widened, NamedTensor{want.name, cut})
		}
	}
	parse := func(tensors []NamedTensor) *Model {
		m, err := Parse(modelFile(configText(config), tensors...))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := parse(halves)
	config.Dtype = Float32
	other := parse(widened)
	in := &Inputs{X: fill{Kind: "uniform"}.tensor(t, 2, "x", 4, batch, config.InputSize)}
	y, state := forward(t, m, in)
	wantY, wantState := forward(t, other, in)
	demandSameOutputs(t, fmt.Sprint(config.InputSize), y, state, wantY, wantState)

	stream := newStream(t, m, batch, nil)
	demandSame(t, "y of a stream", stepAll(t, stream, in.X).Data, wantY.Data)
	step, x := y.Data[:batch*m.config.OutputSize()], in.X.Data[:batch*config.InputSize]
	if allocations := testing.AllocsPerRun(5, func() { stream.Step(step, x) }); allocations != 0 {
		t.Errorf("batch %d: %v allocations a step", batch, allocations)
	}
}

// TestDtypesInFiles: an element of each dtype has its size.
func TestDtypesInFiles(t *testing.T) {
	for dtype, size := range map[string]int{"BF16": 2, "F32": 4, "F64": 8, "I64": 8} {
		header := fmt.Sprintf(`{"x":{"dtype":"%s","shape":[3],"data_offsets":[0,%d]}}`, dtype, 3*size)
		if _, err := readContainer(append(fileOf(header), make([]byte, 3*size)...)); err != nil {
			t.Errorf("%s: %v", dtype, err)
		}
	}
	_, err := readContainer(binary.LittleEndian.AppendUint16(fileOf(`{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`), 0))
	if fmt.Sprint(err) != "x: dtype F16, want BF16, F32, F64 or I64" {
		t.Errorf("got %v", err)
	}
}

// TestRoundToBFloat16 has each upper half with the lower halves at which something changes.
func TestRoundToBFloat16(t *testing.T) {
	for high := range uint32(1 << 16) {
		for _, low := range []uint32{0x0000, 0x0001, 0x7fff, 0x8000, 0x8001, 0xffff} {
			x := math.Float32frombits(high<<16 | low)
			got := math.Float32bits(RoundToBFloat16(x))
			want := high // patterns of one sign follow each other as their values do, up to infinity
			if low > 0x8000 || low == 0x8000 && high%2 == 1 {
				want++
			}
			if x != x {
				want = high | 0x0040
			}
			if got != want<<16 {
				t.Fatalf("%#08x: got %#08x, want %#08x", high<<16|low, got, want<<16)
			}
		}
	}
	for _, c := range []struct{ x, want float32 }{ // those of spec/variants.md, section 9
		{1.00390625, 1}, {1.01171875, 1.015625}, {3.4e38, float32(math.Inf(1))}, {1e-40, math.Float32frombits(0x10000)},
	} {
		if got := RoundToBFloat16(c.x); got != c.want {
			t.Errorf("%v: got %v, want %v", c.x, got, c.want)
		}
	}
}
