package lstmref

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
	"github.com/lstm-ref/lstm_ref/go/internal/strictjson"
)

// Activation is a function by its name in spec/variants.md, section 3, and its parameters, 0 where it has none.
type Activation struct {
	Name        string
	Alpha, Beta float32
}

// activationDefaults are those of alpha and beta.
var activationDefaults = map[string][]float32{
	"leaky_relu": {0.01}, "elu": {1}, "hard_sigmoid": {0.2, 0.5}, "affine": {1, 0}, "scaled_tanh": {1, 1}, "thresholded_relu": {1},
}

// named is the function of that name with the default parameters.
func named(name string) Activation { return Activation{name, 0, 0}.with(activationDefaults[name]) }

func (a Activation) with(parameters []float32) Activation {
	for n, value := range parameters {
		*[]*float32{&a.Alpha, &a.Beta}[n] = value
	}
	return a
}

// readActivation is a name, or an array of a name and its parameters.
func readActivation(parameter string, value strictjson.Value) (Activation, error) {
	oneOf := "one of " + strings.Join(kernel.ActivationNames, ", ")
	isName := func(name string, ok bool) bool { return ok && slices.Contains(kernel.ActivationNames, name) }
	if name, ok := value.Text(); ok {
		if !isName(name, ok) {
			return Activation{}, invalid(parameter, oneOf, "%s", value)
		}
		return named(name), nil
	}
	items, ok := value.Items()
	if !ok || len(items) == 0 {
		return Activation{}, invalid(parameter, "a name, or an array of a name and its parameters", "%s", value)
	}
	name, ok := items[0].Text()
	if !isName(name, ok) {
		return Activation{}, invalid(parameter+"[0]", oneOf, "%s", items[0])
	}
	items = items[1:]
	if want := len(activationDefaults[name]); len(items) != want {
		return Activation{}, invalid(parameter, fmt.Sprintf("%d for %s", want, name), "%d parameters", len(items))
	}
	var parameters []float32
	for n, item := range items {
		rounded, _, ok := number(item)
		if !ok {
			return Activation{}, invalid(fmt.Sprintf("%s[%d]", parameter, n+1), "a number that is finite in float32", "%s", item)
		}
		parameters = append(parameters, rounded)
	}
	return Activation{Name: name}.with(parameters), nil
}
