package lstmref

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteThenRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	uniform := fill{Kind: "uniform"}
	tensors := []NamedTensor{
		{"y", uniform.tensor(t, 1, "y", 2, 3, 4)}, {"empty", zeros(0, 5)}, {"\"quoted\" <é>", zeros(1)},
		{"h_n", uniform.tensor(t, 1, "h_n", 7)},
	}
	for _, list := range [][]NamedTensor{tensors, {}} {
		if err := WriteTensors(path, list...); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTensors(path)
		if err != nil {
			t.Fatal(err)
		}
		compareTensors(t, path, got, list)
	}
}

// TestOrderOfTensors: the header may list them in another order than the data (check 4), empty ones anywhere.
func TestOrderOfTensors(t *testing.T) {
	header := `{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"none":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},` +
		`"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	c, err := readContainer(append(file, littleEndian([]float32{1, 2})...))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.byName["a"].tensor(), c.byName["b"].tensor(); a.Data[0] != 1 || b.Data[0] != 2 || c.entries[0].name != "b" {
		t.Errorf("a = %v, b = %v, want 1 and 2", a.Data, b.Data)
	}
}

func TestNothingHalfWritten(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{filepath.Join(folder, "none", "a.safetensors"), folder} {
		err := WriteTensors(path, NamedTensor{"y", zeros(3)})
		var invalid *Error
		if !errors.As(err, &invalid) || !strings.HasPrefix(err.Error(), path+": file: cannot be written (") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, place := range []string{folder, filepath.Dir(folder)} {
		if left, _ := filepath.Glob(filepath.Join(place, "*.part")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestUnreadableFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.safetensors")
	_, err := Open(path)
	var invalid *Error
	if !errors.As(err, &invalid) || *invalid != (Error{"file", "cannot be read (no such file or directory)", "a readable file"}) ||
		err.Error() != path+": "+invalid.Error() {
		t.Errorf("got %v", err)
	}
}

// goldenFiles calls use with every file of the golden cases: whole ones and malformed ones.
func goldenFiles(t testing.TB, use func(file []byte)) {
	t.Helper()
	err := filepath.WalkDir(golden, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".safetensors") {
			var file []byte
			if file, err = os.ReadFile(path); err == nil {
				use(file)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// FuzzParse: any bytes give a model or an *Error; a model of few inputs runs.
func FuzzParse(f *testing.F) {
	goldenFiles(f, func(file []byte) { f.Add(file) })
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := Parse(file)
		var invalid *Error
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("not an *Error: %v", err)
		}
		if err == nil {
			if _, _, err := m.Forward(zeros(0, 0, m.Config.InputSize), nil); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzParseInputs: any bytes give inputs that run, or an *Error.
func FuzzParseInputs(f *testing.F) {
	m, _ := randomModel(f, Config{InputSize: 3, HiddenSize: 2, NumLayers: 1, Bias: true}, 0, 0)
	goldenFiles(f, func(file []byte) { f.Add(file) })
	f.Fuzz(func(t *testing.T, file []byte) {
		in, err := m.ParseInputs(file)
		var invalid *Error
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("not an *Error: %v", err)
		}
		if err == nil && in.X.Shape[1] < 1000 {
			if _, _, err := m.Forward(in.X, in.State, Lengths(in.Lengths)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
