// Command runner computes cases on request, one JSON object a line on standard input and output (spec/runner.md).
package main

import (
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

	lstmref "github.com/lstm-ref/lstm_ref/go"
	"github.com/lstm-ref/lstm_ref/go/internal/requests"
)

func main() {
	if err := requests.Serve(os.Stdin, os.Stdout, answer); err != nil {
		log.Fatal(err)
	}
}

type started struct {
	Version               int      `json:"version"`
	Name                  string   `json:"name"`
	Implementation        string   `json:"implementation"`
	ImplementationVersion string   `json:"implementation_version"`
	Language              string   `json:"language"`
	Operations            []string `json:"operations"`
	Options               []string `json:"options"`
	Dtypes                []string `json:"dtypes"`
	Claim                 string   `json:"claim"`
	Trace                 bool     `json:"trace"`
}

type computed struct {
	Seq     int64  `json:"seq"`
	Outputs string `json:"outputs"`
}

type stopped struct {
	Stopped bool `json:"stopped"`
}

func answer(r requests.Request) (response any, stop bool, err error) {
	command, err := r.Choice("cmd", "start, run or stop", "start", "run", "stop")
	switch command {
	case "start":
		response, err = start(r)
	case "run":
		response, err = run(r)
	case "stop":
		return stopped{true}, true, nil
	}
	return response, false, err
}

func start(r requests.Request) (any, error) {
	version, err := r.Integer("version")
	if err != nil {
		return nil, err
	}
	if version != 1 {
		return nil, &lstmref.Error{Parameter: "request.version", Got: fmt.Sprint(version), Want: "1"}
	}
	isa, err := lstmref.ISA()
	if err != nil {
		return nil, err
	}
	return started{
		Version: 1, Name: "lstm_ref Go", Implementation: "go-" + strings.Replace(isa, "baseline", "pure", 1),
		ImplementationVersion: lstmref.Version, Language: "Go", Operations: lstmref.Operations(),
		Options: lstmref.ConfigOptions(), Dtypes: lstmref.Dtypes(),
		Claim: "bit-exact", Trace: true,
	}, nil
}

func run(r requests.Request) (any, error) {
	seq, err := r.Integer("seq")
	if err != nil {
		return nil, err
	}
	text := map[string]string{}
	for _, key := range []string{"case", "op", "model", "inputs", "outputs"} {
		if text[key], err = r.Text(key); err != nil {
			return nil, err
		}
	}
	trace, err := r.Flag("trace")
	if err != nil {
		return nil, err
	}
	if operations := lstmref.Operations(); !slices.Contains(operations, text["op"]) {
		return nil, wrongOp(text["op"], "one of "+strings.Join(operations, ", "))
	}
	config, err := lstmref.ReadConfig(text["model"])
	if err != nil {
		return nil, err
	}
	computeCase := compute[float32]
	if config.Dtype == lstmref.Float64 {
		computeCase = compute[float64]
	}
	if err := computeCase(text["op"], text["model"], text["inputs"], text["outputs"], trace); err != nil {
		return nil, err
	}
	return computed{seq, text["outputs"]}, nil
}

func wrongOp(got, want string) error {
	return &lstmref.Error{Parameter: "request.op", Got: `"` + got + `"`, Want: want}
}

func compute[F lstmref.Float](op, model, inputs, outputs string, trace bool) error {
	m, err := lstmref.OpenAs[F](model)
	if err != nil {
		return err
	}
	if is := m.Config().Op.String(); op != is {
		return wrongOp(op, `"`+is+`", the op of the model`)
	}
	in, err := m.OpenInputs(inputs)
	if err != nil {
		return err
	}
	options := in.Options()
	var steps lstmref.TraceOf[F]
	if trace {
		options = append(options, lstmref.WithTrace(&steps))
	}
	y, state, err := m.Forward(in.X, in.State, options...)
	if err != nil {
		return err
	}
	tensors := []lstmref.NamedTensorOf[F]{{Name: "y", Tensor: y}, {Name: "h_n", Tensor: state.H}}
	if state.C != nil {
		tensors = append(tensors, lstmref.NamedTensorOf[F]{Name: "c_n", Tensor: state.C})
	}
	return lstmref.WriteTensorsAs(outputs, append(tensors, steps...)...)
}
