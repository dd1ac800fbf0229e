package lstmref

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lstm-ref/lstm_ref/go/internal/strictjson"
)

const maxSize = 1 << 24

// Config decides the shapes of a model (spec/lstm.md section 1). The fields are those of torch.nn.LSTM.
type Config struct {
	InputSize     int // I
	HiddenSize    int // H
	NumLayers     int // L
	Bias          bool
	BatchFirst    bool
	Bidirectional bool
}

// configKeys are the members of a configuration, all required (spec/model-file.md F2).
var configKeys = []string{
	"format_version", "op", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "bidirectional",
}

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
	return c.directions() * c.HiddenSize, "D*H"
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
		if !slices.Contains(configKeys, member.Key) {
			return nil, invalid("config."+member.Key, "only "+strings.Join(configKeys, ", "), "unexpected key")
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
			want, valid = `"lstm"`, value != nil && value.String() == `"lstm"`
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
	return config, nil
}

func integer(value strictjson.Value) (int64, bool) {
	if value == nil {
		return 0, false
	}
	return value.Integer()
}
