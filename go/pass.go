package lstmref

import "github.com/lstm-ref/lstm_ref/go/internal/kernel"

// pass is one direction of one layer over the sequence, for some rows of the batch (3.1)-(3.4): the work of a team of
// goroutines, each with a share of the panels.
type pass[F Float] struct {
	*call[F]
	layer, direction int
	outputs          int   // R
	rows             []int // longest first, so that those still running are always the first ones
	in, out          view[F]
	needs            []*pass[F] // those whose outputs are this one's inputs; none for the first layer
	block            int        // steps
	fused            bool       // the x part of a step is formed with its h part, not block by block
	team             int
	read, met, done  counter  // of blocks whose inputs are used, of steps in the middle, and of steps, by each of the team
	middle           [][]F    // (H,) of each row, between two phases
	seen             [2][][]F // (R,) of each row: h~ (V22) before and after a step
	masks            masksOfPass[F]
	kept             [2][]F        // (rows, R): h at the end of a block, by turns; nil unless the next layer overwrites out
	trace            *passTrace[F] // nil without
}

// inPlace tells whether outputs overwrite the inputs: those of a later layer with one direction.
func (p *pass[F]) inPlace() bool { return len(p.needs) == 1 }

// isSmall tells whether all weights stay in the first-level cache anyway, so that nothing is gained by using each often.
func (p *pass[F]) isSmall() bool {
	inputs, _ := p.config.inputs(p.layer)
	return kernel.Size[F]()*4*p.config.HiddenSize*(inputs+p.config.HiddenSize) <= 40960
}

// steps is how many steps the longest row has.
func (p *pass[F]) steps() int {
	if len(p.rows) == 0 {
		return 0
	}
	return p.length(p.rows[0])
}

// active is how many rows, of the first n, take part in a step.
func (p *pass[F]) active(n, step int) int {
	for n > 0 && p.length(p.rows[n-1]) <= step {
		n--
	}
	return n
}

// time is the position in the sequence of a row's step: the reverse direction starts at the row's own end (3.2).
func (p *pass[F]) time(step, b int) int {
	if p.direction == 1 {
		return p.length(b) - 1 - step
	}
	return step
}

// await returns when the inputs of the steps before last are computed; a direction of two needs all.
func (p *pass[F]) await(last int) {
	for _, input := range p.needs {
		if len(p.needs) > 1 {
			last = input.steps()
		}
		input.done.await(last * input.team)
	}
}

// share is one goroutine's part of a pass.
type share[F Float] struct {
	*pass[F]
	stepper[F]
	inputSize int   // I_l
	x         [][]F // (I_l,) of each active row of a block, step by step
	z         []F   // (panels, lists, rows of x, V) of a block and all panels, unless fused; x and z are shared with the goroutine's others
	masked    []F   // (steps, rows, I_l) of a block: x with its mask (V26), if there is one
	turn      int   // of kept
	_         [64]byte
}

func (p *pass[F]) share(part int, memory *scratch[F]) *share[F] {
	config := &p.config
	row, rows := p.layer*config.directions()+p.direction, len(p.rows)
	s := &memory.shares.take(1)[0]
	panels := p.panels(config.HiddenSize)
	first, last := panels*part/p.team, panels*(part+1)/p.team
	s.pass, s.inputSize, s.turn = p, p.cells[row].inputSize, 0
	s.Cell = kernel.Cell[F]{
		Kernels: p.kernels, Weights: &p.cells[row].Weights, Variant: p.cells[row].variant, Units: config.HiddenSize,
		First: first, Last: last, HFirst: first, HLast: last, Middle: p.middle, Seen: p.seen[0], SeenNext: p.seen[1],
		H: memory.rows.take(rows), Next: memory.rows.take(rows),
	}
	s.Room = memory.floats.take(wholeLines(p.kernels.RoomFor(s.Variant, rows)))
	s.Wide = memory.floats.take(wholeLines(p.kernels.WideFor(p.isBFloat16)))
	s.Statistics = memory.floats.take(wholeLines(s.Variant.StatisticsSize(rows)))
	s.takeMasks(memory)
	if config.ProjSize > 0 {
		hPanels := p.panels(config.ProjSize)
		s.HFirst, s.HLast = hPanels*part/p.team, hPanels*(part+1)/p.team
	}
	units := s.PanelUnits()
	s.CPanel, s.ZColumn = rows*units, rows*p.block*units
	s.ZPanel = s.Lists() * s.ZColumn
	if config.Op != RNN {
		s.C = memory.floats.take(wholeLines((last - first) * s.CPanel))
		clear(s.C)
	}
	for r := range p.rows {
		h, c := s.stateRow(r)
		s.H[r] = h
		s.setState(r, h, c)
	}
	return s
}

// sizeOfX and sizeOfZ are their lengths.
func (s *share[F]) sizeOfX() int { return len(s.rows) * s.block }

func (s *share[F]) sizeOfZ() int {
	if s.fused {
		return 0
	}
	return s.panels(s.Units) * s.ZPanel
}

// stateRow is the state of row r, h (R,) and c (H,) or nil: the initial one until finish makes it the final one.
func (s *share[F]) stateRow(r int) (h, c []F) {
	at := (s.layer*s.config.directions()+s.direction)*s.batch + s.rows[r]
	if s.state.C != nil {
		c = s.state.C.Data[at*s.Units:][:s.Units]
	}
	return s.state.H.Data[at*s.outputs:][:s.outputs], c
}

