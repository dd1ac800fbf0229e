package lstmref

import "github.com/lstm-ref/lstm_ref/go/internal/kernel"

// Stream runs a model step by step and carries the state of its batch rows from one to the next; the bits are those of
// Forward over the whole sequence. A Stream is for one goroutine at a time; several streams of one model are
// independent of each other.
type Stream struct {
	model  *Model
	batch  int
	layers []stepper
	x      [][]float32 // the caller's, of the last step
}

// NewStream makes a stream of batch >= 1 rows, its state zero. A model of two directions has none: the reverse one
// begins at the end of a sequence.
func (m *Model) NewStream(batch int) (*Stream, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.config.Bidirectional {
		return nil, invalid("bidirectional", "false: a stream has no reverse direction", "true")
	}
	if batch < 1 {
		return nil, invalid("batch", "an integer of at least 1", "%d", batch)
	}
	units := m.config.HiddenSize
	const header = 6 // a slice's header in the size of a float32
	panels, lanes := m.kernels.Panels(units), m.kernels.Lanes
	row := len(m.cells)*(2*(header+units)+panels*lanes) + header + 4*lanes
	if size, fits := sizeInBytes([]int{batch, row}, 4); !fits || size > maxUnseen {
		return nil, invalid("memory", "a smaller one", "too little for this case")
	}
	s := &Stream{model: m, batch: batch, x: make([][]float32, batch)}
	room := make([]float32, m.kernels.RoomFor(batch))
	for _, cell := range m.cells {
		s.layers = append(s.layers, stepper{kernel.Cell{
			Kernels: m.kernels, Weights: &cell.Weights, Units: units, Last: panels, Room: room,
			C: make([]float32, panels*batch*lanes), CPanel: batch * lanes,
			H: splitRows(make([]float32, batch*units), units), Next: splitRows(make([]float32, batch*units), units),
		}})
	}
	return s, nil
}

// splitRows is the rows of data (B, width).
func splitRows(data []float32, width int) [][]float32 {
	rows := make([][]float32, len(data)/width)
	for r := range rows {
		rows[r] = data[r*width:][:width:width]
	}
	return rows
}

// Batch is B, the number of rows.
func (s *Stream) Batch() int { return s.batch }

// Step takes the next x (B, I) and writes the last layer's h (B, H) to y, which may be x's memory. It allocates
// nothing. When the lengths of x or y are wrong, nothing happens but the error.
func (s *Stream) Step(y, x []float32) error {
	if s == nil || s.model == nil {
		return invalid("stream", "one from NewStream", "empty")
	}
	config := &s.model.config
	if len(x) != s.batch*config.InputSize {
		return invalid("x", "as many as its shape "+formatShape([]int{s.batch, config.InputSize}), "%d elements", len(x))
	}
	if len(y) != s.batch*config.HiddenSize {
		return invalid("y", "as many as its shape "+formatShape([]int{s.batch, config.HiddenSize}), "%d elements", len(y))
	}
	environment := kernel.EnterDefault()
	for r := range s.x {
		s.x[r] = x[r*config.InputSize:][:config.InputSize]
	}
	in := s.x
	for n := range s.layers {
		layer := &s.layers[n]
		layer.X = in
		layer.Advance(s.batch)
		layer.H, layer.Next = layer.Next, layer.H
		in = layer.H
	}
	for r, h := range in {
		copy(y[r*config.HiddenSize:], h)
	}
	environment.Leave()
	return nil
}

// State is a copy of the state, each tensor (L, B, H).
func (s *Stream) State() *State {
	if s == nil || s.model == nil {
		return nil
	}
	shape := []int{len(s.layers), s.batch, s.model.config.HiddenSize}
	state := &State{zeros(shape...), zeros(shape...)}
	s.eachRow(func(layer *stepper, r, at int) {
		copy(state.H.Data[at:], layer.H[r])
		layer.getCells(r, state.C.Data[at:])
	})
	return state
}

// SetState copies a state, each tensor (L, B, H), into the stream; nil is zero.
func (s *Stream) SetState(state *State) error {
	if s == nil || s.model == nil {
		return invalid("stream", "one from NewStream", "empty")
	}
	if err := s.model.checkState(state, s.batch); err != nil {
		return err
	}
	s.eachRow(func(layer *stepper, r, at int) {
		if state.isZero() {
			clear(layer.H[r])
			layer.cells(r, func(_ int, part []float32) { clear(part) })
		} else {
			copy(layer.H[r], state.H.Data[at:])
			layer.setCells(r, state.C.Data[at:])
		}
	})
	return nil
}

// eachRow visits the rows of all layers and their places in the data of a state.
func (s *Stream) eachRow(visit func(layer *stepper, r, at int)) {
	for n := range s.layers {
		for r := range s.batch {
			visit(&s.layers[n], r, (n*s.batch+r)*s.model.config.HiddenSize)
		}
	}
}
