package lstmref

import "github.com/lstm-ref/lstm_ref/go/internal/kernel"

// StreamOf runs a model step by step and carries the state of its batch rows from one to the next; the bits are those of
// Forward over the whole sequence. A stream is for one goroutine at a time; several streams of one model are
// independent of each other.
type StreamOf[F Float] struct {
	model  *ModelOf[F]
	batch  int
	layers []stepper[F]
	x      [][]F // the caller's, of the last step
}

// NewStream makes a stream of batch >= 1 rows, its state zero. A model of two directions has none: the reverse one
// begins at the end of a sequence.
func (m *ModelOf[F]) NewStream(batch int) (*StreamOf[F], error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.config.Bidirectional {
		return nil, invalid("bidirectional", "false: a stream has no reverse direction", "true")
	}
	if batch < 1 {
		return nil, invalid("batch", "an integer of at least 1", "%d", batch)
	}
	outputs := m.config.OutputSize()
	units := m.config.HiddenSize
	cell := kernel.Cell[F]{Kernels: m.kernels, Variant: m.cells[0].variant, Units: units, Last: m.panels(units), HLast: m.panels(outputs)}
	padded := cell.Last * cell.PanelUnits() // units, as they stand in panels
	const header = 6                        // a slice's header counted in float32; in float64 it is less
	row := len(m.cells)*(2*(header+outputs)+padded) + header + 4*m.kernels.Lanes
	v := cell.Variant
	lists := v.Lists()
	if v != nil {
		row += m.kernels.RoomFor(v, 1) + lists*padded + 2*header + units + v.StatisticsSize(1) + 4*(header+units)
	}
	if size, fits := sizeInBytes([]int{batch, row}, uint64(kernel.Size[F]())); !fits || size > maxUnseen {
		return nil, invalid("memory", "a smaller one", "too little for this case")
	}
	s := &StreamOf[F]{model: m, batch: batch, x: make([][]F, batch)}
	cell.Room, cell.CPanel = make([]F, m.kernels.RoomFor(v, batch)), batch*cell.PanelUnits()
	cell.Wide = make([]F, m.kernels.WideFor(m.isBFloat16))
	if v != nil {
		cell.ZPanel, cell.ZColumn = lists*cell.CPanel, cell.CPanel
		cell.Statistics = make([]F, v.StatisticsSize(batch))
		cell.Z = make([]F, cell.Last*cell.ZPanel)
		cell.Middle = splitRows(make([]F, batch*units), units)
		cell.KeepH, cell.KeepC = keptRows[F](m.config.ZoneoutH, outputs, batch), keptRows[F](m.config.ZoneoutC, units, batch)
	}
	for _, parameters := range m.cells {
		cell.Weights, cell.Variant = &parameters.Weights, parameters.variant
		if m.config.Op != RNN {
			cell.C = make([]F, batch*padded)
		}
		cell.H = splitRows(make([]F, batch*outputs), outputs)
		cell.Next = splitRows(make([]F, batch*outputs), outputs)
		s.layers = append(s.layers, stepper[F]{cell})
	}
	return s, nil
}

// splitRows is the rows of data (B, width).
func splitRows[F Float](data []F, width int) [][]F {
	rows := make([][]F, len(data)/width)
	for r := range rows {
		rows[r] = data[r*width:][:width:width]
	}
	return rows
}

// Batch is B, the number of rows.
func (s *StreamOf[F]) Batch() int { return s.batch }

// Step takes the next x (B, I) and writes the last layer's h (B, R) to y, which may be x's memory. It allocates
// nothing. When the lengths of x or y are wrong, nothing happens but the error.
func (s *StreamOf[F]) Step(y, x []F) error {
	if s == nil || s.model == nil {
		return invalid("stream", "one from NewStream", "empty")
	}
	config := &s.model.config
	if len(x) != s.batch*config.InputSize {
		return invalid("x", "as many as its shape "+formatShape([]int{s.batch, config.InputSize}), "%d elements", len(x))
	}
	outputs := config.OutputSize()
	if len(y) != s.batch*outputs {
		return invalid("y", "as many as its shape "+formatShape([]int{s.batch, outputs}), "%d elements", len(y))
	}
	environment := kernel.EnterDefault()
	for r := range s.x {
		s.x[r] = x[r*config.InputSize:][:config.InputSize]
	}
	in := s.x
	for n := range s.layers {
		layer := &s.layers[n]
		layer.step(in)
		layer.H, layer.Next = layer.Next, layer.H
		in = layer.H
	}
	for r, h := range in {
		copy(y[r*outputs:], h)
	}
	environment.Leave()
	return nil
}

// State is a copy of the state: H (L, B, R), and C (L, B, H) where there is one.
func (s *StreamOf[F]) State() *StateOf[F] {
	if s == nil || s.model == nil {
		return nil
	}
	state := s.model.zeroState(s.batch)
	s.eachRow(state, func(layer *stepper[F], r int, h, c []F) {
		copy(h, layer.H[r])
		if c != nil {
			layer.getCells(r, c)
		}
	})
	return state
}

// SetState copies a state, as State gives it, into the stream; nil is zero.
func (s *StreamOf[F]) SetState(state *StateOf[F]) error {
	if s == nil || s.model == nil {
		return invalid("stream", "one from NewStream", "empty")
	}
	if err := s.model.checkState(state, s.batch); err != nil {
		return err
	}
	if state.isZero() {
		state = s.model.zeroState(s.batch)
	}
	s.eachRow(state, func(layer *stepper[F], r int, h, c []F) {
		copy(layer.H[r], h)
		layer.setState(r, h, c)
	})
	return nil
}

// eachRow visits the rows of all layers, with their h (R,) and c (H,), or nil, of a state.
func (s *StreamOf[F]) eachRow(state *StateOf[F], visit func(layer *stepper[F], r int, h, c []F)) {
	outputs, units := state.H.Shape[2], s.model.config.HiddenSize
	for n := range s.layers {
		for r := range s.batch {
			at := n*s.batch + r
			var c []F
			if state.C != nil {
				c = state.C.Data[at*units:][:units]
			}
			visit(&s.layers[n], r, state.H.Data[at*outputs:][:outputs], c)
		}
	}
}
