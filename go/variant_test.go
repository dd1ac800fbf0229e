package lstmref

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// variants have every op and every option, alone and together.
var variants = []struct {
	name   string
	config Config
}{
	{"plain", Config{}},
	{"peephole", Config{Peephole: true}},
	{"input_forget", Config{InputForget: true}},
	{"clip", Config{Clip: 0.5}},
	{"proj_size", Config{ProjSize: 9}},
	{"everything", Config{ProjSize: 18, Peephole: true, InputForget: true, Clip: 0.75, GateActivation: named("hard_sigmoid"),
		CandidateActivation: Activation{"scaled_tanh", 0.5, 2}, OutputActivation: named("softsign")}},
	{"gru", Config{Op: GRU, ResetAfter: true}},
	{"gru_elu", Config{Op: GRU, ResetAfter: true, Clip: 2, CandidateActivation: Activation{"elu", -0.5, 0}}},
	{"reset_before", Config{Op: GRU}},
	{"rnn", Config{Op: RNN}},
	{"joint", Config{LayerNorm: "joint", NormEpsilon: 0.01}},
	{"gate", Config{LayerNorm: "gate", InputForget: true, Peephole: true}},
	{"separate", Config{LayerNorm: "separate", CellNorm: "state", Peephole: true}},
	{"cell_norm", Config{CellNorm: "output", ZoneoutC: 0.25}},
	{"hidden_norm", Config{HiddenNorm: true, ProjSize: 9, RecurrentDropout: 0.5}},
	{"random", Config{ProjSize: 18, RecurrentDropout: 0.25, CandidateDropout: 0.5, ZoneoutH: 0.125, ZoneoutC: 0.25, Dropout: 0.5}},
	{"everything_else", Config{LayerNorm: "joint", CellNorm: "state", HiddenNorm: true, NormEpsilon: 1, ProjSize: 9, Peephole: true,
		Clip: 3, RecurrentDropout: 0.5, CandidateDropout: 0.25, ZoneoutH: 0.25, ZoneoutC: 0.125, Dropout: 0.25}},
	{"gru_gate", Config{Op: GRU, ResetAfter: true, LayerNorm: "gate", HiddenNorm: true}},
	{"gru_separate", Config{Op: GRU, ResetAfter: true, LayerNorm: "separate", CandidateDropout: 0.25, Dropout: 0.5}},
	{"before_gate", Config{Op: GRU, LayerNorm: "gate", RecurrentDropout: 0.25, ZoneoutH: 0.5}},
	{"before_separate", Config{Op: GRU, LayerNorm: "separate", HiddenNorm: true, ZoneoutH: 0.25, RecurrentDropout: 0.5}},
	{"rnn_joint", Config{Op: RNN, LayerNorm: "joint", HiddenNorm: true}},
	{"rnn_separate", Config{Op: RNN, LayerNorm: "separate", RecurrentDropout: 0.5, ZoneoutH: 0.25, Dropout: 0.5}},
	{"rnn_relu", Config{Op: RNN, CandidateActivation: named("relu")}},
}

// sized is the configuration with these sizes.
func (c Config) sized(input, hidden, layers int) Config {
	c.InputSize, c.HiddenSize, c.NumLayers, c.Bias = input, hidden, layers, true
	return c
}

func eachVariant(t *testing.T, test func(t *testing.T, config Config)) {
	eachISA(t, func(t *testing.T) {
		for _, v := range variants {
			t.Run(v.name, func(t *testing.T) { test(t, v.config) })
		}
	})
}

func demandSameOutputs[F Float](t *testing.T, what string, gotY *TensorOf[F], gotState *StateOf[F], wantY *TensorOf[F], wantState *StateOf[F]) {
	t.Helper()
	want := outputs(wantY, wantState)
	for name, tensor := range outputs(gotY, gotState) {
		demandSame(t, what+": "+name, tensor.Data, want[name].Data)
	}
}

// rowsOf is some rows of a state.
func rowsOf[F Float](s *StateOf[F], first, last int) *StateOf[F] {
	part := &StateOf[F]{H: columns(s.H, first, last)}
	if s.C != nil {
		part.C = columns(s.C, first, last)
	}
	return part
}

