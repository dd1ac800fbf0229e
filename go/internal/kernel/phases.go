package kernel

// A phase is what is done between two meetings of those who share the units (spec/variants.md, section 1): it may read what the
// phases before it left of all units.
type phase[F Float] struct {
	seek  []group // whose statistics are found
	norms []group // of columns that are normalised
	sums  sums[F] // that the columns go on with, of h or
	late  bool    // of Cell.Middle
	part  part
	ofH   bool // the panels are those of h

	columns []int // of z, that are complete before the pointwise part
	gates   bool  // all gates are complete after it
}

// A part is the pointwise part of a phase (pointwise.go).
type part int

const (
	nothing    part = iota
	lstm            // all of section 4, where nothing waits for c' of all units
	lstmState       // what comes before the normalisation of c'
	lstmOutput      // what follows it
	project
	gru
	gruReset
	gruCandidate
	rnn
	hiddenNorm
)

// Lists is how many lists of z a panel has: the columns, then c' and h' where they are normalised.
func (v *Variant[F]) Lists() int {
	if v == nil {
		return gates
	}
	return len(v.Columns) + v.cells.count + v.hidden.count
}

// Phases is how many a step has; before each but the first all that share the units must meet.
func (v *Variant[F]) Phases() int { return len(v.phases) }

func (v *Variant[F]) then(p phase[F]) { v.phases = append(v.phases, p) }

// newGroup is the next group, of the list `first`.
func (v *Variant[F]) newGroup(first, units int, norm *Norm[F]) group {
	v.groups++
	panel := gates * v.options.Lanes
	full := units / panel
	return group{v.groups - 1, first, 1, full, units - full*panel, len(norm.Gain) - full*panel}
}

// normalise has the statistics of groups found, then a phase that reads them: nobody changes z before all who share the units have theirs.
func (v *Variant[F]) normalise(p phase[F], groups ...group) {
	v.then(phase[F]{seek: groups})
	v.then(p)
}

// reduce completes columns of z, early or late, and goes on with the pointwise part: in one phase, or in several if they are normalised.
func (v *Variant[F]) reduce(late bool, columns []int, part part) {
	sums := v.sumsOf(func(column *Column[F]) *Matrix[F] {
		if late {
			return column.Late
		}
		return column.H
	})
	var norms []group
	for n, column := range v.Columns {
		if column.Norm == nil || (column.Late != nil) != late {
			continue
		}
		if last := len(norms) - 1; last >= 0 && v.Columns[n-1].Group == column.Group {
			norms[last].count++
			continue
		}
		norms = append(norms, v.newGroup(n, v.options.Units, column.Norm))
	}
	if len(norms) == 0 {
		v.then(phase[F]{sums: sums, late: late, part: part, columns: columns})
		return
	}
	v.then(phase[F]{sums: sums, late: late})
	v.normalise(phase[F]{norms: norms, part: part, columns: columns}, norms...)
}

// gatesEnd tells that the last phase has completed the gates.
func (v *Variant[F]) gatesEnd() { v.phases[len(v.phases)-1].gates = true }

// end adds what follows h, and what the steps look up.
func (v *Variant[F]) end() *Variant[F] {
	v.ofX = v.sumsOf(func(column *Column[F]) *Matrix[F] { return column.X })
	v.units = len(v.Columns[0].Start)
	v.outputs = v.units
	if v.options.Project.Late != nil {
		v.outputs = len(v.options.Project.Start)
	}
	if v.options.HiddenNorm != nil {
		v.hidden = v.newGroup(v.Lists(), v.options.Outputs, v.options.HiddenNorm)
		v.normalise(phase[F]{part: hiddenNorm, ofH: true}, v.hidden)
	}
	return v
}

// rooms is how many lists Cell.Room holds.
func (v *Variant[F]) rooms() int {
	if v.groups > 0 || v.options.Masked {
		return 3
	}
	return 1
}

