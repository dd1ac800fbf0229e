package lstmref

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteThenRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	uniform := fill{Kind: "uniform"}
	tensors := []NamedTensor{
		{"y", uniform.tensor(t, 1, "y", 2, 3, 4)}, {"empty", zeros(0, 5)}, {"scalar", zeros()}, {"\"quoted\" <é>", zeros(1)},
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
	c, err := readContainer(append(fileOf(header), littleEndian([]float32{1, 2})...))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := tensorOf[float32](c.byName["a"]), tensorOf[float32](c.byName["b"]); a.Data[0] != 1 || b.Data[0] != 2 || c.entries[0].name != "b" {
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

// TestPanicLeavesNothing: nor does a failure.
func TestPanicLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	func() {
		defer func() { recover() }()
		writeWhole(filepath.Join(folder, "a"), func(io.Writer) error { panic("while writing") })
	}()
	failure := errors.New("no")
	if err := writeWhole(filepath.Join(folder, "a"), func(io.Writer) error { return failure }); err != failure {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestUnwritableTensors(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.safetensors")
	for _, c := range []struct {
		tensors []NamedTensor
		want    string
	}{
		{[]NamedTensor{{"y", &Tensor{Shape: []int{2, 3}, Data: make([]float32, 5)}}}, "y: 5 elements, want as many as its shape (2, 3)"},
		{[]NamedTensor{{"y", &Tensor{Shape: nil, Data: nil}}}, "y: 0 elements, want as many as its shape ()"},
		{[]NamedTensor{{"y", &Tensor{Shape: []int{-1, 0}, Data: nil}}}, "y: shape (-1, 0), want no negative size"},
		{[]NamedTensor{{"y", zeros(1, 1, 1, 1, 1, 1, 1, 1, 1)}}, "y: rank 9, want at most 8"},
		{[]NamedTensor{{"y", &Tensor{Shape: []int{1 << 30, 1 << 30, 2, 0}, Data: nil}}},
			"y: shape (1073741824, 1073741824, 2, 0), want a size in bytes below 2^63"},
		{[]NamedTensor{{"y", nil}}, "y: missing, want a tensor"},
		{[]NamedTensor{{"y", zeros(1)}, {"z", zeros(1)}, {"y", zeros(1)}}, "y: duplicate tensor, want one"},
		{[]NamedTensor{{"__metadata__", zeros(1)}}, "__metadata__: a reserved name, want another name"},
		{[]NamedTensor{{"y\xff", zeros(1)}}, "y\uFFFD: not UTF-8, want a name in UTF-8"},
	} {
		err := WriteTensors(path, c.tensors...)
		var invalid *Error
		if !errors.As(err, &invalid) || invalid.Error() != c.want || err.Error() != path+": "+c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestPermissions: those of any other new file here.
func TestPermissions(t *testing.T) {
	folder := t.TempDir()
	ours, plain := filepath.Join(folder, "a"), filepath.Join(folder, "b")
	file, err := os.Create(plain)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	if err := WriteTensors(ours); err != nil {
		t.Fatal(err)
	}
	got, err := os.Stat(ours)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	if got.Mode() != want.Mode() {
		t.Errorf("mode %v, want %v", got.Mode(), want.Mode())
	}
}

// fileOf is a file with this header.
func fileOf(header string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
}

// TestRank: a shape has at most 8 entries (check 3).
func TestRank(t *testing.T) {
	for rank, want := range map[int]string{8: "", 9: "x: malformed entry, want dtype, shape and data_offsets"} {
		shape := "0" + strings.Repeat(",1", rank-1)
		_, err := readContainer(fileOf(`{"x":{"dtype":"F32","shape":[` + shape + `],"data_offsets":[0,0]}}`))
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
			t.Errorf("rank %d: got %v, want %s", rank, err, want)
		}
	}
}

// TestMemory is check 13 at its borders.
func TestMemory(t *testing.T) {
	if math.MaxInt < 1<<53 {
		t.Skip("such sizes are malformed where int has 32 bits")
	}
	const memory = "memory: too little for this case, want a smaller one"
	const huge = 1<<53 - 1
	for _, c := range []struct {
		hidden       int
		steps, batch int64
		others, want string
	}{
		{2, 0, 1 << 28, "", "<nil>"}, // 2*B*H*4 = 2^32
		{2, 0, 1<<28 + 1, "", memory},
		{2, 0, huge, "", memory},
		{2, 0, huge, `,"z":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,
			"z: unexpected tensor, want only x, h_0, c_0, lengths"},
		{2, 0, huge, `,"lengths":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}`,
			"lengths: shape (0,), want (B,) = (9007199254740991,)"},
		{256, huge, 0, "", "<nil>"}, // T*H*4 < 2^63
		{257, huge, 0, "", memory},
	} {
		m, _ := randomModel(t, Config{InputSize: 1, HiddenSize: c.hidden, NumLayers: 1}, 0, 0)
		header := fmt.Sprintf(`{"x":{"dtype":"F32","shape":[%d,%d,1],"data_offsets":[0,0]}%s}`, c.steps, c.batch, c.others)
		_, err := m.ParseInputs(fileOf(header))
		if got := fmt.Sprint(err); got != c.want {
			t.Errorf("H = %d, T = %d, B = %d: got %s, want %s", c.hidden, c.steps, c.batch, got, c.want)
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
		fuzzParse[float32](t, file)
		fuzzParse[float64](t, file)
	})
}

func fuzzParse[F Float](t *testing.T, file []byte) {
	m, err := ParseAs[F](file)
	var invalid *Error
	if err != nil && !errors.As(err, &invalid) {
		t.Fatalf("not an *Error: %v", err)
	}
	if err == nil {
		if _, _, err := m.Forward(zerosOf[F](0, 0, m.Config().InputSize), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzParseInputs: any bytes give inputs that run, or an *Error.
func FuzzParseInputs(f *testing.F) {
	config := Config{InputSize: 3, HiddenSize: 2, NumLayers: 1, Bias: true}
	single, _ := randomModel(f, config, 0, 0)
	double, _ := randomModelOf[float64](f, config, 0, 0)
	goldenFiles(f, func(file []byte) { f.Add(file) })
	f.Fuzz(func(t *testing.T, file []byte) {
		fuzzInputs(t, single, file)
		fuzzInputs(t, double, file)
	})
}

func fuzzInputs[F Float](t *testing.T, m *ModelOf[F], file []byte) {
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
}
