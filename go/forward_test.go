package lstmref

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// randomModel is a model of the configuration, and inputs of T steps and B rows with an initial state.
func randomModel(t testing.TB, config Config, steps, batch int) (*Model, *Inputs) {
	t.Helper()
	return randomModelOf[float32](t, config, steps, batch)
}

func randomModelOf[F Float](t testing.TB, config Config, steps, batch int) (*ModelOf[F], *InputsOf[F]) {
	t.Helper()
	return filledModel[F](t, config, fill{Kind: "uniform"}, steps, batch)
}

// filledModel is a model with such weights.
func filledModel[F Float](t testing.TB, config Config, weights fill, steps, batch int) (*ModelOf[F], *InputsOf[F]) {
	t.Helper()
	if isFloat64[F]() {
		config.Dtype = Float64
	}
	uniform := fill{Kind: "uniform"}
	var tensors []NamedTensorOf[F]
	for layer := range config.NumLayers {
		for direction := range config.directions() {
			for _, want := range expectedTensors(&config, layer, direction) {
				tensors = append(tensors, NamedTensorOf[F]{want.name, filled[F](t, weights, 1, want.name, want.shape...)})
			}
		}
	}
	m, err := ParseAs[F](modelFile(configText(config), tensors...))
	if err != nil {
		t.Fatal(err)
	}
	x := []int{steps, batch, config.InputSize}
	if config.BatchFirst {
		x[0], x[1] = batch, steps
	}
	state := stateOf(config, batch, func(want expectation) *TensorOf[F] { return filled[F](t, uniform, 2, want.name, want.shape...) })
	return m, &InputsOf[F]{X: filled[F](t, uniform, 2, "x", x...), State: state}
}

// configText is a configuration as a model file holds it; what has no name in it is left out.
func configText(config Config) string {
	members := map[string]any{"format_version": 1, "op": config.Op.String(),
		"input_size": config.InputSize, "hidden_size": config.HiddenSize, "num_layers": config.NumLayers,
		"bias": config.Bias, "batch_first": config.BatchFirst, "bidirectional": config.Bidirectional}
	options := map[string]any{"proj_size": config.ProjSize, "peephole": config.Peephole, "input_forget": config.InputForget,
		"reset_after": config.ResetAfter, "clip": config.Clip, "dtype": config.Dtype.String()}
	for key, name := range map[string]string{"layer_norm": config.LayerNorm, "cell_norm": config.CellNorm} {
		if name != "" {
			options[key] = name
		}
	}
	for key, rate := range map[string]float32{"recurrent_dropout": config.RecurrentDropout, "candidate_dropout": config.CandidateDropout,
		"zoneout_h": config.ZoneoutH, "zoneout_c": config.ZoneoutC, "dropout": config.Dropout} {
		if rate > 0 {
			options[key] = rate
		}
	}
	if config.NormEpsilon > 0 {
		options["norm_epsilon"] = config.NormEpsilon
	}
	options["hidden_norm"] = config.HiddenNorm
	for key, value := range map[string]Activation{"gate_activation": config.GateActivation,
		"candidate_activation": config.CandidateActivation, "output_activation": config.OutputActivation} {
		if value.Name != "" {
			options[key] = append([]any{value.Name}, []any{value.Alpha, value.Beta}[:len(activationDefaults[value.Name])]...)
		}
	}
	for key, value := range options {
		if _, lacks := ops[config.Op].lacks[key]; !lacks {
			members[key] = value
		}
	}
	text, _ := json.Marshal(members)
	return string(text)
}

