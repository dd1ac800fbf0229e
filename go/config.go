package lstmref

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
	"github.com/lstm-ref/lstm_ref/go/internal/strictjson"
)

const maxSize = 1 << 24

// Op is the kind of cell.
type Op int

const (
	LSTM Op = iota
	GRU
	RNN
)

func (op Op) String() string { return ops[op].name }

// Dtype is what weights are stored and computed in.
type Dtype int

const (
	Float32  Dtype = iota
	Float64        // ModelOf[float64]
	BFloat16       // weight matrices are stored so, and all is computed in float32
)

func (d Dtype) String() string { return dtypes[d].name }

// dtypes: matrix and vector are the file's dtypes of tensors of rank 2 and 1.
var dtypes = []struct{ name, matrix, vector string }{
	{"float32", "F32", "F32"}, {"float64", "F64", "F64"}, {"bfloat16", "BF16", "F32"},
}

// Dtypes are the names of the dtypes.
func Dtypes() []string {
	var names []string
	for _, dtype := range dtypes {
		names = append(names, dtype.name)
	}
	return names
}

// ops: gates are the pre-activations that rows of weight_ih are for; lacks tells why an op does not have an option
// (spec/variants.md, section 2).
var ops = []struct {
	name  string
	gates int
	lacks map[string]string
}{
	{"lstm", 4, map[string]string{
		"reset_after": "an LSTM has no reset gate",
	}},
	{"gru", 3, map[string]string{
		"proj_size":         "only an LSTM is projected, as in PyTorch",
		"peephole":          "a GRU has no cell state to look at",
		"input_forget":      "the gates of a GRU are coupled as it is",
		"output_activation": "the output of a GRU is its state",
		"cell_norm":         "a GRU has no cell state to normalise",
		"zoneout_c":         "a GRU has no cell state to keep",
	}},
	{"rnn", 1, map[string]string{
		"proj_size":         "only an LSTM is projected, as in PyTorch",
		"peephole":          "a plain RNN has no cell state to look at",
		"input_forget":      "a plain RNN has no gates",
		"reset_after":       "a plain RNN has no gates",
		"gate_activation":   "a plain RNN has no gates",
		"output_activation": "the output of a plain RNN is its state",
		"cell_norm":         "a plain RNN has no cell state to normalise",
		"candidate_dropout": "the candidate of a plain RNN is its state",
		"zoneout_c":         "a plain RNN has no cell state to keep",
	}},
}

// Operations are the names of the ops.
func Operations() []string {
	var names []string
	for _, op := range ops {
		names = append(names, op.name)
	}
	return names
}

// ConfigOptions are the keys of a configuration that only some ops have.
func ConfigOptions() []string { return slices.Clone(variantKeys) }

// Config decides the shapes of a model (spec/lstm.md section 1) and its cell (spec/variants.md). The first fields are those
// of torch.nn.LSTM.
type Config struct {
	InputSize     int // I
	HiddenSize    int // H
	NumLayers     int // L
	Bias          bool
	BatchFirst    bool
	Bidirectional bool

	Op                  Op
	ProjSize            int     // R; 0: h has size H
	Peephole            bool    // LSTM
	InputForget         bool    // LSTM
	ResetAfter          bool    // GRU
	Clip                float32 // of what activations are applied to; 0: none
	GateActivation      Activation
	CandidateActivation Activation
	OutputActivation    Activation

	LayerNorm   string  // of z: "none", "joint", "gate" or "separate"
	CellNorm    string  // of c: "none", "output" or "state"; LSTM
	HiddenNorm  bool    // of h
	NormEpsilon float32 // of all three

	RecurrentDropout float32 // rates: the parts of the values that are dropped or kept (spec/variants.md, section 8)
	CandidateDropout float32 // LSTM, GRU
	ZoneoutH         float32
	ZoneoutC         float32 // LSTM
	Dropout          float32 // between layers

	Dtype Dtype
}

// configKeys are the members of a configuration that all have, optionKeys the others (spec/model-file.md F2); of these
// variantKeys make another cell of it.
var (
	configKeys = []string{
		"format_version", "op", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "bidirectional",
	}
	variantKeys = []string{
		"proj_size", "peephole", "input_forget", "reset_after", "clip", "gate_activation", "candidate_activation", "output_activation",
		"layer_norm", "cell_norm", "hidden_norm", "norm_epsilon",
		"recurrent_dropout", "candidate_dropout", "zoneout_h", "zoneout_c", "dropout",
	}
	optionKeys = append(slices.Clone(variantKeys), "dtype")
)

const normEpsilon = 1e-5 // the default

// directions is D.
func (c *Config) directions() int {
	if c.Bidirectional {
		return 2
	}
	return 1
}

// inputs is I_l and its symbol.
func (c *Config) inputs(layer int) (int, string) {
	if layer == 0 {
		return c.InputSize, "I"
	}
	size, letter := c.OutputSize(), c.outputSymbol()
	return c.directions() * size, "D*" + letter
}

// OutputSize is R, the size of h: H without a projection.
func (c Config) OutputSize() int { return cmp.Or(c.ProjSize, c.HiddenSize) }