// randomMasks are masks of any numbers; none where a configuration has none.
func randomMasks(t *testing.T, m *Model, steps, batch int) map[string]*Tensor {
	masks := map[string]*Tensor{}
	for _, mask := range masksOf[float32](&m.config, steps, batch) {
		masks[mask.name] = fill{Kind: "uniform"}.tensor(t, 3, mask.name, mask.shape...)
	}
	return masks
}

// rowsOfMasks is what masks have for some rows of a batch.
func rowsOfMasks(masks map[string]*Tensor, first, last int) map[string]*Tensor {
	part := map[string]*Tensor{}
	for name, mask := range masks {
		if len(mask.Shape) == 2 { // the same in all steps
			width := mask.Shape[1]
			part[name] = &Tensor{Shape: []int{last - first, width}, Data: mask.Data[first*width : last*width]}
		} else {
			part[name] = columns(mask, first, last)
		}
	}
	return part
}

// TestVariantsOfAllBatches: neither a split nor the other rows of a batch change anything, not in a trace either.
func TestVariantsOfAllBatches(t *testing.T) {
	eachVariant(t, func(t *testing.T, config Config) {
		for n, batch := range []int{1, 3, 7, 13, 30, maxRows + 1} {
			if isa, _ := ISA(); isa == "baseline" && batch > 13 {
				return // every number of rows is the same there
			}
			config := config.sized(5, 37, 2)
			config.Bidirectional = n%2 == 1
			m, in := randomModel(t, config, 9, batch)
			if n%3 != 0 {
				in.Lengths = make([]int, batch)
				for b := range in.Lengths {
					in.Lengths[b] = (b*5 + 4) % 10
				}
			}
			if n > 1 { // training, if there is anything to mask
				in.Masks = randomMasks(t, m, 9, batch)
			}
			var trace Trace
			y, state := forward(t, m, in, WithTrace(&trace))
			for _, split := range []split{{1, 1, 1}, splits[1+n], splits[5+n], {1, 2, 3}} {
				what := fmt.Sprintf("B = %d, split in %v", batch, split)
				var otherTrace Trace
				otherY, otherState := forward(t, m, in, with(split))
				demandSameOutputs(t, what, otherY, otherState, y, state)
				forward(t, m, in, with(split), WithTrace(&otherTrace))
				for k, tensor := range otherTrace {
					demandSame(t, what+": "+tensor.Name, tensor.Data, trace[k].Data)
				}
			}
			for b := 0; b < batch; b += 1 + batch/4 {
				row := &Inputs{X: columns(in.X, b, b+1), State: rowsOf(in.State, b, b+1), Masks: rowsOfMasks(in.Masks, b, b+1)}
				if in.Lengths != nil {
					row.Lengths = in.Lengths[b : b+1]
				}
				rowY, rowState := forward(t, m, row)
				demandSameOutputs(t, fmt.Sprint("row ", b), rowY, rowState, columns(y, b, b+1), rowsOf(state, b, b+1))
			}
		}
	})
}

// TestVariantsMayBeCut: sequences, and between a sequence and a stream.
func TestVariantsMayBeCut(t *testing.T) {
	eachVariant(t, func(t *testing.T, config Config) {
		const steps, inputs = 12, 5
		for _, batch := range []int{1, 4, 30} {
			if isa, _ := ISA(); isa == "baseline" && batch > 4 {
				return
			}
			m, in := randomModel(t, config.sized(inputs, 37, 3), steps, batch)
			y, state := forward(t, m, in)
			for _, cut := range []int{0, 1, 7, 12} {
				part := func(first, last int) *Tensor {
					return &Tensor{Shape: []int{last - first, batch, inputs}, Data: in.X.Data[first*batch*inputs : last*batch*inputs]}
				}
				y1, middle := forward(t, m, &Inputs{X: part(0, cut), State: in.State})
				y2, final := forward(t, m, &Inputs{X: part(cut, steps), State: middle})
				whole := &Tensor{Shape: y.Shape, Data: slices.Concat(y1.Data, y2.Data)}
				demandSameOutputs(t, fmt.Sprint("cut at ", cut), whole, final, y, state)

				s := newStream(t, m, batch, middle)
				demandSameOutputs(t, fmt.Sprint("a stream from ", cut), stepAll(t, s, part(cut, steps)), s.State(), y2, state)
			}
			s := newStream(t, m, batch, in.State)
			stepAll(t, s, in.X)
			if err := s.SetState(nil); err != nil {
				t.Fatal(err)
			}
			fromZero, _ := forward(t, m, &Inputs{X: in.X})
			demandSame(t, "a stream set to zero", stepAll(t, s, in.X).Data, fromZero.Data)
		}
	})
}

