package lstmref

import (
	"fmt"
	"runtime"
	"testing"
)

// with forces a split of the work, however small it is.
func with(s split) Option { return func(o *options) { o.split = &s } }

// splits of every kind: of rows, of layers or directions, of units, and more than there is of each.
var splits = []split{
	{1, 1, 1}, {2, 1, 1}, {3, 1, 1}, {1, 2, 1}, {1, 3, 1}, {1, 1, 2}, {1, 1, 3}, {2, 2, 2},
	{1, 2, 5}, {70, 1, 1}, {1, 1, 64}, {5, 4, 9},
}

func TestGoldenSplits(t *testing.T) {
	cases := readManifest(t).Valid
	eachISA(t, func(t *testing.T) {
		for n, c := range cases {
			c.of(func() { splitCase[float32](t, n, &c) }, func() { splitCase[float64](t, n, &c) })
		}
	})
}

func splitCase[F Float](t *testing.T, n int, c *goldenCase) {
	file, inputs := generate[F](t, c)
	m, err := ParseAs[F](file)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	for _, split := range []split{splits[n%12], splits[(n+5)%12], {2, 2, 2}} {
		y, state := forward(t, m, inputs, with(split))
		for name, tensor := range outputs(y, state) {
			if got := digest(tensor); got != c.Digest[name] {
				t.Errorf("%s: %s split in %v: digest %s, want %s", c.ID, name, split, got, c.Digest[name])
			}
		}
	}
}

// TestSplitsOfAllBatches has numbers of rows that fill tiles and blocks differently, ragged, with one direction and
// with two, on one processor and on several.
func TestSplitsOfAllBatches(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	eachISA(t, func(t *testing.T) {
		for batch := 1; batch <= 70; batch += 1 + batch/4 {
			for _, bidirectional := range []bool{false, true} {
				config := Config{InputSize: 7, HiddenSize: 37, NumLayers: 3, Bias: true, Bidirectional: bidirectional}
				m, in := randomModel(t, config, 9, batch)
				if batch%2 == 1 {
					in.Lengths = make([]int, batch)
					for b := range in.Lengths {
						in.Lengths[b] = (b*5 + 4) % 10
					}
				}
				y, state := forward(t, m, in)
				for n, split := range splits {
					if (n+batch)%3 != 0 {
						continue
					}
					runtime.GOMAXPROCS([]int{1, 2, 5}[batch%3])
					otherY, otherState := forward(t, m, in, with(split))
					what := fmt.Sprintf("B = %d, two directions: %v, split in %v: ", batch, bidirectional, split)
					demandSame(t, what+"y", otherY.Data, y.Data)
					demandSame(t, what+"h_n", otherState.H.Data, state.H.Data)
					demandSame(t, what+"c_n", otherState.C.Data, state.C.Data)
				}
			}
		}
	})
}

// TestLongSequenceSplits has many blocks, so that stages follow each other and teams meet often.
func TestLongSequenceSplits(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, batch := range []int{1, 2, 30} {
			m, in := randomModel(t, Config{InputSize: 3, HiddenSize: 48, NumLayers: 4, Bias: true}, 120, batch)
			y, state := forward(t, m, in)
			for _, split := range []split{{1, 4, 1}, {1, 1, 3}, {1, 2, 2}, {2, 3, 2}} {
				otherY, otherState := forward(t, m, in, with(split))
				demandSame(t, fmt.Sprint(split, " y"), otherY.Data, y.Data)
				demandSame(t, fmt.Sprint(split, " c_n"), otherState.C.Data, state.C.Data)
			}
		}
	})
}

// TestChosenSplit: never more goroutines than asked for or than processors, and each with something to do.
func TestChosenSplit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for _, c := range []struct {
		config       Config
		steps, batch int
		threads      int
		want         split
	}{
		{Config{InputSize: 64, HiddenSize: 64, NumLayers: 1}, 100, 64, 1, split{1, 1, 1}},
		{Config{InputSize: 64, HiddenSize: 64, NumLayers: 1}, 100, 64, 4, split{4, 1, 1}},
		{Config{InputSize: 64, HiddenSize: 64, NumLayers: 1}, 100, 64, 1024, split{8, 1, 1}},
		{Config{InputSize: 64, HiddenSize: 64, NumLayers: 1}, 1, 1, 4, split{1, 1, 1}},
		{Config{InputSize: 1024, HiddenSize: 1024, NumLayers: 1}, 100, 1, 2, split{1, 1, 2}},
		{Config{InputSize: 1024, HiddenSize: 1024, NumLayers: 1, Bidirectional: true}, 100, 1, 4, split{1, 2, 2}},
		{Config{InputSize: 64, HiddenSize: 64, NumLayers: 3}, 1000, 1, 2, split{1, 2, 1}},
	} {
		call := &call[float32]{ModelOf: &Model{config: c.config}, options: options{threads: c.threads}, steps: c.steps, batch: c.batch}
		if got := call.chooseSplit(); got != c.want {
			t.Errorf("%+v: %v, want %v", c, got, c.want)
		}
	}
}
