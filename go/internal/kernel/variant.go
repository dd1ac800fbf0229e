package kernel

// A Variant is any cell but the plain LSTM (spec/variants.md): one or two phases, each of them sums (N3) and a pointwise part.
//
// Its units are dealt out in panels of 4*V, the last with as many vectors as there are. Every column of z is a matrix of its own,
// so that what a panel has of it for some rows, (rows, 4*V), is one list. So are the states.
type Variant struct {
	Columns []Column                 // in the order of z
	points  []func(c *Cell, p panel) // of each phase
	options Options
	Project Column // Late (R, H): phase 2 of an LSTM with a projection (V7)
}

// A Column is what one pre-activation is the sum of.
type Column struct {
	Start []float32 // as PackStart makes it
	X, H  *Matrix   // as PackColumn makes them; nil where the sum has no such term
	Late  *Matrix   // of Cell.Middle, in phase 2
}

// Phase is the one in which the sum is complete.
func (c *Column) Phase() int {
	if c.Late != nil {
		return 1
	}
	return 0
}

// Options are what the pointwise parts read.
type Options struct {
	Gate, Candidate, Output Activation
	InputForget             bool
	Peephole                *[3][]float32 // p_i, p_o, p_f, each (H,), as PackStart makes them
}

// NewLSTM has the columns i, f, g, o; of a projection (R, H) the Late, or none.
func NewLSTM(columns []Column, o Options, project Column) *Variant {
	return &Variant{columns, []func(*Cell, panel){lstm}, o, project}
}

// NewGRU has the columns r, u, n_x, n_h or, resetting before, r, u, n, the last with a Late.
func NewGRU(columns []Column, o Options) *Variant {
	points := []func(*Cell, panel){gru}
	if len(columns) == 3 {
		points = []func(*Cell, panel){gruReset, gruCandidate}
	}
	return &Variant{columns, points, o, Column{}}
}

// NewRNN has the column n.
func NewRNN(columns []Column, o Options) *Variant {
	return &Variant{columns, []func(*Cell, panel){rnn}, o, Column{}}
}

// Phases is 1 or 2: before the second all that share the units must meet.
func (v *Variant) Phases() int {
	if v.Project.Late != nil {
		return 2
	}
	return len(v.points)
}

// panel is one of the panels of units for some rows, width floats each: z by column, the state (c, or h where there is no c), and
// room.
type panel struct {
	number, width int
	z             [gates][]float32
	state, m      []float32
}

func (c *Cell) panel(p, rows int) panel {
	in := panel{number: p, width: c.Width(p)}
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
func (c *Cell) Column(n, p int) []float32 {
	return c.Z[(p-c.First)*c.ZPanel+n*c.ZPanel/len(c.Variant.Columns)+c.ZRow*c.Width(p):]
}

// Begin forms what the sums have of x, in z for all rows of x, the first of which is then the step's.
func (c *Cell) Begin(x [][]float32) {
	c.ZRow = 0
	for p := c.First; p < c.Last; p++ {
		var z [gates][]float32
		var terms [gates]*Matrix
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
func (c *Cell) Phase(phase, rows int, keep func(p int, gates bool)) {
	if phase == len(c.Variant.points) {
		c.project(rows)
		return
	}
	for n := range c.Last - c.First {
		if c.Backwards {
			n = c.Last - c.First - 1 - n
		}
		p := c.panel(c.First+n, rows)
		var terms [gates]*Matrix
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
func (c *Cell) project(rows int) {
	column := &c.Variant.Project
	for p := c.HFirst; p < c.HLast; p++ {
		h := c.Room[:rows*column.Late.width(p, c.Lanes)]
		c.Affine(h, 0, column.Start, column.Late, c.Middle[:rows], p, p+1)
		c.spread(c.Next, p, h, rows)
	}
}

// Ahead goes on to the next step of z, after so many rows.
func (c *Cell) Ahead(rows int) {
	c.ZRow += rows
	c.Backwards = !c.Backwards
}
