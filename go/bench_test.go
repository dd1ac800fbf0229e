package lstmref

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"
	"time"

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

// variantSizes are H = I and B.
var variantSizes = [][2]int{{16, 1}, {64, 1}, {256, 1}, {1024, 1}, {64, 32}, {256, 32}}

// benchmarkedVariants are those of python/lstm_ref/bench/variants.py; the projection is to H/2.
var benchmarkedVariants = []struct {
	name   string
	config Config
}{
	{"projection", Config{ProjSize: 1}},
	{"peepholes", Config{Peephole: true}},
	{"coupled", Config{InputForget: true}},
	{"clip", Config{Clip: 1}},
	{"activations", Config{GateActivation: named("hard_sigmoid"), CandidateActivation: named("softsign")}},
	{"gru", Config{Op: GRU, ResetAfter: true}},
	{"gru_before", Config{Op: GRU}},
	{"rnn", Config{Op: RNN}},
	{"joint", Config{LayerNorm: "joint"}},
	{"gate", Config{LayerNorm: "gate"}},
	{"separate", Config{LayerNorm: "separate"}},
	{"cell_norm", Config{CellNorm: "output"}},
	{"hidden_norm", Config{HiddenNorm: true}},
	{"zoneout", Config{ZoneoutH: 0.1, ZoneoutC: 0.1}},
	{"float64", Config{Dtype: Float64}},
	{"bfloat16", Config{Dtype: BFloat16}},
}

// BenchmarkVariants gives the time of a step over that of a plain LSTM's, x-plain, the median of the ratios of calls that take
// turns; and that of the multiply-adds of their matrices, where it is not 1.
func BenchmarkVariants(b *testing.B) {
	for _, size := range variantSizes {
		for _, v := range benchmarkedVariants {
			b.Run(fmt.Sprintf("H=%d/B=%d/%s", size[0], size[1], v.name), func(b *testing.B) {
				if v.config.Dtype == Float64 {
					benchmarkVariant[float64](b, v.config, size[0], size[1])
				} else {
					benchmarkVariant[float32](b, v.config, size[0], size[1])
				}
			})
		}
	}
}

func benchmarkVariant[F Float](b *testing.B, config Config, hidden, batch int) {
	const steps, least = 25, 200 * time.Microsecond
	if config.ProjSize > 0 {
		config.ProjSize = hidden / 2
	}
	usual, usualProducts := benchmarkedCall[float32](b, plain(hidden, hidden), steps, batch)
	call, products := benchmarkedCall[F](b, config.sized(hidden, hidden, 1), steps, batch)
	calls := 1 + int(least/max(1, timeOf(usual, 1)))
	var times, ratios []float64
	for b.Loop() {
		time, usualTime := timeOf(call, calls), timeOf(usual, calls)
		times = append(times, float64(time.Nanoseconds())/float64(calls*steps)/1e3)
		ratios = append(ratios, float64(time)/float64(usualTime))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(times), "us/step")
	b.ReportMetric(median(ratios), "x-plain")
	if products != usualProducts {
		b.ReportMetric(float64(products)/float64(usualProducts), "x-products")
	}
}

// benchmarkedCall is a call of so many steps, which has been made once, and the multiply-adds of a step of one row.
func benchmarkedCall[F Float](b *testing.B, config Config, steps, batch int) (call func(), products int) {
	m, in := filledModel[F](b, config, fill{Kind: "uniform", Exponent: -(bits.Len(uint(config.HiddenSize)) + 1) / 2}, steps, batch)
	for _, tensor := range expectedTensors(&config, 0, 0) {
		if len(tensor.shape) == 2 {
			products += tensor.shape[0] * tensor.shape[1]
		}
	}
	in.State = nil
	y, _ := forward(b, m, in)
	return func() { forward(b, m, in, Output(y)) }, products
}

func timeOf(call func(), count int) time.Duration {
	begin := time.Now()
	for range count {
		call()
	}
	return time.Since(begin)
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
