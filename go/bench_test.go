package lstmref

import (
	"fmt"
	"testing"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// BenchmarkForward reports the time of one step, I = H.
func BenchmarkForward(b *testing.B) {
	for _, kernels := range kernel.Available() {
		for _, size := range [][3]int{{16, 100, 1}, {64, 100, 1}, {128, 100, 1}, {256, 100, 1}, {256, 20, 32}} {
			hidden, steps, batch := size[0], size[1], size[2]
			b.Run(fmt.Sprintf("%s/H=%d/T=%d/B=%d", kernels.Name, hidden, steps, batch), func(b *testing.B) {
				b.Setenv("LSTM_REF_ISA", kernels.Name)
				m, inputs := randomModel(b, Config{InputSize: hidden, HiddenSize: hidden, NumLayers: 1, Bias: true}, steps, batch)
				for b.Loop() {
					if _, _, err := m.Forward(inputs.X, inputs.State); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*steps)/1000, "us/step")
			})
		}
	}
}