func forward[F Float](t testing.TB, m *ModelOf[F], in *InputsOf[F], options ...Option) (*TensorOf[F], *StateOf[F]) {
	t.Helper()
	y, state, err := m.Forward(in.X, in.State, append(in.Options(), options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return y, state
}

func demandSame[F Float](t *testing.T, what string, got, want []F) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	if k := firstDifference(got, want); k >= 0 {
		t.Fatalf("%s: value %d: %#08x, want %#08x", what, k, kernel.ToBits(got[k]), kernel.ToBits(want[k]))
	}
}

// columns is rows first to last of the middle axis of a tensor of rank 3.
func columns[F Float](tensor *TensorOf[F], first, last int) *TensorOf[F] {
	shape := tensor.Shape
	part := zerosOf[F](shape[0], last-first, shape[2])
	for i := range shape[0] {
		copy(part.Data[i*(last-first)*shape[2]:], tensor.Data[(i*shape[1]+first)*shape[2]:(i*shape[1]+last)*shape[2]])
	}
	return part
}

var ragged = []int{5, 0, 9, 7, 1, 9, 2, 8, 3, 6, 4, 9, 9}

func TestRowsDoNotDependOnTheBatch(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		m, in := randomModel(t, Config{InputSize: 19, HiddenSize: 33, NumLayers: 2, Bias: true, Bidirectional: true}, 9, 13)
		in.Lengths = ragged
		y, state := forward(t, m, in)
		for b := range 13 {
			for last := b + 1; last <= 13; last += 5 {
				initial := &State{columns(in.State.H, b, last), columns(in.State.C, b, last)}
				partY, partState := forward(t, m, &Inputs{X: columns(in.X, b, last), State: initial, Lengths: ragged[b:last]})
				what := fmt.Sprintf("rows %d to %d", b, last)
				demandSame(t, what, partY.Data, columns(y, b, last).Data)
				demandSame(t, what, partState.H.Data, columns(state.H, b, last).Data)
				demandSame(t, what, partState.C.Data, columns(state.C, b, last).Data)
			}
		}
	})
}

func TestThreadsChangeNothing(t *testing.T) {
	m, in := randomModel(t, Config{InputSize: 7, HiddenSize: 20, NumLayers: 2, Bias: true, Bidirectional: true}, 9, 13)
	in.Lengths = ragged
	y, state := forward(t, m, in)
	for _, threads := range []int{2, 3, 13, 64, 1024} {
		otherY, otherState := forward(t, m, in, NumThreads(threads))
		demandSame(t, "y", otherY.Data, y.Data)
		demandSame(t, "h_n", otherState.H.Data, state.H.Data)
		demandSame(t, "c_n", otherState.C.Data, state.C.Data)
	}
}

// TestLargeBatch has more rows than one task takes.
func TestLargeBatch(t *testing.T) {
	m, in := randomModel(t, Config{InputSize: 3, HiddenSize: 5, NumLayers: 1, Bias: true}, 3, 2*maxRows+1)
	y, _ := forward(t, m, in)
	for b := range in.X.Shape[1] {
		row := &Inputs{X: columns(in.X, b, b+1), State: &State{columns(in.State.H, b, b+1), columns(in.State.C, b, b+1)}}
		rowY, _ := forward(t, m, row)
		demandSame(t, fmt.Sprint("row ", b), rowY.Data, columns(y, b, b+1).Data)
	}
}

func TestSequencesMayBeCut(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		const steps, batch = 30, 3
		m, in := randomModel(t, Config{InputSize: 5, HiddenSize: 17, NumLayers: 2, Bias: true}, steps, batch)
		y, state := forward(t, m, in)
		for cut := 0; cut <= steps; cut += 3 {
			part := func(first, last int) *Tensor {
				row := batch * 5
				return &Tensor{Shape: []int{last - first, batch, 5}, Data: in.X.Data[first*row : last*row]}
			}
			y1, middle := forward(t, m, &Inputs{X: part(0, cut), State: in.State})
			y2, final := forward(t, m, &Inputs{X: part(cut, steps), State: middle})
			demandSame(t, fmt.Sprint("y cut at ", cut), slices.Concat(y1.Data, y2.Data), y.Data)
			demandSame(t, "h_n", final.H.Data, state.H.Data)
			demandSame(t, "c_n", final.C.Data, state.C.Data)
		}
	})
}

// TestOutput has y in a tensor of the caller's, whatever it held before.
func TestOutput(t *testing.T) {
	for _, config := range []Config{
		{InputSize: 7, HiddenSize: 20, NumLayers: 1, BatchFirst: true},
		{InputSize: 7, HiddenSize: 20, NumLayers: 3, Bias: true},
		{InputSize: 7, HiddenSize: 20, NumLayers: 2, Bidirectional: true},
	} {
		m, in := randomModel(t, config, 9, 13)
		in.Lengths = ragged
		want, _ := forward(t, m, in)
		mine := zeros(want.Shape...)
		for k := range mine.Data {
			mine.Data[k] = float32(math.NaN())
		}
		got, _ := forward(t, m, in, Output(mine))
		if got != mine {
			t.Error("another tensor")
		}
		demandSame(t, "y", mine.Data, want.Data)
	}
}