// outputSymbol is that of OutputSize in shapes.
func (c *Config) outputSymbol() string {
	if c.ProjSize > 0 {
		return "R"
	}
	return "H"
}

// columns is how many pre-activations a unit has.
func (c *Config) columns() int {
	if c.ResetAfter {
		return 4 // r, u, n_x, n_h
	}
	return ops[c.Op].gates
}

// hasC tells whether c is carried from step to step, beside h.
func (c *Config) hasC() bool { return c.Op == LSTM }

// isPlain tells whether the cell is the LSTM without options.
func (c *Config) isPlain() bool {
	plain := *c
	plain.setDefaults()
	plain.Dropout = c.Dropout // is between the cells
	return c.Op == LSTM && *c == plain
}

// isRandom tells whether a run may be given a seed or masks.
func (c *Config) isRandom() bool {
	return slices.ContainsFunc([]float32{c.RecurrentDropout, c.CandidateDropout, c.ZoneoutH, c.ZoneoutC, c.Dropout}, isChosen)
}

// isChosen tells whether a rate is not 0, by its bits: a thread that flushes subnormals would take them for 0.
func isChosen(rate float32) bool { return math.Float32bits(rate) != 0 }

// normalisesZ and normalisesC tell whether that is normalised.
func (c *Config) normalisesZ() bool {
	return c.LayerNorm == "joint" || c.LayerNorm == "gate" || c.LayerNorm == "separate"
}
func (c *Config) normalisesC() bool { return c.CellNorm == "output" || c.CellNorm == "state" }

// setDefaults leaves nothing chosen.
func (c *Config) setDefaults() {
	c.ProjSize, c.Peephole, c.InputForget, c.ResetAfter, c.Clip = 0, false, false, c.Op == GRU, 0
	c.GateActivation, c.CandidateActivation, c.OutputActivation = named("sigmoid"), named("tanh"), named("tanh")
	c.LayerNorm, c.CellNorm, c.HiddenNorm, c.NormEpsilon = "none", "none", false, normEpsilon
	c.RecurrentDropout, c.CandidateDropout, c.ZoneoutH, c.ZoneoutC, c.Dropout = 0, 0, 0, 0, 0
}

// axes are those of x.
func (c *Config) axes() string {
	if c.BatchFirst {
		return "(B, T, I)"
	}
	return "(T, B, I)"
}

// suffix ends the names of a layer's and direction's tensors.
func suffix(layer, direction int) string {
	return fmt.Sprintf("l%d%s", layer, []string{"", "_reverse"}[direction])
}

// readConfig makes checks 5 and 6 of spec/model-file.md on the metadata of a model file.
func readConfig(metadata map[string]string) (*Config, error) {
	defer kernel.EnterDefault().Leave() // the numbers do not depend on the thread's setting
	text, ok := metadata["lstm_ref"]
	if !ok {
		return nil, invalid("__metadata__", "the configuration under that key", "no key lstm_ref") // check 5
	}
	object, ok := strictjson.Object([]byte(text))
	if !ok {
		return nil, invalid("config", "a JSON object", "invalid JSON")
	}
	members, _ := object.Members()
	values := map[string]strictjson.Value{}
	for _, member := range members { // check 6
		if _, seen := values[member.Key]; seen {
			return nil, invalid("config."+member.Key, "one", "duplicate key")
		}
		if !slices.Contains(configKeys, member.Key) && !slices.Contains(optionKeys, member.Key) {
			return nil, invalid("config."+member.Key, "only "+strings.Join(slices.Concat(configKeys, optionKeys), ", "), "unexpected key")
		}
		values[member.Key] = member.Value
	}

	config := &Config{}
	sizes := map[string]*int{"input_size": &config.InputSize, "hidden_size": &config.HiddenSize, "num_layers": &config.NumLayers}
	flags := map[string]*bool{"bias": &config.Bias, "batch_first": &config.BatchFirst, "bidirectional": &config.Bidirectional}
	for _, key := range configKeys {
		value := values[key]
		var want string
		var valid bool
		switch {
		case key == "format_version":
			n, ok := integer(value)
			want, valid = "1", ok && n == 1
		case key == "op":
			want = `"lstm", "gru" or "rnn"`
			for op := range ops {
				if value != nil && value.String() == `"`+ops[op].name+`"` {
					config.Op, valid = Op(op), true
				}
			}
		case sizes[key] != nil:
			n, ok := integer(value)
			want, valid = fmt.Sprintf("an integer from 1 to %d", maxSize), ok && 1 <= n && n <= maxSize
			*sizes[key] = int(n)
		default:
			want = "true or false"
			if value != nil {
				*flags[key], valid = value.Bool()
			}
		}
		if value == nil {
			return nil, invalid("config."+key, want, "missing")
		}
		if !valid {
			return nil, invalid("config."+key, want, "%s", value)
		}
	}
	config.setDefaults()
	for _, key := range optionKeys {
		if value := values[key]; value != nil {
			if err := config.setOption(key, value); err != nil {
				return nil, err
			}
		}
	}
	if config.ProjSize >= config.HiddenSize {
		want := fmt.Sprintf("an integer from 0 to hidden_size - 1 = %d", config.HiddenSize-1)
		return nil, invalid("config.proj_size", want, "%d", config.ProjSize)
	}
	for _, refused := range refusals {
		if refused.concerns(config) {
			got := "a number" // whatever it was written as
			if text, ok := values[refused.option].Text(); ok {
				got = `"` + text + `"`
			}
			return nil, invalid("config."+refused.option, refused.want+": "+refused.reason, "%s", got)
		}
	}
	return config, nil
}

