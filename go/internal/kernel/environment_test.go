//go:build (amd64 || arm64) && !purego

package kernel_test

import (
	"math"
	"path/filepath"
	"runtime"
	"testing"

	lstmref "github.com/lstm-ref/lstm_ref/go"
	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// TestForeignFloatingPointSetting runs cases of subnormals on a thread that foreign code has left flushing them and
// rounding upwards (N7).
func TestForeignFloatingPointSetting(t *testing.T) {
	foreign := map[string]uint32{ // flush to zero, denormals are zero, round up
		"amd64": 0x1f80 | 0x8000 | 0x0040 | 0x4000,
		"arm64": 1<<24 | 1<<22,
	}[runtime.GOARCH]
	for _, kernels := range kernel.Available[float32]() {
		t.Setenv("LSTM_REF_ISA", kernels.Name)
		for _, id := range []string{"subnormal-weight", "subnormal-state", "subnormal-output", "bias-rounding"} {
			for _, threads := range []int{1, 4} {
				want := outputs(t, id, threads)
				got := func() []float32 {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
					before := kernel.ReadControl()
					defer kernel.WriteControl(before)
					kernel.WriteControl(foreign)
					got := outputs(t, id, threads)
					if after := kernel.ReadControl() &^ 0x3f; after != foreign { // but for the flags of exceptions
						t.Errorf("%s: the setting is %#x afterwards, want the foreign %#x", id, after, foreign)
					}
					return got
				}()
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
