package lstmref

import (
	"fmt"
	"testing"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// benchmarkSizes are I, H, T, B.
var benchmarkSizes = [][4]int{
	{1, 16, 100, 1}, {8, 32, 100, 1}, {64, 64, 100, 1}, {128, 128, 100, 1}, {256, 256, 100, 1}, {512, 512, 100, 1},
	{1024, 1024, 50, 1}, {64, 64, 100, 32}, {128, 256, 100, 32}, {256, 256, 50, 64}, {512, 512, 50, 64}, {1024, 1024, 25, 64},
}

func plain(input, hidden int) Config { return Config{}.sized(input, hidden, 1) }

// eachSize runs a benchmark, which says how many steps one iteration takes, for each instruction set and size.
func eachSize[F Float](b *testing.B, of func(input, hidden int) Config, benchmark func(b *testing.B, m *ModelOf[F], in *InputsOf[F]) (steps int)) {
	for _, kernels := range kernel.Available[F]() {
		for _, size := range benchmarkSizes {
			input, hidden, length, batch := size[0], size[1], size[2], size[3]
			b.Run(fmt.Sprintf("%s/I=%d/H=%d/T=%d/B=%d", kernels.Name, input, hidden, length, batch), func(b *testing.B) {
				b.Setenv("LSTM_REF_ISA", kernels.Name)
				m, in := filledModel[F](b, of(input, hidden), fill{Kind: "uniform", Exponent: -4}, length, batch) // larger: subnormals
				steps := benchmark(b, m, in)
				seconds := b.Elapsed().Seconds() / float64(b.N*steps)
				weights := float64(4 * hidden * (input + hidden)) // of the plain LSTM, whatever the cell
				b.ReportMetric(seconds*1e6, "us/step")
				b.ReportMetric(2*weights*float64(batch)/seconds/1e9, "GFLOP/s")
				b.ReportMetric(float64(kernel.Size[F]())*weights/seconds/1e9, "GB/s") // of weights
			})
		}
	}
}

func BenchmarkForward(b *testing.B) {
	b.Run("float32", benchmarkThreads[float32])
	b.Run("float64", benchmarkThreads[float64])
}

func benchmarkThreads[F Float](b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			eachSize(b, plain, func(b *testing.B, m *ModelOf[F], in *InputsOf[F]) int {
				return benchmarkForward(b, m, in, NumThreads(threads))
			})
		})
	}
}

func benchmarkForward[F Float](b *testing.B, m *ModelOf[F], in *InputsOf[F], options ...Option) (steps int) {
	y, _ := forward(b, m, in)
	for b.Loop() {
		forward(b, m, in, append(options, Output(y))...)
	}
	return in.X.Shape[0]
}

func BenchmarkStream(b *testing.B) {
	b.Run("float32", benchmarkStream[float32])
	b.Run("float64", benchmarkStream[float64])
}

func benchmarkStream[F Float](b *testing.B) {
	eachSize(b, plain, func(b *testing.B, m *ModelOf[F], in *InputsOf[F]) int {
		batch := in.X.Shape[1]
		s := newStream(b, m, batch, in.State)
		x, y := in.X.Data[:batch*m.config.InputSize], make([]F, batch*m.config.HiddenSize)
		for b.Loop() {
			if err := s.Step(y, x); err != nil {
				b.Fatal(err)
			}
		}
		return 1
	})
}

// BenchmarkVariants compares the cells with the plain LSTM, at the sizes of the others.
func BenchmarkVariants(b *testing.B) {
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) {
			eachSize(b, func(input, hidden int) Config {
				config := v.config
				config.Dropout = 0 // nothing is between the layers of one
				if config.ProjSize > 0 {
					config.ProjSize = hidden / 2
				}
				return config.sized(input, hidden, 1)
			}, func(b *testing.B, m *Model, in *Inputs) int { return benchmarkForward(b, m, in) })
		})
	}
}
