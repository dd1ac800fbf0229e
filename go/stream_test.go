package lstmref

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
)

func newStream[F Float](t testing.TB, m *ModelOf[F], batch int, state *StateOf[F]) *StreamOf[F] {
	t.Helper()
	s, err := m.NewStream(batch)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetState(state); err != nil {
		t.Fatal(err)
	}
	return s
}

// stepAll feeds a stream with x (T, B, I), and gives y (T, B, H).
func stepAll[F Float](t testing.TB, s *StreamOf[F], x *TensorOf[F]) *TensorOf[F] {
	t.Helper()
	steps, batch, inputs := x.Shape[0], x.Shape[1], x.Shape[2]
	units := s.model.config.OutputSize()
	y := zerosOf[F](steps, batch, units)
	for step := range steps {
		if err := s.Step(y.Data[step*batch*units:][:batch*units], x.Data[step*batch*inputs:][:batch*inputs]); err != nil {
			t.Fatal(err)
		}
	}
	return y
}

// timeMajor is x (T, B, ...) whatever the order of its first two axes.
func timeMajor[F Float](x *TensorOf[F], batchFirst bool) *TensorOf[F] {
	if !batchFirst {
		return x
	}
	batch, steps, width := x.Shape[0], x.Shape[1], x.Shape[2]
	out := zerosOf[F](steps, batch, width)
	for b := range batch {
		for step := range steps {
			copy(out.Data[(step*batch+b)*width:], x.Data[(b*steps+step)*width:][:width])
		}
	}
	return out
}

// TestGoldenStreams runs every case of one direction step by step. Of ragged rows, outputs past the end are not
// compared.
func TestGoldenStreams(t *testing.T) {
	cases := readManifest(t).Valid
	eachISA(t, func(t *testing.T) {
		compared := 0
		for _, c := range cases {
			if c.members()["bidirectional"] == true || c.Dims.B == 0 {
				continue
			}
			compared++
			c.of(func() { streamCase[float32](t, &c) }, func() { streamCase[float64](t, &c) })
		}
		if compared == 0 {
			t.Error("no case of one direction")
		}
	})
}

func streamCase[F Float](t *testing.T, c *goldenCase) {
	file, inputs := generate[F](t, c)
	m, err := ParseAs[F](file)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	inputs.Seed, inputs.Masks = nil, nil // a stream evaluates
	y, final := forward(t, m, inputs)
	s := newStream(t, m, c.Dims.B, inputs.State)
	x, want := timeMajor(inputs.X, m.config.BatchFirst), timeMajor(y, m.config.BatchFirst)
	got := stepAll(t, s, x)
	width := m.config.OutputSize()
	for step := range c.Dims.T {
		for b := range c.Dims.B {
			if c.Lengths == nil || step < c.Lengths[b] {
				at := (step*c.Dims.B + b) * width
				demandSame(t, fmt.Sprintf("%s: step %d, row %d", c.ID, step, b), got.Data[at:][:width], want.Data[at:][:width])
			}
		}
	}
	if c.Lengths == nil {
		for name, want := range outputs(y, final) {
			if name != "y" {
				demandSame(t, c.ID+": "+name, outputs(y, s.State())[name].Data, want.Data)
			}
		}
	}
}

// TestStreamsOfAllBatches has every number of rows that fills tiles differently.
func TestStreamsOfAllBatches(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for batch := 1; batch <= 70; batch += 1 + batch/16 {
			m, in := randomModel(t, Config{InputSize: 5, HiddenSize: 40, NumLayers: 2, Bias: true}, 4, batch)
			y, final := forward(t, m, in)
			s := newStream(t, m, batch, in.State)
			if s.Batch() != batch {
				t.Fatalf("batch %d, want %d", s.Batch(), batch)
			}
			demandSame(t, "y", stepAll(t, s, in.X).Data, y.Data)
			demandSame(t, "h", s.State().H.Data, final.H.Data)
			demandSame(t, "c", s.State().C.Data, final.C.Data)
		}
	})
}

func TestStepAllocatesNothing(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, batch := range []int{1, 3, 40} {
			m, _ := randomModel(t, Config{InputSize: 5, HiddenSize: 40, NumLayers: 2, Bias: true}, 0, 0)
			s := newStream(t, m, batch, nil)
			x, y := make([]float32, batch*5), make([]float32, batch*40)
			allocations := testing.AllocsPerRun(100, func() {
				if err := s.Step(y, x); err != nil {
					t.Fatal(err)
				}
			})
			if allocations != 0 {
				t.Errorf("batch %d: %v allocations a step", batch, allocations)
			}
		}
	})
}