// refusals are values of options that make no sense together with something else, in the order of the second table of
// spec/variants.md, section 2.
var refusals = []struct {
	option       string
	concerns     func(c *Config) bool
	want, reason string
}{
	{"layer_norm", func(c *Config) bool { return c.Op == GRU && c.LayerNorm == "joint" },
		`"none", "gate" or "separate"`, "the candidate of a GRU waits for its reset gate"},
	{"layer_norm", func(c *Config) bool { return c.Op == RNN && c.LayerNorm == "gate" },
		`"none", "joint" or "separate"`, "a plain RNN has no gates"},
	{"layer_norm", func(c *Config) bool { return c.InputForget && (c.LayerNorm == "joint" || c.LayerNorm == "separate") },
		`"none" or "gate"`, "coupled gates have no forget gate to normalise"},
	{"norm_epsilon", func(c *Config) bool {
		return c.NormEpsilon != normEpsilon && !c.normalisesZ() && !c.normalisesC() && !c.HiddenNorm
	},
		"1e-05", "nothing is normalised"},
	{"dropout", func(c *Config) bool { return c.Dropout > 0 && c.NumLayers == 1 },
		"0", "nothing is between the layers of one"},
}

// setOption makes check 6 on one option.
func (c *Config) setOption(key string, value strictjson.Value) (err error) {
	parameter := "config." + key
	if reason, lacks := ops[c.Op].lacks[key]; lacks {
		return invalid(parameter, "no such key: "+reason, `not for op "%s"`, c.Op)
	}
	var want string
	var valid bool
	switch key {
	case "proj_size":
		n, ok := value.Integer()
		want, valid = fmt.Sprintf("0, or an integer from 1 to %d", maxSize), ok && 0 <= n && n <= maxSize
		c.ProjSize = int(n)
	case "peephole", "input_forget", "reset_after", "hidden_norm":
		flag := map[string]*bool{
			"peephole": &c.Peephole, "input_forget": &c.InputForget, "reset_after": &c.ResetAfter, "hidden_norm": &c.HiddenNorm,
		}[key]
		want = "true or false"
		*flag, valid = value.Bool()
	case "clip":
		want = "0, or a number > 0 that is finite and not 0 in float32"
		var exact float64
		c.Clip, exact, valid = number(value)
		valid = valid && (c.Clip > 0 || exact == 0)
		c.Clip += 0 // of -0
	case "layer_norm":
		want = `"none", "joint", "gate" or "separate"`
		c.LayerNorm, valid = value.Text()
		valid = valid && slices.Contains([]string{"none", "joint", "gate", "separate"}, c.LayerNorm)
	case "cell_norm":
		want = `"none", "output" or "state"`
		c.CellNorm, valid = value.Text()
		valid = valid && slices.Contains([]string{"none", "output", "state"}, c.CellNorm)
	case "norm_epsilon":
		want = "a number > 0 that is finite and not 0 in float32"
		c.NormEpsilon, _, valid = number(value)
		valid = valid && c.NormEpsilon > 0
	case "recurrent_dropout", "candidate_dropout", "zoneout_h", "zoneout_c", "dropout":
		rate := map[string]*float32{
			"recurrent_dropout": &c.RecurrentDropout, "candidate_dropout": &c.CandidateDropout,
			"zoneout_h": &c.ZoneoutH, "zoneout_c": &c.ZoneoutC, "dropout": &c.Dropout,
		}[key]
		want = "a number from 0 to less than 1 in float32"
		*rate, _, valid = number(value)
		valid = valid && 0 <= *rate && *rate < 1
		*rate += 0 // of -0
	case "dtype":
		want = `"float32", "float64" or "bfloat16"`
		text, _ := value.Text()
		n := slices.Index(Dtypes(), text)
		c.Dtype, valid = Dtype(max(n, 0)), n >= 0
	default:
		place := map[string]*Activation{
			"gate_activation": &c.GateActivation, "candidate_activation": &c.CandidateActivation, "output_activation": &c.OutputActivation,
		}[key]
		*place, err = readActivation(parameter, value)
		return err
	}
	if !valid {
		return invalid(parameter, want, "%s", value)
	}
	return nil
}

// number is a number, rounded to float64 and then to float32, where it must be finite; exact is the former.
func number(value strictjson.Value) (rounded float32, exact float64, ok bool) {
	exact, ok = value.Number()
	rounded = float32(exact)
	return rounded, exact, ok && !math.IsInf(float64(rounded), 0)
}

func integer(value strictjson.Value) (int64, bool) {
	if value == nil {
		return 0, false
	}
	return value.Integer()
}
