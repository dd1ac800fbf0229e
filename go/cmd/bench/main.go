// Command bench is the Go engine as a contender of the benchmark, one JSON object a line on standard input and output.
// The requests are those of bench/cpp/worker_main.cpp.
package main

import (
	"cmp"
	"fmt"
	"log"
	"os"

	lstmref "github.com/lstm-ref/lstm_ref/go"
	"github.com/lstm-ref/lstm_ref/go/internal/requests"
)

func main() {
	w := worker{isa: os.Getenv(isaVariable)}
	if err := requests.Serve(os.Stdin, os.Stdout, w.answer); err != nil {
		log.Fatal(err)
	}
}

const isaVariable = "LSTM_REF_ISA"

type worker struct {
	isa   string // of the environment, where a request names none
	steps int    // T
	run   func() // all T steps; nil when nothing is prepared
}

type started struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type prepared struct {
	Prepared bool `json:"prepared"`
}

type skipped struct {
	Reason string `json:"skipped"`
}

type timed struct {
	Samples []float64 `json:"samples"` // seconds per time step
}

type stopped struct {
	Stopped bool `json:"stopped"`
}

func (w *worker) answer(r requests.Request) (response any, stop bool, err error) {
	name, err := r.Choice("request", "start, prepare, time or stop", "start", "prepare", "time", "stop")
	switch name {
	case "start":
		response = started{"lstm_ref Go", lstmref.Version}
	case "prepare":
		response, err = w.prepare(r)
	case "time":
		response, err = w.time(r)
	case "stop":
		return stopped{true}, true, nil
	}
	return response, false, err
}

// task is what a prepare request asks for.
type task struct {
	mode, isa, model, inputs, outputs, variant string
	threads                                    int
}

func read(r requests.Request) (t task, err error) {
	if t.mode, err = r.Choice("mode", "sequence or step", "sequence", "step"); err != nil {
		return t, err
	}
	threads, err := r.Integer("threads")
	if err == nil && (threads < 1 || threads > 1024) {
		err = &lstmref.Error{Parameter: "request.threads", Got: fmt.Sprint(threads), Want: "an integer from 1 to 1024"}
	}
	if err != nil {
		return t, err
	}
	t.threads = int(threads)
	texts := map[string]*string{"isa": &t.isa, "model": &t.model, "inputs": &t.inputs, "outputs": &t.outputs}
	for _, key := range []string{"isa", "model", "inputs", "outputs"} {
		if *texts[key], err = r.Text(key); err != nil {
			return t, err
		}
	}
	if _, given := r["variant"]; given {
		t.variant, err = r.Text("variant")
	}
	return t, err
}

func (w *worker) prepare(r requests.Request) (any, error) {
	w.run = nil
	t, err := read(r)
	if err != nil {
		return nil, err
	}
	if t.variant != "" {
		return skipped{"variant " + t.variant + ": Go has none"}, nil
	}
	os.Setenv(isaVariable, cmp.Or(t.isa, w.isa))
	config, err := lstmref.ReadConfig(t.model)
	if err != nil {
		return nil, err
	}
	if config.Dtype == lstmref.Float64 {
		return prepareAs[float64](w, t)
	}
	return prepareAs[float32](w, t)
}

func prepareAs[F lstmref.Float](w *worker, t task) (any, error) {
	m, err := lstmref.OpenAs[F](t.model)
	if err != nil {
		return nil, err
	}
	in, err := m.OpenInputs(t.inputs)
	if err != nil {
		return nil, err
	}
	config := m.Config()
	switch {
	case config.BatchFirst:
		return skipped{"batch_first: x is (T, B, I) here"}, nil
	case in.State != nil || in.Lengths != nil:
		return skipped{"h_0, c_0 and lengths: x alone is measured"}, nil
	case in.Seed != nil || in.Masks != nil:
		return skipped{"seed and masks: evaluation is measured"}, nil
	case len(in.X.Data) == 0:
		return skipped{"T or B is 0: there is nothing to measure"}, nil
	case t.mode == "step" && config.Bidirectional:
		return skipped{"bidirectional: a stream has no reverse direction"}, nil
	}
	steps, rows, features := in.X.Shape[0], in.X.Shape[1], config.OutputSize()
	if config.Bidirectional {
		features *= 2
	}
	y := &lstmref.TensorOf[F]{Shape: []int{steps, rows, features}, Data: make([]F, steps*rows*features)}
	j := &job[F]{model: m, x: in.X, y: y, threads: t.threads}
	run := j.sequence
	if t.mode == "step" {
		if j.stream, err = m.NewStream(rows); err != nil {
			return nil, err
		}
		run = j.stepByStep
	}
	run()
	if err := lstmref.WriteTensorsAs(t.outputs, lstmref.NamedTensorOf[F]{Name: "y", Tensor: j.y}); err != nil {
		return nil, err
	}
	w.run, w.steps = run, steps
	return prepared{true}, nil
}

// job is a model, its inputs and outputs.
type job[F lstmref.Float] struct {
	model   *lstmref.ModelOf[F]
	stream  *lstmref.StreamOf[F] // in mode step
	threads int
	x, y    *lstmref.TensorOf[F] // (T, B, I), (T, B, D*R)
}

// sequence is one call for all steps.
func (j *job[F]) sequence() {
	if _, _, err := j.model.Forward(j.x, nil, lstmref.NumThreads(j.threads), lstmref.Output(j.y)); err != nil {
		panic(err)
	}
}

// stepByStep is one call a step, the state carried on from wherever the last run ended.
func (j *job[F]) stepByStep() {
	steps := j.x.Shape[0]
	inputs, outputs := len(j.x.Data)/steps, len(j.y.Data)/steps // of one step
	for t := range steps {
		if err := j.stream.Step(j.y.Data[t*outputs:(t+1)*outputs], j.x.Data[t*inputs:(t+1)*inputs]); err != nil {
			panic(err)
		}
	}
}

func (w *worker) time(r requests.Request) (any, error) {
	seconds, err := r.Seconds("seconds")
	if err != nil {
		return nil, err
	}
	if w.run == nil {
		return nil, &lstmref.Error{Parameter: "request.request", Got: `"time"`, Want: "prepare before it"}
	}
	samples := sample(seconds, w.run)
	for i := range samples {
		samples[i] /= float64(w.steps)
	}
	return timed{samples}, nil
}
