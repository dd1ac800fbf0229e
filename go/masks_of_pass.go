package lstmref

// masksOfPass are the masks of one layer and direction; nil where there is none.
type masksOfPass[F Float] struct {
	candidate, keepH, keepC *TensorOf[F]
	h, input                *TensorOf[F]
}

// prepareMasks finds the masks of a pass, and masks its initial h (V22).
func (p *pass[F]) prepareMasks(memory *scratch[F]) {
	if p.call.masks == nil {
		return
	}
	find := func(name string) *TensorOf[F] { return p.call.masks[name+suffix(p.layer, p.direction)] }
	p.masks = masksOfPass[F]{
		candidate: find("mask_candidate_"), keepH: find("keep_h_"), keepC: find("keep_c_"), h: find("mask_h_"),
	}
	if p.layer > 0 {
		p.masks.input = p.call.masks["mask_y_"+suffix(p.layer-1, 0)]
	}
	if p.masks.h == nil {
		return
	}
	for n := range p.seen {
		p.seen[n] = memory.takeRows(len(p.rows), p.outputs)
	}
	for r, b := range p.rows {
		at := (p.layer*p.config.directions()+p.direction)*p.batch + b
		multiply(p.seen[0][r], p.state.H.Data[at*p.outputs:][:p.outputs], rowOf(p.masks.h, b))
	}
}

// takeMasks makes room for what the kernels see of masks; in evaluation zoneout keeps by its rates.
func (s *share[F]) takeMasks(memory *scratch[F]) {
	rows := len(s.rows)
	of := func(mask *TensorOf[F]) [][]F {
		if mask == nil {
			return nil
		}
		return memory.rows.take(rows)
	}
	s.MaskH, s.MaskCandidate, s.KeepH, s.KeepC = of(s.masks.h), of(s.masks.candidate), of(s.masks.keepH), of(s.masks.keepC)
	for r, b := range s.rows[:len(s.MaskH)] {
		s.MaskH[r] = rowOf(s.masks.h, b)
	}
	if s.call.masks == nil {
		s.KeepH, s.KeepC = keptRows[F](s.config.ZoneoutH, s.outputs, rows), keptRows[F](s.config.ZoneoutC, s.Units, rows)
	}
	if s.masks.input != nil {
		s.masked = memory.floats.take(wholeLines(rows * s.block * s.inputSize))
	}
}

// setMasks sets those that are others in each step.
func (s *share[F]) setMasks(rows, step int) {
	if s.call.masks == nil {
		return
	}
	for _, m := range []struct {
		to   [][]F
		mask *TensorOf[F]
	}{{s.MaskCandidate, s.masks.candidate}, {s.KeepH, s.masks.keepH}, {s.KeepC, s.masks.keepC}} {
		if m.mask == nil {
			continue
		}
		for r, b := range s.rows[:rows] {
			m.to[r] = rowOf(m.mask, s.time(step, b)*s.batch+b)
		}
	}
}

// maskInput is (V26): the n-th x of a block, row b at time t.
func (s *share[F]) maskInput(n, t, b int) []F {
	x := s.masked[n*s.inputSize:][:s.inputSize]
	multiply(x, s.x[n], rowOf(s.masks.input, t*s.batch+b))
	return x
}

// keptRows is rows of the rate at which zoneout keeps a value; nil when that is 0.
func keptRows[F Float](rate float32, width, count int) [][]F {
	if rate == 0 {
		return nil
	}
	row := make([]F, width)
	for n := range row {
		row[n] = F(rate)
	}
	rows := make([][]F, count)
	for r := range rows {
		rows[r] = row
	}
	return rows
}

// rowOf is a row of all but the last axis.
func rowOf[F Float](tensor *TensorOf[F], row int) []F {
	width := tensor.Shape[len(tensor.Shape)-1]
	return tensor.Data[row*width:][:width]
}

// multiply is d = a * b.
func multiply[F Float](d, a, b []F) {
	for n := range d {
		d[n] = a[n] * b[n]
	}
}
