package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lstmref "github.com/lstm-ref/lstm_ref/go"
	"github.com/lstm-ref/lstm_ref/go/internal/requests"
)

const golden = "../../../tests/golden"

// talk sends lines to a runner and gives its answers.
func talk(t *testing.T, lines ...string) []string {
	t.Helper()
	var out strings.Builder
	if err := requests.Serve(strings.NewReader(strings.Join(lines, "\n")), &out, answer); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestStart(t *testing.T) {
	t.Setenv("LSTM_REF_ISA", "baseline")
	want := `{"version":1,"name":"lstm_ref Go","implementation":"go-pure","implementation_version":"` + lstmref.Version +
		`","language":"Go","operations":["lstm","gru","rnn"],"options":["proj_size","peephole","input_forget","reset_after","clip","gate_activation",` +
		`"candidate_activation","output_activation","layer_norm","cell_norm","hidden_norm","norm_epsilon",` +
		`"recurrent_dropout","candidate_dropout","zoneout_h","zoneout_c","dropout"],"dtypes":["float32","float64","bfloat16"],"claim":"bit-exact","trace":true}`
	got := talk(t, `{"cmd": "start", "version": 1, "other": []}`, `{"cmd": "stop"}`, `{"cmd": "start", "version": 1}`)
	if len(got) != 2 || got[0] != want || got[1] != `{"stopped":true}` {
		t.Errorf("got %v", got)
	}
}

func TestBadRequests(t *testing.T) {
	run := `{"cmd": "run", "seq": 3, "case": "a", "op": "lstm", "model": "m", "inputs": "i", "outputs": "o", "trace": false}`
	without := func(part string) string { return strings.Replace(run, part, "", 1) }
	with := func(old, new string) string { return strings.Replace(run, old, new, 1) }
	for line, want := range map[string]string{
		``:                                 `{"error":"request: invalid JSON, want a JSON object"}`,
		`[1]`:                              `{"error":"request: invalid JSON, want a JSON object"}`,
		`{"cmd": "run", "seq": 1`:          `{"error":"request: invalid JSON, want a JSON object"}`,
		"{\"cmd\": \"\xff\"}":              `{"error":"request: invalid JSON, want a JSON object"}`,
		`{"seq": 5}`:                       `{"seq":5,"error":"request.cmd: missing, want start, run or stop"}`,
		`{"cmd": "Run", "seq": 1.0}`:       `{"error":"request.cmd: \"Run\", want start, run or stop"}`,
		`{"cmd": {}, "seq": 6}`:            `{"seq":6,"error":"request.cmd: an object, want start, run or stop"}`,
		`{"cmd": "start"}`:                 `{"error":"request.version: missing, want an integer"}`,
		`{"cmd": "start", "version": "1"}`: `{"error":"request.version: \"1\", want an integer"}`,
		`{"cmd": "start", "version": 2}`:   `{"error":"request.version: 2, want 1"}`,
		without(`"seq": 3, `):              `{"error":"request.seq: missing, want an integer"}`,
		with(`"seq": 3`, `"seq": "3"`):     `{"error":"request.seq: \"3\", want an integer"}`,
		without(`"case": "a", `):           `{"seq":3,"error":"request.case: missing, want a string"}`,
		with(`"model": "m"`, `"model": 1`): `{"seq":3,"error":"request.model: 1, want a string"}`,
		with(`false`, `0`):                 `{"seq":3,"error":"request.trace: 0, want true or false"}`,
		with(`lstm`, `tcn`):                `{"seq":3,"error":"request.op: \"tcn\", want one of lstm, gru, rnn"}`,
		run:                                `{"seq":3,"error":"file: cannot be read (no such file or directory), want a readable file"}`,
	} {
		got := talk(t, line, `{"cmd": "stop"}`)
		if len(got) != 2 || got[0] != want {
			t.Errorf("%q: %v, want %s", line, got, want)
		}
	}
}

func TestUnknownISA(t *testing.T) {
	t.Setenv("LSTM_REF_ISA", "none")
	if got := talk(t, `{"cmd": "start", "version": 1}`); !strings.HasPrefix(got[0], `{"error":"LSTM_REF_ISA: \"none\", want one of baseline`) {
		t.Errorf("got %v", got)
	}
}

func runLine(t *testing.T, model, inputs, outputs string, trace bool) string {
	t.Helper()
	paths := []string{model, inputs, outputs}
	for i, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(absolute)
		paths[i] = string(text)
	}
	return fmt.Sprintf(`{"cmd": "run", "seq": 1, "case": "c", "op": "lstm", "model": %s, "inputs": %s, "outputs": %s, "trace": %v}`,
		paths[0], paths[1], paths[2], trace)
}

func TestRun(t *testing.T) {
	folder, outputs := filepath.Join(golden, "valid/gate-order"), filepath.Join(t.TempDir(), "outputs.safetensors")
	for trace, tensors := range map[bool]int{false: 3, true: 7} {
		line := runLine(t, filepath.Join(folder, "model.safetensors"), filepath.Join(folder, "inputs.safetensors"), outputs, trace)
		text, _ := json.Marshal(outputs)
		if got, want := talk(t, line)[0], fmt.Sprintf(`{"seq":1,"outputs":%s}`, text); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		got, err := lstmref.ReadTensors(outputs)
		if err != nil || len(got) != tensors {
			t.Fatalf("%d tensors and error %v, want %d tensors", len(got), err, tensors)
		}
	}
}

// TestDtypes: what the runner writes is of the type that its model computes in.
func TestDtypes(t *testing.T) {
	outputs := filepath.Join(t.TempDir(), "outputs.safetensors")
	run := func(id string) {
		folder := filepath.Join(golden, "valid", id)
		line := runLine(t, filepath.Join(folder, "model.safetensors"), filepath.Join(folder, "inputs.safetensors"), outputs, true)
		if got := talk(t, line)[0]; !strings.HasPrefix(got, `{"seq":1,"outputs":`) {
			t.Fatal(got)
		}
	}
	run("float64-lstm-one-step")
	if got, err := lstmref.ReadTensorsAs[float64](outputs); err != nil || len(got) != 7 {
		t.Errorf("%d tensors and error %v, want 7 tensors", len(got), err)
	}
	run("bfloat16-lstm-one-step")
	if got, err := lstmref.ReadTensors(outputs); err != nil || len(got) != 7 {
		t.Errorf("%d tensors and error %v, want 7 tensors", len(got), err)
	}
}

// TestOtherOp: the op of a request is that of its model.
func TestOtherOp(t *testing.T) {
	folder := filepath.Join(golden, "valid/gate-order")
	line := runLine(t, filepath.Join(folder, "model.safetensors"), filepath.Join(folder, "inputs.safetensors"), "none", false)
	want := `{"seq":1,"error":"request.op: \"gru\", want \"lstm\", the op of the model"}`
	if got := talk(t, strings.Replace(line, `"op": "lstm"`, `"op": "gru"`, 1)); got[0] != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestErrorLeavesNoOutputs(t *testing.T) {
	folder, outputs := filepath.Join(golden, "invalid"), filepath.Join(t.TempDir(), "outputs.safetensors")
	line := runLine(t, filepath.Join(folder, "tensor-missing.model.safetensors"), "none", outputs, true)
	want := `{"seq":1,"error":"weight_hh_l0: missing, want (4*H, H) = (8, 2)"}`
	if got := talk(t, line, line); len(got) != 2 || got[1] != want {
		t.Errorf("%v, want %s", got, want)
	}
	if _, err := os.Stat(outputs); err == nil {
		t.Error("an outputs file was left")
	}
}
