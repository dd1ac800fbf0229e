package lstmref

import "github.com/lstm-ref/lstm_ref/go/internal/kernel"

// stepper advances some rows of one layer and direction by a step at a time, in some of the panels of hidden units.
type stepper struct{ kernel.Cell }

// cells visits the cell states of row r: the columns of (H,) from j on that part holds.
func (s *stepper) cells(r int, visit func(j int, part []float32)) {
	lanes := s.Lanes
	for p := s.First; p < s.Last; p++ {
		at := ((p-s.First)*len(s.H) + r) * lanes
		visit(p*lanes, s.C[at:][:min(lanes, s.Units-p*lanes)])
	}
}

func (s *stepper) setCells(r int, c []float32) {
	s.cells(r, func(j int, part []float32) { copy(part, c[j:]) })
}

func (s *stepper) getCells(r int, c []float32) {
	s.cells(r, func(j int, part []float32) { copy(c[j:], part) })
}

// columns is the share's part of a row (H,).
func (s *stepper) columns(row []float32) []float32 {
	return row[min(s.First*s.Lanes, s.Units):min(s.Last*s.Lanes, s.Units)]
}