// TestStreamsAreIndependent runs streams of one model in goroutines of their own, and two by turns in each.
func TestStreamsAreIndependent(t *testing.T) {
	m, in := randomModel(t, Config{InputSize: 5, HiddenSize: 33, NumLayers: 2, Bias: true}, 40, 6)
	want, final := forward(t, m, in)
	var others sync.WaitGroup
	for b := range 3 {
		others.Add(1)
		go func() {
			defer others.Done()
			var streams [2]*Stream
			var y [2][]float32
			for n := range streams {
				row := 2*b + n
				s, err := m.NewStream(1)
				if err == nil {
					err = s.SetState(&State{columns(in.State.H, row, row+1), columns(in.State.C, row, row+1)})
				}
				if err != nil {
					t.Error(err)
					return
				}
				streams[n], y[n] = s, make([]float32, 33)
			}
			for step := range 40 {
				for n, s := range streams {
					at := step*6 + 2*b + n
					if err := s.Step(y[n], in.X.Data[at*5:][:5]); err != nil {
						t.Error(err)
						return
					}
					if k := firstDifference(y[n], want.Data[at*33:][:33]); k >= 0 {
						t.Errorf("step %d, row %d: unit %d differs", step, 2*b+n, k)
						return
					}
				}
			}
			for n, s := range streams {
				row := 2*b + n
				if firstDifference(s.State().C.Data, columns(final.C, row, row+1).Data) >= 0 {
					t.Errorf("row %d: another final state", row)
				}
			}
		}()
	}
	others.Wait()
}

func TestSetState(t *testing.T) {
	m, in := randomModel(t, Config{InputSize: 3, HiddenSize: 18, NumLayers: 2, Bias: true}, 6, 2)
	s := newStream(t, m, 2, nil)
	demandSame(t, "h at first", s.State().H.Data, make([]float32, 2*2*18))
	fromZero := stepAll(t, s, in.X)
	if err := s.SetState(in.State); err != nil {
		t.Fatal(err)
	}
	demandSame(t, "h", s.State().H.Data, in.State.H.Data)
	demandSame(t, "c", s.State().C.Data, in.State.C.Data)
	h := slices.Clone(in.State.H.Data)
	fromState := stepAll(t, s, in.X)
	demandSame(t, "the caller's state", in.State.H.Data, h)
	y, _ := forward(t, m, in)
	demandSame(t, "y", fromState.Data, y.Data)
	for _, zero := range []*State{nil, {}} {
		if err := s.SetState(zero); err != nil {
			t.Fatal(err)
		}
		demandSame(t, "y from zero again", stepAll(t, s, in.X).Data, fromZero.Data)
	}
	state := s.State()
	state.H.Data[0] = 7
	if s.State().H.Data[0] == 7 {
		t.Error("State is not a copy")
	}
}

// TestStepInPlace has y where x is.
func TestStepInPlace(t *testing.T) {
	m, in := randomModel(t, Config{InputSize: 20, HiddenSize: 20, NumLayers: 2, Bias: true}, 5, 7)
	y, _ := forward(t, m, in)
	s := newStream(t, m, 7, in.State)
	for step := range 5 {
		row := in.X.Data[step*140:][:140]
		if err := s.Step(row, row); err != nil {
			t.Fatal(err)
		}
	}
	demandSame(t, "y", in.X.Data, y.Data)
}

func TestStreamErrors(t *testing.T) {
	m, _ := randomModel(t, Config{InputSize: 3, HiddenSize: 2, NumLayers: 1, Bias: true}, 0, 0)
	both, _ := randomModel(t, Config{InputSize: 3, HiddenSize: 2, NumLayers: 1, Bidirectional: true}, 0, 0)
	s := newStream(t, m, 2, nil)
	y, x := make([]float32, 4), make([]float32, 6)
	open := func(m *Model, batch int) error {
		s, err := m.NewStream(batch)
		if s != nil {
			t.Error("a stream in spite of the error")
		}
		return err
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{open(nil, 1), "model: empty, want one from Open or Parse"},
		{open(&Model{}, 1), "model: empty, want one from Open or Parse"},
		{open(both, 1), "bidirectional: true, want false: a stream has no reverse direction"},
		{open(m, 0), "batch: 0, want an integer of at least 1"},
		{open(m, -3), "batch: -3, want an integer of at least 1"},
		{open(m, 1<<30), "memory: too little for this case, want a smaller one"},
		{open(m, math.MaxInt), "memory: too little for this case, want a smaller one"},
		{s.Step(y, x[:5]), "x: 5 elements, want as many as its shape (2, 3)"},
		{s.Step(y, nil), "x: 0 elements, want as many as its shape (2, 3)"},
		{s.Step(y[:3], x), "y: 3 elements, want as many as its shape (2, 2)"},
		{s.Step(nil, x), "y: 0 elements, want as many as its shape (2, 2)"},
		{s.SetState(&State{H: zeros(1, 2, 2)}), "c_0: missing, want (L*D, B, H) = (1, 2, 2)"},
		{s.SetState(&State{zeros(1, 2, 2), zeros(1, 1, 2)}), "c_0: shape (1, 1, 2), want (L*D, B, H) = (1, 2, 2)"},
		{s.SetState(&State{&Tensor{Shape: []int{1, 2, 2}, Data: y[:3]}, zeros(1, 2, 2)}), "h_0: 3 elements, want as many as its shape (1, 2, 2)"},
		{(*Stream)(nil).Step(y, x), "stream: empty, want one from NewStream"},
		{(&Stream{}).Step(y, x), "stream: empty, want one from NewStream"},
		{(&Stream{}).SetState(nil), "stream: empty, want one from NewStream"},
	} {
		var invalid *Error
		if !errors.As(c.err, &invalid) || c.err.Error() != c.want {
			t.Errorf("got %v, want %s", c.err, c.want)
		}
	}
	demandSame(t, "y after errors", y, make([]float32, 4))
	demandSame(t, "h after errors", s.State().H.Data, make([]float32, 4))
	if (&Stream{}).State() != nil {
		t.Error("an empty stream has a state")
	}
}