// panel is one of the panels of units for some rows.
type panel struct {
	number, width, rows int
	size                int // of a list (rows, width)
	z                   int // where z has the first column
}

// enter is a panel of units or, ofH, of outputs.
func (c *Cell[F]) enter(number, rows int, ofH bool) panel {
	width, padded := gates*c.Lanes, c.Variant.units
	if ofH {
		padded = c.Variant.outputs
	}
	width = min(width, padded-number*width)
	return panel{number, width, rows, rows * width, number*c.ZPanel + c.ZRow*width}
}

// z is a list of z in a panel.
func (c *Cell[F]) z(p *panel, list int) []F { return c.Z[p.z+list*c.ZColumn:][:p.size] }

// state is c in a panel, or h where there is no c.
func (c *Cell[F]) state(p *panel) []F { return c.C[(p.number-c.First)*c.CPanel:][:p.size] }

// room is for one of a panel's lists: 0 is h or what becomes it, 1 the new state as long as the old one is needed; that and 2 are
// there where something is normalised or masked.
func (c *Cell[F]) room(p *panel, n int) []F { return c.Room[n*p.size:][:p.size] }

// Column is what z has of a column in panel p, from the step's first row on.
func (c *Cell[F]) Column(n, p int) []F {
	return c.Z[p*c.ZPanel+n*c.ZColumn+c.ZRow*c.Width(p):]
}

// Begin forms what the sums have of x, in z for all rows of x, the first of which is then the step's.
func (c *Cell[F]) Begin(x [][]F) {
	c.ZRow = 0
	for number := c.First; number < c.Last; number++ {
		p := c.enter(number, len(x), false)
		c.start(&p, x)
	}
}

// Phase is a phase of a step of the first rows. Keep, unless it is nil, sees in each panel the columns of z that are complete, and
// in the end that the gates are.
func (c *Cell[F]) Phase(number, rows int, keep func(p int, columns []int, gates bool)) {
	ph := &c.Variant.phases[number]
	if ph.seek != nil {
		for n := range ph.seek {
			c.statistics(c, &ph.seek[n], rows)
		}
		return
	}
	first, last := c.First, c.Last
	if ph.ofH {
		first, last = c.HFirst, c.HLast
	}
	x := c.seen()
	if ph.late {
		x = c.Middle
	}
	for n := range last - first {
		if c.Backwards {
			n = last - first - 1 - n
		}
		p := c.enter(first+n, rows, ph.ofH)
		c.add(&ph.sums, &p, x[:rows])
		for n := range ph.norms {
			c.normaliseColumns(&ph.norms[n], &p)
		}
		if keep != nil {
			keep(p.number, ph.columns, false)
		}
		c.pointwise(ph.part, &p, keep != nil)
		if keep != nil && ph.gates {
			keep(p.number, nil, true)
		}
	}
}

// seen is what the products read of h: h~ of (V22), or h itself.
func (c *Cell[F]) seen() [][]F {
	if c.MaskH != nil {
		return c.Seen
	}
	return c.H
}

// units is a panel's part of what there is once for all rows.
func (c *Cell[F]) units(v []F, p *panel) []F { return v[p.number*gates*c.Lanes:][:p.width] }

// gather copies what a panel has of rows into a list.
func (c *Cell[F]) gather(list []F, rows [][]F, p *panel) {
	for r, row := range rows[:p.rows] {
		copy(list[r*p.width:][:p.width], row[p.number*gates*c.Lanes:])
	}
}

// spread copies a list to its places in rows.
func (c *Cell[F]) spread(to [][]F, list []F, p *panel) {
	for r, row := range to[:p.rows] {
		copy(row[p.number*gates*c.Lanes:], list[r*p.width:][:p.width])
	}
}

// Ahead goes on to the next step of z, after so many rows.
func (c *Cell[F]) Ahead(rows int) {
	c.ZRow += rows
	c.Backwards = !c.Backwards
	c.Seen, c.SeenNext = c.SeenNext, c.Seen
}
