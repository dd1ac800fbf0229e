package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lstmref "github.com/lstm-ref/lstm_ref/go"
)

func TestDemo(t *testing.T) {
	folder, err := chooseFolder(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if same, err := demo(&out, folder); !same || err != nil || !strings.HasSuffix(out.String(), "Every bit is as stored.\n") {
		t.Errorf("%v, %v:\n%s", same, err, out.String())
	}
}

func TestFloat64(t *testing.T) {
	var out strings.Builder
	same, err := demo(&out, filepath.Join("../../..", filepath.Dir(goldenCase), "float64-lstm-first"))
	if !same || err != nil || !strings.HasSuffix(out.String(), "Every bit is as stored.\n") {
		t.Errorf("%v, %v:\n%s", same, err, out.String())
	}
}

// TestOneBitChanged makes one stored value its neighbour.
func TestOneBitChanged(t *testing.T) {
	folder, err := chooseFolder(nil)
	if err != nil {
		t.Fatal(err)
	}
	changed := t.TempDir()
	for _, name := range []string{"model.safetensors", "inputs.safetensors"} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(changed, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	expected, err := lstmref.ReadTensors(filepath.Join(folder, "expected.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range expected {
		if tensor.Name == "c_n" {
			tensor.Data[0] = math.Nextafter32(tensor.Data[0], 0)
		}
	}
	if err := lstmref.WriteTensors(filepath.Join(changed, "expected.safetensors"), expected...); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if same, err := demo(&out, changed); same || err != nil || !strings.HasSuffix(out.String(), "NOT the stored bits.\n") {
		t.Errorf("%v, %v:\n%s", same, err, out.String())
	}
}