func TestNothingToDo(t *testing.T) {
	for _, dims := range [][2]int{{0, 3}, {4, 0}, {0, 0}} {
		m, in := randomModel(t, Config{InputSize: 2, HiddenSize: 3, NumLayers: 2, Bidirectional: true}, dims[0], dims[1])
		for k := range in.State.H.Data {
			in.State.H.Data[k] = float32(math.NaN())
		}
		y, state := forward(t, m, in, NumThreads(2))
		if len(y.Data) != 0 || !slices.Equal(y.Shape, []int{dims[0], dims[1], 6}) {
			t.Errorf("T, B = %v: y has shape %v and %d values", dims, y.Shape, len(y.Data))
		}
		demandSame(t, "h_n", state.H.Data, in.State.H.Data)
		demandSame(t, "c_n", state.C.Data, in.State.C.Data)
	}
}

func TestNaNStaysInItsRow(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		m, in := randomModel(t, Config{InputSize: 4, HiddenSize: 9, NumLayers: 1, Bias: true}, 5, 3)
		y, _ := forward(t, m, in)
		in.X.Data[4] = float32(math.NaN()) // step 0, row 1
		nanY, _ := forward(t, m, in)
		for _, b := range []int{0, 2} {
			demandSame(t, "the other rows", columns(nanY, b, b+1).Data, columns(y, b, b+1).Data)
		}
		for _, v := range columns(nanY, 1, 2).Data {
			if v == v {
				t.Fatalf("row 1 has %v, want NaN", v)
			}
		}
	})
}

func TestArgumentsAreOnlyRead(t *testing.T) {
	m, in := randomModel(t, Config{InputSize: 4, HiddenSize: 9, NumLayers: 1, Bias: true}, 5, 3)
	x, h, c := slices.Clone(in.X.Data), slices.Clone(in.State.H.Data), slices.Clone(in.State.C.Data)
	forward(t, m, in)
	demandSame(t, "x", in.X.Data, x)
	demandSame(t, "h_0", in.State.H.Data, h)
	demandSame(t, "c_0", in.State.C.Data, c)
}

