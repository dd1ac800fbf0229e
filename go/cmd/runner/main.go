// Command runner computes cases on request, one JSON object a line on standard input and output (spec/runner.md).
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	lstmref "github.com/lstm-ref/lstm_ref/go"
	"github.com/lstm-ref/lstm_ref/go/internal/strictjson"
)

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// serve answers every line until a stop request or the end of the input.
func serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && len(line) == 0 {
			if err == io.EOF {
				return nil
			}
			return err
		}
		response, stop := answer(bytes.TrimSuffix(line, []byte("\n")))
		var text bytes.Buffer
		encoder := json.NewEncoder(&text) // writes a line
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(response); err != nil {
			return err
		}
		if _, err := out.Write(text.Bytes()); err != nil || stop {
			return err
		}
	}
}

type started struct {
	Version               int      `json:"version"`
	Name                  string   `json:"name"`
	Implementation        string   `json:"implementation"`
	ImplementationVersion string   `json:"implementation_version"`
	Language              string   `json:"language"`
	Operations            []string `json:"operations"`
	Dtypes                []string `json:"dtypes"`
	Claim                 string   `json:"claim"`
	Trace                 bool     `json:"trace"`
}

type computed struct {
	Seq     int64  `json:"seq"`
	Outputs string `json:"outputs"`
}

type failed struct {
	Seq   *int64 `json:"seq,omitempty"`
	Error string `json:"error"`
}

type stopped struct {
	Stopped bool `json:"stopped"`
}

// answer carries out one request.
func answer(line []byte) (response any, stop bool) {
	request, err := parse(line)
	if err == nil {
		var command string
		if command, err = request.command(); err == nil {
			switch command {
			case "start":
				response, err = start(request)
			case "run":
				response, err = run(request)
			case "stop":
				return stopped{true}, true
			}
		}
	}
	if err != nil {
		return failed{request.seq(), message(err)}, false
	}
	return response, false
}

// message leaves out the path that the error's wrapper puts in front.
func message(err error) string {
	var invalid *lstmref.Error
	if errors.As(err, &invalid) {
		return invalid.Error()
	}
	return err.Error()
}

func start(r request) (any, error) {
	version, err := r.integer("version")
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
		ImplementationVersion: lstmref.Version, Language: "Go", Operations: []string{"lstm"}, Dtypes: []string{"float32"},
		Claim: "bit-exact", Trace: true,
	}, nil
}

func run(r request) (response any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the runner failed: %v", cause)
		}
	}()
	seq, err := r.integer("seq")
	if err != nil {
		return nil, err
	}
	text := map[string]string{}
	for _, key := range []string{"case", "op", "model", "inputs", "outputs"} {
		if text[key], err = r.text(key); err != nil {
			return nil, err
		}
	}
	trace, err := r.flag("trace")
	if err != nil {
		return nil, err
	}
	if text["op"] != "lstm" {
		return nil, &lstmref.Error{Parameter: "request.op", Got: `"` + text["op"] + `"`, Want: "one of lstm"}
	}
	if err := compute(text["model"], text["inputs"], text["outputs"], trace); err != nil {
		return nil, err
	}
	return computed{seq, text["outputs"]}, nil
}

func compute(model, inputs, outputs string, trace bool) error {
	m, err := lstmref.Open(model)
	if err != nil {
		return err
	}
	in, err := m.OpenInputs(inputs)
	if err != nil {
		return err
	}
	options := []lstmref.Option{lstmref.Lengths(in.Lengths)}
	var steps lstmref.Trace
	if trace {
		options = append(options, lstmref.WithTrace(&steps))
	}
	y, state, err := m.Forward(in.X, in.State, options...)
	if err != nil {
		return err
	}
	tensors := []lstmref.NamedTensor{{Name: "y", Tensor: y}, {Name: "h_n", Tensor: state.H}, {Name: "c_n", Tensor: state.C}}
	return lstmref.WriteTensors(outputs, append(tensors, steps...)...)
}

// request is the members of a request; of repeated ones the last.
type request map[string]strictjson.Value

func parse(line []byte) (request, error) {
	object, ok := strictjson.Object(line)
	if !ok {
		return nil, &lstmref.Error{Parameter: "request", Got: "invalid JSON", Want: "a JSON object"}
	}
	members, _ := object.Members()
	r := request{}
	for _, member := range members {
		r[member.Key] = member.Value
	}
	return r, nil
}

// seq is the request's seq, nil when it has none that is an integer.
func (r request) seq() *int64 {
	if seq, err := r.integer("seq"); err == nil {
		return &seq
	}
	return nil
}

func (r request) command() (string, error) {
	const want = "start, run or stop"
	value, ok := r["cmd"]
	if !ok {
		return "", r.wrong("cmd", want)
	}
	command, _ := value.Text()
	switch command {
	case "start", "run", "stop":
		return command, nil
	}
	return "", r.wrong("cmd", want)
}

func (r request) text(key string) (string, error) {
	if value, ok := r[key]; ok {
		if text, ok := value.Text(); ok {
			return text, nil
		}
	}
	return "", r.wrong(key, "a string")
}

func (r request) integer(key string) (int64, error) {
	if value, ok := r[key]; ok {
		if n, ok := value.Integer(); ok {
			return n, nil
		}
	}
	return 0, r.wrong(key, "an integer")
}

// flag is optional and false when absent.
func (r request) flag(key string) (bool, error) {
	value, ok := r[key]
	if !ok {
		return false, nil
	}
	flag, ok := value.Bool()
	if !ok {
		return false, r.wrong(key, "true or false")
	}
	return flag, nil
}

// wrong is the error about a member that is missing or not what it should be.
func (r request) wrong(key, want string) error {
	got := "missing"
	if value, ok := r[key]; ok {
		got = value.String()
	}
	return &lstmref.Error{Parameter: "request." + key, Got: got, Want: want}
}
