//go:build (amd64 || arm64) && !purego

package kernel_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	lstmref "github.com/lstm-ref/lstm_ref/go"
	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// underForeignSetting does something on a thread that foreign code has left flushing subnormals and rounding upwards.
func underForeignSetting(t *testing.T, do func()) {
	t.Helper()
	foreign := map[string]uint32{ // flush to zero, denormals are zero, round up
		"amd64": 0x1f80 | 0x8000 | 0x0040 | 0x4000,
		"arm64": 1<<24 | 1<<22,
	}[runtime.GOARCH]
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := kernel.ReadControl()
	defer kernel.WriteControl(before)
	kernel.WriteControl(foreign)
	do()
	if after := kernel.ReadControl() &^ 0x3f; after != foreign { // but for the flags of exceptions
		t.Errorf("the setting is %#x afterwards, want the foreign %#x", after, foreign)
	}
}

// TestForeignSettingOfConfig: the numbers of a configuration do not depend on that setting, nor whether one counts as chosen.
func TestForeignSettingOfConfig(t *testing.T) {
	file := func(options string) string {
		config := `{"format_version":1,"op":"lstm","input_size":1,"hidden_size":1,"num_layers":1,"bias":false,"batch_first":false,` +
			`"bidirectional":false,` + options + `}`
		header := fmt.Sprintf(`{"__metadata__":{"lstm_ref":%q},"weight_ih_l0":{"dtype":"F32","shape":[4,1],"data_offsets":[0,16]},`+
			`"weight_hh_l0":{"dtype":"F32","shape":[4,1],"data_offsets":[16,32]}}`, config)
		bytes := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := os.WriteFile(path, append(bytes, make([]byte, 32)...), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := file(`"clip":0.3,"candidate_activation":["affine",1e-40,0.7],"zoneout_c":1e-40`)
	want, err := lstmref.ReadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	x := &lstmref.Tensor{Shape: []int{1, 1, 1}, Data: []float32{1}}
	var got lstmref.Config
	var tooSmall error
	underForeignSetting(t, func() {
		got, err = lstmref.ReadConfig(path)
		_, tooSmall = lstmref.ReadConfig(file(`"clip":1e-310`))
		if m, err := lstmref.Open(path); err != nil {
			t.Error(err)
		} else if _, _, err := m.Forward(x, nil, lstmref.Seed(1)); err != nil {
			t.Error(err)
		}
	})
	if err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if tooSmall == nil {
		t.Error("a clip of 1e-310 was taken")
	}
}

// TestForeignFloatingPointSetting runs cases of subnormals on a thread that foreign code has left flushing them and
// rounding upwards (N7).
func TestForeignFloatingPointSetting(t *testing.T) {
	for _, kernels := range kernel.Available[float32]() {
		t.Setenv("LSTM_REF_ISA", kernels.Name)
		for _, id := range []string{"subnormal-weight", "subnormal-state", "subnormal-output", "bias-rounding"} {
			for _, threads := range []int{1, 4} {
				want := outputs(t, id, threads)
				var got []float32
				underForeignSetting(t, func() { got = outputs(t, id, threads) })
				for k := range want {
					if math.Float32bits(got[k]) != math.Float32bits(want[k]) {
						t.Fatalf("%s, %s, %d threads: value %d is %v, want %v", kernels.Name, id, threads, k, got[k], want[k])
					}
				}
			}
		}
	}
}

func outputs(t *testing.T, id string, threads int) []float32 {
	folder := filepath.Join("../../../tests/golden/valid", id)
	m, err := lstmref.Open(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := m.OpenInputs(filepath.Join(folder, "inputs.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	y, state, err := m.Forward(in.X, in.State, lstmref.Lengths(in.Lengths), lstmref.NumThreads(threads))
	if err != nil {
		t.Fatal(err)
	}
	return append(append(y.Data, state.H.Data...), state.C.Data...)
}