func TestVariantsAllocateNothing(t *testing.T) {
	eachVariant(t, func(t *testing.T, config Config) {
		for _, batch := range []int{1, 3, 40} {
			m, in := randomModel(t, config.sized(5, 37, 2), 1, batch)
			s := newStream(t, m, batch, in.State)
			outputs := m.config.OutputSize()
			y := make([]float32, batch*outputs)
			if allocations := testing.AllocsPerRun(5, func() { s.Step(y, in.X.Data) }); allocations != 0 {
				t.Errorf("batch %d: %v allocations a step", batch, allocations)
			}
		}
	})
}

func TestVariantErrors(t *testing.T) {
	gru, _ := randomModel(t, Config{Op: GRU}.sized(3, 2, 1), 0, 0)
	projected, _ := randomModel(t, Config{ProjSize: 2}.sized(3, 4, 1), 0, 0)
	x := zeros(4, 2, 3)
	for _, c := range []struct {
		m       *Model
		state   *State
		options []Option
		want    string
	}{
		{gru, &State{H: zeros(1, 2, 2), C: zeros(1, 2, 2)}, nil, "c_0: unexpected tensor, want only x, h_0, lengths"},
		{gru, &State{C: zeros(1, 2, 2)}, nil, "h_0: missing, want (L*D, B, H) = (1, 2, 2)"},
		{gru, &State{H: zeros(1, 2, 3)}, nil, "h_0: shape (1, 2, 3), want (L*D, B, H) = (1, 2, 2)"},
		{projected, &State{H: zeros(1, 2, 4), C: zeros(1, 2, 4)}, nil, "h_0: shape (1, 2, 4), want (L*D, B, R) = (1, 2, 2)"},
		{projected, &State{H: zeros(1, 2, 2), C: zeros(1, 2, 2)}, nil, "c_0: shape (1, 2, 2), want (L*D, B, H) = (1, 2, 4)"},
		{projected, nil, []Option{Output(zeros(4, 2, 4))}, "y: shape (4, 2, 4), want (T, B, D*R) = (4, 2, 2)"},
	} {
		_, _, err := c.m.Forward(x, c.state, c.options...)
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	s := newStream(t, projected, 2, nil)
	if err := s.Step(make([]float32, 8), make([]float32, 6)); err == nil || err.Error() != "y: 8 elements, want as many as its shape (2, 2)" {
		t.Errorf("got %v", err)
	}
	header := `{"x":{"dtype":"F32","shape":[0,0,3],"data_offsets":[0,0]},"c_0":{"dtype":"F32","shape":[1,0,2],"data_offsets":[0,0]}}`
	if _, err := gru.ParseInputs(fileOf(header)); err == nil || err.Error() != "c_0: unexpected tensor, want only x, h_0, lengths" {
		t.Errorf("got %v", err)
	}
}

// TestConfigs is check 6 of the options.
func TestConfigs(t *testing.T) {
	const plain = `"format_version":1,"op":"lstm","input_size":3,"hidden_size":4,"num_layers":1,"bias":true,"batch_first":false,"bidirectional":false`
	gru, rnn := `"op":"gru",`, `"op":"rnn",`
	const oneOf = "one of sigmoid, tanh, relu, leaky_relu, elu, hard_sigmoid, affine, scaled_tanh, softsign, softplus, thresholded_relu"
	const clip = ", want 0, or a number > 0 that is finite and not 0 in float32"
	for _, c := range []struct{ op, options, want string }{
		{"", `"proj_size":0`, ""}, {"", `"proj_size":3`, ""}, {"", `"proj_size":-0`, ""},
		{"", `"proj_size":4`, "config.proj_size: 4, want an integer from 0 to hidden_size - 1 = 3"},
		{"", `"proj_size":16777217`, "config.proj_size: 16777217, want 0, or an integer from 1 to 16777216"},
		{"", `"proj_size":-1`, "config.proj_size: -1, want 0, or an integer from 1 to 16777216"},
		{"", `"proj_size":1.0`, "config.proj_size: a number, want 0, or an integer from 1 to 16777216"},
		{"", `"proj_size":true`, "config.proj_size: true, want 0, or an integer from 1 to 16777216"},
		{"", `"proj_size":9,"clip":-1`, "config.clip: -1" + clip},
		{"", `"clip":-1,"peephole":1`, "config.peephole: 1, want true or false"},
		{"", `"input_forget":null`, "config.input_forget: null, want true or false"},
		{"", `"reset_after":true`, `config.reset_after: not for op "lstm", want no such key: an LSTM has no reset gate`},
		{"", `"clip":0`, ""}, {"", `"clip":-0.0`, ""}, {"", `"clip":1e-400`, ""}, {"", `"clip":1e-45`, ""}, {"", `"clip":3.4028235e38`, ""}, {"", `"clip":9007199254740991`, ""},
		{"", `"clip":1e-46`, "config.clip: a number" + clip},
		{"", `"clip":3.4028236e38`, "config.clip: a number" + clip},
		{"", `"clip":1e400`, "config.clip: a number" + clip},
		{"", `"clip":9007199254740992`, "config.clip: a number" + clip},
		{"", `"clip":"1.5"`, `config.clip: "1.5"` + clip},
		{"", `"clip":true`, "config.clip: true" + clip},
		{"", `"clip":[1.5]`, "config.clip: an array" + clip},
		{"", `"clip":{"a.b":1}`, "config.clip: an object" + clip},
		{"", `"clip":1,"clip":2`, "config.clip: duplicate key, want one"},
		{"", `"gate_activation":"elu"`, ""}, {"", `"output_activation":["hard_sigmoid",1,-2.5]`, ""}, {"", `"gate_activation":["tanh"]`, ""},
		{"", `"gate_activation":"Tanh"`, `config.gate_activation: "Tanh", want ` + oneOf},
		{"", `"gate_activation":3`, "config.gate_activation: 3, want a name, or an array of a name and its parameters"},
		{"", `"gate_activation":{}`, "config.gate_activation: an object, want a name, or an array of a name and its parameters"},
		{"", `"gate_activation":[]`, "config.gate_activation: an array, want a name, or an array of a name and its parameters"},
		{"", `"gate_activation":[1]`, "config.gate_activation[0]: 1, want " + oneOf},
		{"", `"gate_activation":["none"]`, `config.gate_activation[0]: "none", want ` + oneOf},
		{"", `"gate_activation":["elu"]`, "config.gate_activation: 0 parameters, want 1 for elu"},
		{"", `"candidate_activation":["affine",1]`, "config.candidate_activation: 1 parameters, want 2 for affine"},
		{"", `"candidate_activation":["tanh",1]`, "config.candidate_activation: 1 parameters, want 0 for tanh"},
		{"", `"candidate_activation":["affine",1,"2"]`, `config.candidate_activation[2]: "2", want a number that is finite in float32`},
		{"", `"candidate_activation":["affine",1e39,2]`, "config.candidate_activation[1]: a number, want a number that is finite in float32"},
		{gru, `"reset_after":false`, ""},
		{gru, `"proj_size":0`, `config.proj_size: not for op "gru", want no such key: only an LSTM is projected, as in PyTorch`},
		{gru, `"peephole":false`, `config.peephole: not for op "gru", want no such key: a GRU has no cell state to look at`},
		{gru, `"input_forget":7`, `config.input_forget: not for op "gru", want no such key: the gates of a GRU are coupled as it is`},
		{gru, `"output_activation":"tanh"`, `config.output_activation: not for op "gru", want no such key: the output of a GRU is its state`},
		{rnn, `"candidate_activation":"relu"`, ""},
		{rnn, `"proj_size":0`, `config.proj_size: not for op "rnn", want no such key: only an LSTM is projected, as in PyTorch`},
		{rnn, `"peephole":false`, `config.peephole: not for op "rnn", want no such key: a plain RNN has no cell state to look at`},
		{rnn, `"input_forget":false`, `config.input_forget: not for op "rnn", want no such key: a plain RNN has no gates`},
		{rnn, `"reset_after":false`, `config.reset_after: not for op "rnn", want no such key: a plain RNN has no gates`},
		{rnn, `"gate_activation":"sigmoid"`, `config.gate_activation: not for op "rnn", want no such key: a plain RNN has no gates`},
		{rnn, `"output_activation":"tanh"`, `config.output_activation: not for op "rnn", want no such key: the output of a plain RNN is its state`},
		{gru, `"cell_norm":"none"`, `config.cell_norm: not for op "gru", want no such key: a GRU has no cell state to normalise`},
		{gru, `"zoneout_c":0`, `config.zoneout_c: not for op "gru", want no such key: a GRU has no cell state to keep`},
		{rnn, `"cell_norm":"none"`, `config.cell_norm: not for op "rnn", want no such key: a plain RNN has no cell state to normalise`},
		{rnn, `"candidate_dropout":0`, `config.candidate_dropout: not for op "rnn", want no such key: the candidate of a plain RNN is its state`},
		{rnn, `"zoneout_c":0`, `config.zoneout_c: not for op "rnn", want no such key: a plain RNN has no cell state to keep`},
		{"", `"layer_norm":"joint","norm_epsilon":1e-3`, ""}, {gru, `"layer_norm":"gate"`, ""}, {rnn, `"layer_norm":"separate"`, ""},
		{"", `"layer_norm":"batch"`, `config.layer_norm: "batch", want "none", "joint", "gate" or "separate"`},
		{"", `"layer_norm":true`, `config.layer_norm: true, want "none", "joint", "gate" or "separate"`},
		{gru, `"layer_norm":"joint"`, `config.layer_norm: "joint", want "none", "gate" or "separate": the candidate of a GRU waits for its reset gate`},
		{rnn, `"layer_norm":"gate"`, `config.layer_norm: "gate", want "none", "joint" or "separate": a plain RNN has no gates`},
		{"", `"input_forget":true,"layer_norm":"separate"`, `config.layer_norm: "separate", want "none" or "gate": coupled gates have no forget gate to normalise`},
		{"", `"input_forget":true,"layer_norm":"gate"`, ""},
		{"", `"cell_norm":"state"`, ""}, {"", `"cell_norm":"output","norm_epsilon":1`, ""},
		{"", `"cell_norm":"joint"`, `config.cell_norm: "joint", want "none", "output" or "state"`},
		{"", `"hidden_norm":1`, "config.hidden_norm: 1, want true or false"},
		{"", `"hidden_norm":true,"norm_epsilon":1e-45`, ""},
		{"", `"hidden_norm":true,"norm_epsilon":1e-46`, "config.norm_epsilon: a number, want a number > 0 that is finite and not 0 in float32"},
		{"", `"hidden_norm":true,"norm_epsilon":0`, "config.norm_epsilon: 0, want a number > 0 that is finite and not 0 in float32"},
		{"", `"norm_epsilon":0.00001`, ""},
		{"", `"norm_epsilon":0.0001`, "config.norm_epsilon: a number, want 1e-05: nothing is normalised"},
		{"", `"norm_epsilon":1`, "config.norm_epsilon: a number, want 1e-05: nothing is normalised"},
		{"", `"zoneout_h":0,"zoneout_c":-0.0,"recurrent_dropout":0.99999994`, ""},
		{"", `"zoneout_h":0.99999999`, "config.zoneout_h: a number, want a number from 0 to less than 1 in float32"},
		{"", `"zoneout_c":-1`, "config.zoneout_c: -1, want a number from 0 to less than 1 in float32"},
		{"", `"candidate_dropout":"0.5"`, `config.candidate_dropout: "0.5", want a number from 0 to less than 1 in float32`},
		{"", `"dropout":0`, ""},
		{"", `"dropout":0.5`, "config.dropout: a number, want 0: nothing is between the layers of one"},
		{`"op":"tcn",`, `"clip":-1`, `config.op: "tcn", want "lstm", "gru" or "rnn"`},
		{"", `"clips":1`, "config.clips: unexpected key, want only format_version, op, input_size, hidden_size, num_layers, bias, batch_first, bidirectional, proj_size, peephole, input_forget, reset_after, clip, gate_activation, candidate_activation, output_activation, layer_norm, cell_norm, hidden_norm, norm_epsilon, recurrent_dropout, candidate_dropout, zoneout_h, zoneout_c, dropout, dtype"},
	} {
		text := "{" + plain + "," + c.options + "}"
		if c.op != "" {
			text = "{" + c.op + plain[len(`"format_version":1,"op":"lstm",`):] + `,"format_version":1,` + c.options + "}"
		}
		if !json.Valid([]byte(text)) {
			t.Fatal(text)
		}
		_, err := readConfig(map[string]string{"lstm_ref": text})
		var invalid *Error
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &invalid) || err.Error() != c.want) {
			t.Errorf("%s: got %v, want %s", text, err, c.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	gru, err := readConfig(map[string]string{"lstm_ref": configText(Config{Op: GRU, Clip: 0.25, ResetAfter: true}.sized(3, 4, 1))})
	want := Config{Op: GRU}.sized(3, 4, 1)
	want.setDefaults()
	want.Clip = 0.25
	if err != nil || *gru != want {
		t.Errorf("got %+v and %v, want %+v", gru, err, want)
	}
	if elu := named("hard_sigmoid"); elu != (Activation{"hard_sigmoid", 0.2, 0.5}) {
		t.Errorf("got %v", elu)
	}
}

// TestVariantTensors is checks 7 and 8 of each variant's tensors: one missing, one of another shape, and one too many.
func TestVariantTensors(t *testing.T) {
	for _, v := range variants {
		config := v.config.sized(3, 37, 2)
		var tensors []NamedTensor
		for layer := range 2 {
			for _, want := range expectedTensors(&config, layer, 0) {
				tensors = append(tensors, NamedTensor{want.name, zeros(want.shape...)})
			}
		}
		demand := func(want string, tensors []NamedTensor) {
			t.Helper()
			if _, err := Parse(modelFile(configText(config), tensors...)); fmt.Sprint(err) != want {
				t.Errorf("%s: got %v, want %s", v.name, err, want)
			}
		}
		demand("<nil>", tensors)
		for n, tensor := range tensors {
			want := expectedTensors(&config, n/(len(tensors)/2), 0)[n%(len(tensors)/2)]
			demand(tensor.Name+": missing, want "+want.String(), slices.Delete(slices.Clone(tensors), n, n+1))
			other := slices.Clone(tensors)
			other[n].Tensor = zeros(5)
			demand(tensor.Name+": shape (5,), want "+want.String(), other)
		}
		demand("weight_hr_l2: unexpected tensor, want only the tensors of the configuration", append(slices.Clone(tensors), NamedTensor{"weight_hr_l2", zeros(1)}))
	}
}

func TestShapesOfVariants(t *testing.T) {
	for want, config := range map[string]Config{
		"weight_ih_l1 (4*H, D*R) = (16, 2), weight_hh_l1 (4*H, R) = (16, 2), weight_hr_l1 (R, H) = (2, 4), weight_peephole_l1 (3*H,) = (12,), ": {ProjSize: 2, Peephole: true},
		"weight_ih_l1 (3*H, D*H) = (12, 4), weight_hh_l1 (3*H, H) = (12, 4), ":                                                                  {Op: GRU},
		"weight_ih_l1 (H, D*H) = (4, 4), weight_hh_l1 (H, H) = (4, 4), ":                                                                        {Op: RNN},
	} {
		config = config.sized(3, 4, 2)
		config.Bias = false
		got := ""
		for _, tensor := range expectedTensors(&config, 1, 0) {
			got += tensor.name + " " + tensor.String() + ", "
		}
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
