package lstmref

// scratch is memory that calls of a model reuse.
type scratch[F Float] struct {
	floats arena[F]
	rows   arena[[]F]
	passes arena[pass[F]]
	shares arena[share[F]]
}

func (m *ModelOf[F]) takeScratch() *scratch[F] {
	if s, ok := m.scratch.Get().(*scratch[F]); ok {
		return s
	}
	return &scratch[F]{}
}

func (m *ModelOf[F]) giveBack(s *scratch[F]) {
	clear(s.rows.slab) // these keep the caller's arrays
	clear(s.passes.slab)
	clear(s.shares.slab)
	s.floats.reset()
	s.rows.reset()
	s.passes.reset()
	s.shares.reset()
	m.scratch.Put(s)
}

// takeRows is so many rows of that width.
func (s *scratch[F]) takeRows(count, width int) [][]F {
	rows, floats := s.rows.take(count), s.floats.take(wholeLines(count*width))
	for r := range rows {
		rows[r] = floats[r*width:][:width:width]
	}
	return rows
}

// arena gives out parts of a slab that has grown to what the last round wanted.
type arena[T any] struct {
	slab, free []T
	wanted     int
}

// take is n elements, whatever their values.
func (a *arena[T]) take(n int) []T {
	a.wanted += n
	if n > len(a.free) {
		return make([]T, n)
	}
	part := a.free[:n:n]
	a.free = a.free[n:]
	return part
}

func (a *arena[T]) reset() {
	if a.wanted > len(a.slab) {
		a.slab = make([]T, a.wanted)
	}
	a.free, a.wanted = a.slab, 0
}

// wholeLines is n or a little more, so that what another goroutine writes is in other cache lines.
func wholeLines(n int) int { return (n + 15) &^ 15 }
