package lstmref

import "github.com/lstm-ref/lstm_ref/go/internal/kernel"

// stepper advances some rows of one layer and direction by a step at a time, in some of the panels of hidden units.
type stepper[F Float] struct{ kernel.Cell[F] }

// step is a whole one, of all rows, in all units.
func (s *stepper[F]) step(x [][]F) {
	if s.Variant == nil {
		s.X = x
		s.Advance(len(x))
		return
	}
	s.Begin(x)
	for phase := range s.Phases() {
		s.Phase(phase, len(x), nil)
	}
	s.Ahead(0)
}

// cells visits the cell states of row r: the columns of (H,) from j on that part holds.
func (s *stepper[F]) cells(r int, visit func(j int, part []F)) {
	units := s.PanelUnits()
	for p := s.First; p < s.Last; p++ {
		at := (p-s.First)*s.CPanel + r*s.Width(p)
		visit(p*units, s.C[at:][:min(units, s.Units-p*units)])
	}
}

// setState takes row r's h (R,) and c (H,) as the state; of cells without c the state is h.
func (s *stepper[F]) setState(r int, h, c []F) {
	switch {
	case c != nil:
		s.setCells(r, c)
	case s.C != nil:
		s.setCells(r, h)
	}
}

func (s *stepper[F]) setCells(r int, c []F) {
	s.cells(r, func(j int, part []F) { copy(part, c[j:]) })
}

func (s *stepper[F]) getCells(r int, c []F) {
	s.cells(r, func(j int, part []F) { copy(c[j:], part) })
}

// columns is the share's part of a row (R,).
func (s *stepper[F]) columns(row []F) []F {
	units := s.PanelUnits()
	return row[min(s.HFirst*units, len(row)):min(s.HLast*units, len(row))]
}