func TestForwardErrors(t *testing.T) {
	m, in := randomModel(t, Config{InputSize: 3, HiddenSize: 2, NumLayers: 1, Bias: true, BatchFirst: true}, 4, 2)
	for _, c := range []struct {
		x       *Tensor
		state   *State
		options []Option
		want    string
	}{
		{nil, nil, nil, "x: missing, want (B, T, I) with I = 3"},
		{zeros(4, 3), nil, nil, "x: rank 2, want 3 (B, T, I)"},
		{zeros(2, 4, 5), nil, nil, "x: shape (2, 4, 5), want (B, T, I) = (2, 4, 3)"},
		{&Tensor{Shape: []int{2, 4, 3}, Data: make([]float32, 23)}, nil, nil, "x: 23 elements, want as many as its shape (2, 4, 3)"},
		{&Tensor{Shape: []int{-2, 4, 3}, Data: nil}, nil, nil, "x: shape (-2, 4, 3), want no negative size"},
		{&Tensor{Shape: []int{math.MaxInt, 0, 3}, Data: nil}, nil, nil,
			"memory: too little for this case, want a smaller one"},
		{in.X, &State{H: zeros(1, 2, 2)}, nil, "c_0: missing, want (L*D, B, H) = (1, 2, 2)"},
		{in.X, &State{C: zeros(1, 2, 2)}, nil, "h_0: missing, want (L*D, B, H) = (1, 2, 2)"},
		{in.X, &State{zeros(1, 2, 2), zeros(1, 3, 2)}, nil, "c_0: shape (1, 3, 2), want (L*D, B, H) = (1, 2, 2)"},
		{in.X, &State{zeros(1, 2, 2), &Tensor{Shape: []int{1, 2, 2}, Data: nil}}, nil, "c_0: 0 elements, want as many as its shape (1, 2, 2)"},
		{in.X, nil, []Option{Lengths([]int{4})}, "lengths: shape (1,), want (B,) = (2,)"},
		{in.X, nil, []Option{Lengths([]int{4, 5})}, "lengths[1]: 5, want 0 <= length <= T = 4"},
		{in.X, nil, []Option{Lengths([]int{-1, 5})}, "lengths[0]: -1, want 0 <= length <= T = 4"},
		{in.X, nil, []Option{NumThreads(0)}, "num_threads: 0, want an integer from 1 to 1024"},
		{in.X, nil, []Option{Output(zeros(4, 2, 2))}, "y: shape (4, 2, 2), want (B, T, D*H) = (2, 4, 2)"},
		{in.X, nil, []Option{Output(&Tensor{Shape: []int{2, 4, 2}, Data: nil})}, "y: 0 elements, want as many as its shape (2, 4, 2)"},
		{in.X, nil, []Option{Output(&Tensor{Shape: []int{2, 4, 2}, Data: in.X.Data[8:]})}, "y: overlaps x, want memory of its own"},
		{in.X, nil, []Option{NumThreads(1025)}, "num_threads: 1025, want an integer from 1 to 1024"},
	} {
		y, state, err := m.Forward(c.x, c.state, c.options...)
		var invalid *Error
		if !errors.As(err, &invalid) || err.Error() != c.want || y != nil || state != nil {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestOrderOfMemory: check 13 comes after all others.
func TestOrderOfMemory(t *testing.T) {
	m, _ := randomModel(t, Config{InputSize: 3, HiddenSize: 2, NumLayers: 1, Bias: true}, 0, 0)
	x := zeros(0, 1<<29, 3)
	for _, c := range []struct {
		option Option
		want   string
	}{
		{nil, "memory: too little for this case, want a smaller one"},
		{Lengths([]int{4}), "lengths: shape (1,), want (B,) = (536870912,)"},
		{NumThreads(0), "num_threads: 0, want an integer from 1 to 1024"},
	} {
		if _, _, err := m.Forward(x, nil, c.option); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestEmptyModel(t *testing.T) {
	for _, m := range []*Model{nil, {}} {
		_, _, forward := m.Forward(zeros(0, 0, 0), nil)
		_, parse := m.ParseInputs(nil)
		_, open := m.OpenInputs("none")
		for _, err := range []error{forward, parse, open} {
			var invalid *Error
			if !errors.As(err, &invalid) || err.Error() != "model: empty, want one from Open or Parse" {
				t.Errorf("got %v", err)
			}
		}
	}
}

func TestConfigIsACopy(t *testing.T) {
	want := Config{InputSize: 3, HiddenSize: 2, NumLayers: 1, Bias: true}
	m, _ := randomModel(t, want, 0, 0)
	config := m.Config()
	config.HiddenSize = 100
	want.setDefaults()
	if got := m.Config(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestTraceIsReset: a reused trace holds the last call only, and one of a failed call is left alone.
func TestTraceIsReset(t *testing.T) {
	m, in := randomModel(t, Config{InputSize: 3, HiddenSize: 2, NumLayers: 2, Bias: true}, 4, 2)
	var trace Trace
	for range 2 {
		forward(t, m, in, nil, WithTrace(&trace))
		if len(trace) != 8 {
			t.Fatalf("%d tensors, want 8", len(trace))
		}
	}
	if _, _, err := m.Forward(nil, nil, WithTrace(&trace)); err == nil || len(trace) != 8 {
		t.Errorf("after a failure: %v, %d tensors", err, len(trace))
	}
}

func TestUnknownISA(t *testing.T) {
	for _, name := range []string{"sse9", "AVX2", "\"é\n\\"} {
		t.Setenv("LSTM_REF_ISA", name)
		_, err := ISA()
		var invalid *Error
		if !errors.As(err, &invalid) || invalid.Parameter != "LSTM_REF_ISA" || invalid.Got != `"`+name+`"` ||
			!slices.Contains([]string{"one of baseline", "one of baseline, avx2", "one of baseline, avx2, avx512"}, invalid.Want) {
			t.Errorf("got %v", err)
		}
	}
}
