package kernel

// A Variant is any cell but the plain LSTM (spec/variants.md): one or two phases, each of them sums (N3) and a pointwise part.
//
// Its units are dealt out in panels of 4*V, the last with as many vectors as there are. Every column of z is a matrix of its own,
// so that what a panel has of it for some rows, (rows, 4*V), is one list. So are the states.
type Variant[F Float] struct {
	Columns []Column[F]                    // in the order of z
	points  []func(c *Cell[F], p panel[F]) // of each phase
	options Options[F]
	Project Column[F] // Late (R, H): phase 2 of an LSTM with a projection (V7)
}

// A Column is what one pre-activation is the sum of.
type Column[F Float] struct {
	Start []F        // as PackStart makes it
	X, H  *Matrix[F] // as PackColumn makes them; nil where the sum has no such term
	Late  *Matrix[F] // of Cell.Middle, in phase 2
}

// Phase is the one in which the sum is complete.
func (c *Column[F]) Phase() int {
	if c.Late != nil {
		return 1
	}
	return 0
}

// Options are what the pointwise parts read.
type Options[F Float] struct {
	Gate, Candidate, Output Activation[F]
	InputForget             bool
	Peephole                *[3][]F // p_i, p_o, p_f, each (H,), as PackStart makes them
}

// NewLSTM has the columns i, f, g, o; of a projection (R, H) the Late, or none.
func NewLSTM[F Float](columns []Column[F], o Options[F], project Column[F]) *Variant[F] {
	return &Variant[F]{columns, []func(*Cell[F], panel[F]){lstm[F]}, o, project}
}

// NewGRU has the columns r, u, n_x, n_h or, resetting before, r, u, n, the last with a Late.
func NewGRU[F Float](columns []Column[F], o Options[F]) *Variant[F] {
	points := []func(*Cell[F], panel[F]){gru[F]}
	if len(columns) == 3 {
		points = []func(*Cell[F], panel[F]){gruReset[F], gruCandidate[F]}
	}
	return &Variant[F]{columns, points, o, Column[F]{}}
}

// NewRNN has the column n.
func NewRNN[F Float](columns []Column[F], o Options[F]) *Variant[F] {
	return &Variant[F]{columns, []func(*Cell[F], panel[F]){rnn[F]}, o, Column[F]{}}
}

// Phases is 1 or 2: before the second all that share the units must meet.
func (v *Variant[F]) Phases() int {
	if v.Project.Late != nil {
		return 2
	}
	return len(v.points)
}

// panel is one of the panels of units for some rows, width floats each: z by column, the state (c, or h where there is no c), and
// room.
type panel[F Float] struct {
	number, width int
	z             [gates][]F
	state, m      []F
}

func (c *Cell[F]) panel(p, rows int) panel[F] {
	in := panel[F]{number: p, width: c.Width(p)}
	size := rows * in.width
	for n := range c.Variant.Columns {
		in.z[n] = c.Column(n, p)[:size]
	}
	in.m = c.Room[:size]
	if c.C != nil {
		in.state = c.C[(p-c.First)*c.CPanel:][:size]
	}
	return in
}

// Column is what z has of a column in panel p, from the step's first row on.
func (c *Cell[F]) Column(n, p int) []F {
	return c.Z[(p-c.First)*c.ZPanel+n*c.ZPanel/len(c.Variant.Columns)+c.ZRow*c.Width(p):]
}

// Begin forms what the sums have of x, in z for all rows of x, the first of which is then the step's.
func (c *Cell[F]) Begin(x [][]F) {
	c.ZRow = 0
	for p := c.First; p < c.Last; p++ {
		var z [gates][]F
		var terms [gates]*Matrix[F]
		width := c.Width(p)
		for n, column := range c.Variant.Columns {
			z[n], terms[n] = c.Column(n, p)[:len(x)*width], column.X
			for at := 0; at < len(z[n]); at += width {
				copy(z[n][at:][:width], column.Start[p*gates*c.Lanes:])
			}
		}
		c.add(&z, &terms, x, p)
	}
}

// Phase is a phase of a step of the first rows. Keep, unless it is nil, sees the sums and then the gates of each panel in z.
func (c *Cell[F]) Phase(phase, rows int, keep func(p int, gates bool)) {
	if phase == len(c.Variant.points) {
		c.project(rows)
		return
	}
	for n := range c.Last - c.First {
		if c.Backwards {
			n = c.Last - c.First - 1 - n
		}
		p := c.panel(c.First+n, rows)
		var terms [gates]*Matrix[F]
		x := c.H
		for n, column := range c.Variant.Columns {
			terms[n] = column.H
			if phase == 1 {
				terms[n], x = column.Late, c.Middle
			}
		}
		c.add(&p.z, &terms, x[:rows], p.number)
		if keep != nil {
			keep(p.number, false)
		}
		c.Variant.points[phase](c, p)
		if keep != nil {
			keep(p.number, true)
		}
	}
}

// project is (V7), in the share's panels of h.
func (c *Cell[F]) project(rows int) {
	column := &c.Variant.Project
	for p := c.HFirst; p < c.HLast; p++ {
		h := c.Room[:rows*column.Late.width(p, c.Lanes)]
		c.Affine(h, 0, column.Start, column.Late, c.Middle[:rows], p, p+1)
		c.spread(c.Next, p, h, rows)
	}
}

// Ahead goes on to the next step of z, after so many rows.
func (c *Cell[F]) Ahead(rows int) {
	c.ZRow += rows
	c.Backwards = !c.Backwards
}