// run computes the steps first to last, a block. The x part of (2.1) does not wait for h: unless fused it is formed for
// all steps of the block together, so that few rows use each weight often, and before anything is overwritten. The order
// of (N3) is kept, x before h.
func (s *share[F]) run(first, last int) {
	running := s.active(len(s.rows), first)
	n := 0
	for step, active := first, running; step < last; step++ {
		active = s.active(active, step)
		for _, b := range s.rows[:active] {
			s.x[n] = s.in.at(s.time(step, b), b)[:s.inputSize]
			if s.masked != nil {
				s.x[n] = s.maskInput(n, s.time(step, b), b)
			}
			n++
		}
	}
	x, z := s.x, s.z
	if !s.fused {
		if s.Variant != nil {
			s.Z = z
			s.Begin(x[:n])
		} else {
			z = z[s.First*s.ZPanel:]
			s.Affine(z, s.ZPanel, s.Bias, s.IH, x[:n], s.First, s.Last, s.Wide)
		}
		if s.team > 1 && s.inPlace() {
			s.read.add(1)
			s.read.await((first/s.block + 1) * s.team)
		}
	}
	for step, active := first, running; step < last; step++ {
		active = s.active(active, step)
		for r, b := range s.rows[:active] {
			s.Next[r] = s.out.at(s.time(step, b), b)[:s.outputs] // (3.3)
		}
		switch {
		case s.Variant != nil:
			s.phases(active, step)
		case s.trace != nil:
			s.traced(z, active, step)
			z = z[active*4*s.Lanes:]
		case s.fused:
			s.X = x[:active]
			x = x[active:]
			s.Advance(active)
		default:
			s.Z = z
			z = z[active*4*s.Lanes:]
			s.Advance(active)
		}
		if active == len(s.rows) {
			s.H, s.Next = s.Next, s.H
		} else {
			copy(s.H, s.Next[:active])
		}
		if step == last-1 && s.kept[0] != nil {
			s.keep(running)
		}
		if s.team > 1 {
			s.done.add(1)
			s.done.await((step + 1) * s.team)
		}
	}
	if s.team == 1 {
		s.done.add(last - first)
	}
}

// keep moves h of the first n rows to where the next layer does not overwrite it.
func (s *share[F]) keep(n int) {
	for r := range n {
		kept := s.kept[s.turn][r*s.outputs:][:s.outputs]
		copy(s.columns(kept), s.columns(s.H[r]))
		s.H[r] = kept
	}
	s.turn = 1 - s.turn
}

// finish leaves the final state (3.4).
func (s *share[F]) finish() {
	for r := range s.rows {
		h, c := s.stateRow(r)
		copy(s.columns(h), s.columns(s.H[r]))
		if c != nil {
			s.getCells(r, c)
		}
	}
}

// traced is the step of some rows in its parts, with all of its intermediates kept.
func (s *share[F]) traced(z []F, rows, step int) {
	keep := func(to *TensorOf[F]) {
		for r, b := range s.rows[:rows] {
			at := (s.time(step, b)*s.batch + b) * 4 * s.Units
			for p := s.First; p < s.Last; p++ {
				s.UnpackGates(to.Data[at:], z[(p-s.First)*s.ZPanel+r*4*s.Lanes:], s.Units, p)
			}
		}
	}
	s.Affine(z, s.ZPanel, nil, s.HH, s.H[:rows], s.First, s.Last, s.Wide) // (2.1)
	keep(s.trace.z)
	s.Step(z, s.ZPanel, s.C, s.CPanel, s.Next[:rows], s.Units, s.First, s.Last) // (2.2)-(2.4)
	keep(s.trace.gates)
	s.keepStates(rows, step)
}

// phases is the step of some rows of a variant.
func (s *share[F]) phases(rows, step int) {
	s.setMasks(rows, step)
	phases := s.Phases()
	for phase := range phases {
		if phase > 0 && s.team > 1 {
			s.met.add(1)
			s.met.await((step*(phases-1) + phase) * s.team)
		}
		if s.trace == nil {
			s.Phase(phase, rows, nil)
		} else {
			s.Phase(phase, rows, func(p int, columns []int, gates bool) { s.keepColumns(p, columns, rows, step, gates) })
		}
	}
	if s.trace != nil {
		s.keepStates(rows, step)
	}
	s.Ahead(rows)
}

// keepColumns copies what stands in z of panel p into the trace: columns of z, or all gates.
func (s *share[F]) keepColumns(p int, columns []int, rows, step int, gates bool) {
	to, count := s.trace.z, s.config.columns()
	if gates {
		to, count = s.trace.gates, ops[s.config.Op].gates
		columns = []int{0, 1, 2, 3}[:count]
	}
	first := p * s.PanelUnits()
	for _, n := range columns {
		list, width := s.Column(n, p), s.Width(p)
		for r, b := range s.rows[:rows] {
			row := to.Data[((s.time(step, b)*s.batch+b)*count+n)*s.Units:][:s.Units]
			copy(row[first:], list[r*width:][:width])
		}
	}
}

// keepStates copies what a step has made into the trace.
func (s *share[F]) keepStates(rows, step int) {
	for r, b := range s.rows[:rows] {
		at := s.time(step, b)*s.batch + b
		copy(s.columns(s.trace.h.Data[at*s.outputs:][:s.outputs]), s.columns(s.Next[r]))
		if s.trace.c != nil {
			s.getCells(r, s.trace.c.Data[at*s.Units:])
		}
	}
}
