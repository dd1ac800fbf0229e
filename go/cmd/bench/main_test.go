package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	lstmref "github.com/lstm-ref/lstm_ref/go"
	"github.com/lstm-ref/lstm_ref/go/internal/requests"
)

const golden = "../../../tests/golden/valid/"

// talk sends lines to a worker and gives its answers.
func talk(t *testing.T, lines ...string) []string {
	t.Helper()
	var out strings.Builder
	w := worker{isa: os.Getenv(isaVariable)}
	t.Setenv(isaVariable, w.isa) // so that it is restored
	if err := requests.Serve(strings.NewReader(strings.Join(lines, "\n")), &out, w.answer); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// prepare is a request to prepare a stored case; x is all that its inputs file may hold.
func prepare(mode, model, inputs, outputs string, more ...string) string {
	quote := func(text string) string { return string(must(json.Marshal(text))) }
	return fmt.Sprintf(`{"request": "prepare", "mode": %q, "threads": 2, "isa": "", "model": %s, "inputs": %s, "outputs": %s%s}`,
		mode, quote(model), quote(inputs), quote(outputs), strings.Join(more, ""))
}

func must[T any](result T, err error) T {
	if err != nil {
		panic(err)
	}
	return result
}

// writeX writes an inputs file of T steps and B rows that holds x alone.
func writeX(t *testing.T, steps, batch, inputs int) (path string, x *lstmref.Tensor) {
	t.Helper()
	return writeXAs[float32](t, steps, batch, inputs)
}

func writeXAs[F lstmref.Float](t *testing.T, steps, batch, inputs int) (path string, x *lstmref.TensorOf[F]) {
	t.Helper()
	x = &lstmref.TensorOf[F]{Shape: []int{steps, batch, inputs}, Data: make([]F, steps*batch*inputs)}
	for i := range x.Data {
		x.Data[i] = F(math.Sin(float64(i)))
	}
	path = filepath.Join(t.TempDir(), "inputs.safetensors")
	if err := lstmref.WriteTensorsAs(path, lstmref.NamedTensorOf[F]{Name: "x", Tensor: x}); err != nil {
		t.Fatal(err)
	}
	return path, x
}

// model is the path of a stored model and how it is configured.
func model(t *testing.T, name string) (string, *lstmref.Model) {
	t.Helper()
	return modelAs[float32](t, name)
}

func modelAs[F lstmref.Float](t *testing.T, name string) (string, *lstmref.ModelOf[F]) {
	t.Helper()
	path := golden + name + "/model.safetensors"
	m, err := lstmref.OpenAs[F](path)
	if err != nil {
		t.Fatal(err)
	}
	return path, m
}

func TestOutputsAndSamples(t *testing.T) {
	for _, name := range []string{"gate-order", "projection-one-step", "gru-one-step", "rnn-one-step", "bfloat16-lstm-one-step"} {
		t.Run(name, func(t *testing.T) { compareOutputs[float32](t, name) })
	}
	t.Run("float64", func(t *testing.T) { compareOutputs[float64](t, "float64-lstm-one-step") })
}

func compareOutputs[F lstmref.Float](t *testing.T, name string) {
	path, m := modelAs[F](t, name)
	inputs, x := writeXAs[F](t, 9, 3, m.Config().InputSize)
	want, _, err := m.Forward(x, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"sequence", "step"} {
		outputs := filepath.Join(t.TempDir(), "outputs.safetensors")
		request := prepare(mode, path, inputs, outputs)
		got := talk(t, `{"request": "start"}`, request, `{"request": "time", "seconds": 0.001}`, request, `{"request": "stop"}`,
			`{"request": "start"}`)
		if len(got) != 5 || got[0] != `{"name":"lstm_ref Go","version":"`+lstmref.Version+`"}` || got[1] != `{"prepared":true}` ||
			got[3] != got[1] || got[4] != `{"stopped":true}` {
			t.Fatalf("%s: %v", mode, got)
		}
		var answer timed
		err := json.Unmarshal([]byte(got[2]), &answer)
		if err != nil || len(answer.Samples) < leastSamples || slices.Min(answer.Samples) <= 0 {
			t.Errorf("%s: %s", mode, got[2])
		}
		tensors, err := lstmref.ReadTensorsAs[F](outputs)
		if err != nil || len(tensors) != 1 || tensors[0].Name != "y" || !slices.Equal(tensors[0].Shape, want.Shape) ||
			!slices.Equal(tensors[0].Data, want.Data) {
			t.Errorf("%s: outputs %v, error %v", mode, tensors, err)
		}
	}
}

func TestISA(t *testing.T) {
	path, m := model(t, "gate-order")
	inputs, _ := writeX(t, 1, 1, m.Config().InputSize)
	request := prepare("sequence", path, inputs, filepath.Join(t.TempDir(), "outputs"))
	with := func(isa string) string { return strings.Replace(request, `"isa": ""`, `"isa": "`+isa+`"`, 1) }
	got := talk(t, with("mmx"), with("baseline"), request)
	const refused, done = `{"error":"LSTM_REF_ISA: \"mmx\", want one of baseline`, `{"prepared":true}`
	if !strings.HasPrefix(got[0], refused) || got[1] != done || got[2] != done {
		t.Errorf("%v", got)
	}
}

func TestSkipped(t *testing.T) {
	path, m := model(t, "gate-order")
	inputs, _ := writeX(t, 2, 1, m.Config().InputSize)
	empty, _ := writeX(t, 0, 1, m.Config().InputSize)
	bidirectional, both := model(t, "bidirectional")
	bothInputs, _ := writeX(t, 2, 1, both.Config().InputSize)
	batchFirst, first := model(t, "batch-first")
	firstInputs, _ := writeX(t, 2, 1, first.Config().InputSize)
	withState := golden + "gate-order/inputs.safetensors"
	outputs := filepath.Join(t.TempDir(), "outputs")
	for request, want := range map[string]string{
		prepare("step", path, inputs, outputs, `, "variant": "unchunked"`): "variant unchunked: Go has none",
		prepare("sequence", path, empty, outputs):                          "T or B is 0: there is nothing to measure",
		prepare("step", bidirectional, bothInputs, outputs):                "bidirectional: a stream has no reverse direction",
		prepare("sequence", batchFirst, firstInputs, outputs):              "batch_first: x is (T, B, I) here",
		prepare("sequence", path, withState, outputs):                      "h_0, c_0 and lengths: x alone is measured",
	} {
		if got := talk(t, request); got[0] != `{"skipped":"`+want+`"}` {
			t.Errorf("%v, want %s", got, want)
		}
	}
	if _, err := os.Stat(outputs); err == nil {
		t.Error("an outputs file was left")
	}
}

func TestBadRequests(t *testing.T) {
	path, m := model(t, "gate-order")
	inputs, _ := writeX(t, 2, 1, m.Config().InputSize)
	good := prepare("step", path, inputs, "nowhere/outputs")
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	const seconds = "a number above 0 and at most 3600"
	for request, want := range map[string]string{
		``:                                             "request: invalid JSON, want a JSON object",
		`{}`:                                           "request.request: missing, want start, prepare, time or stop",
		`{"request": "halt"}`:                          `request.request: \"halt\", want start, prepare, time or stop`,
		`{"request": "time"}`:                          "request.seconds: missing, want " + seconds,
		`{"request": "time", "seconds": "1"}`:          `request.seconds: \"1\", want ` + seconds,
		`{"request": "time", "seconds": 0}`:            "request.seconds: 0, want " + seconds,
		`{"request": "time", "seconds": 1e400}`:        "request.seconds: a number, want " + seconds,
		`{"request": "time", "seconds": 1}`:            `request.request: \"time\", want prepare before it`,
		with(`"step"`, `"layer"`):                      `request.mode: \"layer\", want sequence or step`,
		with(`"threads": 2, `, ""):                     "request.threads: missing, want an integer",
		with(`"threads": 2`, `"threads": 0`):           "request.threads: 0, want an integer from 1 to 1024",
		with(`"isa": "", `, ""):                        "request.isa: missing, want a string",
		with(`"outputs":`, `"variant": 1, "outputs":`): "request.variant: 1, want a string",
		with(path, "nowhere"):                          "file: cannot be read (no such file or directory), want a readable file",
		good:                                           "file: cannot be written (no such file or directory), want a writable file",
	} {
		if got := talk(t, request, `{"request": "stop"}`); len(got) != 2 || got[0] != `{"error":"`+want+`"}` {
			t.Errorf("%s: %v, want %s", request, got, want)
		}
	}
}

// After a failure the work that was prepared before is gone, and the next request is answered.
func TestPrepareFails(t *testing.T) {
	path, m := model(t, "gate-order")
	inputs, _ := writeX(t, 2, 1, m.Config().InputSize)
	good := prepare("step", path, inputs, filepath.Join(t.TempDir(), "outputs"))
	got := talk(t, good, prepare("layer", path, inputs, "outputs"), `{"request": "time", "seconds": 0.001}`, good)
	if got[2] != `{"error":"request.request: \"time\", want prepare before it"}` || got[3] != `{"prepared":true}` {
		t.Errorf("%v", got)
	}
}

func TestSample(t *testing.T) {
	calls := 0
	if samples := sample(1e-4, func() { calls++ }); len(samples) < leastSamples || calls < 100*len(samples) ||
		slices.Min(samples) <= 0 || slices.Max(samples) >= sampleSeconds {
		t.Errorf("%d samples of %d calls: %v", len(samples), calls, samples)
	}
	const length = 2e-4 // longer than a sample: one call each, and none shorter
	samples := sample(1e-4, func() {
		for start := time.Now(); time.Since(start).Seconds() < length; {
		}
	})
	if len(samples) != leastSamples || slices.Min(samples) < length {
		t.Errorf("%v", samples)
	}
}
