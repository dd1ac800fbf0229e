package kernel

// A phase is what is done between two meetings of those who share the units (spec/variants.md, section 1): it may read what the
// phases before it left of all units.
type phase[F Float] struct {
	norms []group // of what lies in Cell.Left
	sums  bool    // the columns go on with their terms of h, or
	late  bool    // with those of Cell.Middle
	point func(c *Cell[F], p *panel[F])
	ofH   bool // the panels are those of h

	columns []int // of z, that are complete before the pointwise part
	gates   bool  // all gates are complete after it
}

// A group is some neighbours in Cell.Left that are normalised together.
type group struct {
	number                int // of its statistics
	first, count          int // columns; none where it is c or h
	place, lists, numbers int // in Left: so many lists of so many numbers
}

// Left holds what the columns are before they are normalised, then c and h; each only where somebody normalises it.
func (v *Variant[F]) leftC() int { return len(v.Columns) * v.options.Units }
func (v *Variant[F]) leftH() int { return v.leftC() + v.options.Units }

// LeftSize is how much a row of Cell.Left holds.
func (v *Variant[F]) LeftSize() int {
	switch {
	case v == nil || v.groups == 0:
		return 0
	case v.options.HiddenNorm != nil:
		return v.leftH() + v.options.Outputs
	}
	return v.leftH()
}

// Lists is how many lists of z a panel has.
func (v *Variant[F]) Lists() int {
	if v == nil {
		return gates
	}
	return len(v.Columns)
}

// Phases is how many a step has; before each but the first all that share the units must meet.
func (v *Variant[F]) Phases() int { return len(v.phases) }

func (v *Variant[F]) then(p phase[F]) { v.phases = append(v.phases, p) }

// newGroup is the next group.
func (v *Variant[F]) newGroup(place, lists, numbers int) group {
	v.groups++
	return group{number: v.groups - 1, place: place, lists: lists, numbers: numbers}
}

// reduce completes columns of z, early or late, and goes on with the pointwise part: in one phase, or in two if they are normalised.
func (v *Variant[F]) reduce(late bool, columns []int, point func(*Cell[F], *panel[F])) {
	var norms []group
	for n, column := range v.Columns {
		if column.Norm == nil || (column.Late != nil) != late {
			continue
		}
		if last := len(norms) - 1; last >= 0 && v.Columns[n-1].Group == column.Group {
			norms[last].count++
			norms[last].lists++
			continue
		}
		g := v.newGroup(n*v.options.Units, 1, v.options.Units)
		g.first, g.count = n, 1
		norms = append(norms, g)
	}
	if len(norms) == 0 {
		v.then(phase[F]{sums: true, late: late, point: point, columns: columns})
		return
	}
	v.then(phase[F]{sums: true, late: late, point: func(c *Cell[F], p *panel[F]) { c.leaveColumns(norms, p) }})
	v.then(phase[F]{norms: norms, point: point, columns: columns})
}

// gatesEnd tells that the last phase has completed the gates.
func (v *Variant[F]) gatesEnd() { v.phases[len(v.phases)-1].gates = true }

// end adds what follows h, and is the variant.
func (v *Variant[F]) end() *Variant[F] {
	if v.options.HiddenNorm != nil {
		v.hidden = v.newGroup(v.leftH(), 1, v.options.Outputs)
		v.then(phase[F]{norms: []group{v.hidden}, point: hiddenNorm[F], ofH: true})
	}
	return v
}

// rooms is how many lists Cell.Room holds.
func (v *Variant[F]) rooms() int {
	if v.groups > 0 || v.options.Masked {
		return 4
	}
	return 1
}

// panel is one of the panels of units for some rows, width floats each: z by column, the state (c, or h where there is no c), and
// room for other lists.
type panel[F Float] struct {
	number, width, rows int
	z                   [mostColumns][]F
	state, m            []F
	next                []F    // the new state as long as the old one is needed; it and more are there
	more                [2][]F // where something is normalised or masked
}

// mostColumns of a variant: four, and a part of each (V18).
const mostColumns = 2 * gates

// enter fills in Cell.panel.
func (c *Cell[F]) enter(number, rows int, ofH bool) *panel[F] {
	v, p := c.Variant, &c.panel
	units := c.Units
	if ofH {
		units = v.options.Outputs
	}
	p.number, p.width, p.rows = number, c.widthOf(number, units), rows
	size := rows * p.width
	p.m = c.Room[:size]
	if lists := v.rooms(); lists > 1 {
		apart := len(c.Room) / lists
		p.next, p.more[0], p.more[1] = c.Room[apart:][:size], c.Room[2*apart:][:size], c.Room[3*apart:][:size]
	}
	if ofH && v.options.Outputs != c.Units {
		return p
	}
	for n := range v.Columns {
		p.z[n] = c.Column(n, number)[:size]
	}
	if c.C != nil {
		p.state = c.C[(number-c.First)*c.CPanel:][:size]
	}
	return p
}

// Column is what z has of a column in panel p, from the step's first row on.
func (c *Cell[F]) Column(n, p int) []F {
	return c.Z[(p-c.First)*c.ZPanel+n*c.ZPanel/len(c.Variant.Columns)+c.ZRow*c.Width(p):]
}

// Begin forms what the sums have of x, in z for all rows of x, the first of which is then the step's.
func (c *Cell[F]) Begin(x [][]F) {
	c.ZRow = 0
	for p := c.First; p < c.Last; p++ {
		var z [mostColumns][]F
		width := c.Width(p)
		for n, column := range c.Variant.Columns {
			z[n] = c.Column(n, p)[:len(x)*width]
			for at := 0; at < len(z[n]); at += width {
				copy(z[n][at:][:width], column.Start[p*gates*c.Lanes:])
			}
		}
		c.addAll(&z, func(column *Column[F]) *Matrix[F] { return column.X }, x, p)
	}
}

// addAll goes on with the sums of all columns that have such a term.
func (c *Cell[F]) addAll(z *[mostColumns][]F, term func(*Column[F]) *Matrix[F], x [][]F, p int) {
	columns := c.Variant.Columns
	for first := 0; first < len(columns); first += gates {
		var terms [gates]*Matrix[F]
		for n := range columns[first:min(first+gates, len(columns))] {
			terms[n] = term(&columns[first+n])
		}
		c.add((*[gates][]F)(z[first:]), &terms, x, p)
	}
}

// Phase is a phase of a step of the first rows. Keep, unless it is nil, sees in each panel the columns of z that are complete, and
// in the end that the gates are.
func (c *Cell[F]) Phase(number, rows int, keep func(p int, columns []int, gates bool)) {
	ph := &c.Variant.phases[number]
	for _, g := range ph.norms {
		c.statistics(g, rows)
	}
	first, last := c.First, c.Last
	if ph.ofH {
		first, last = c.HFirst, c.HLast
	}
	for n := range last - first {
		if c.Backwards {
			n = last - first - 1 - n
		}
		p := c.enter(first+n, rows, ph.ofH)
		switch {
		case ph.sums && ph.late:
			c.addAll(&p.z, func(column *Column[F]) *Matrix[F] { return column.Late }, c.Middle[:rows], p.number)
		case ph.sums:
			c.addAll(&p.z, func(column *Column[F]) *Matrix[F] { return column.H }, c.seen()[:rows], p.number)
		}
		for _, g := range ph.norms {
			c.normaliseColumns(g, p)
		}
		if keep != nil {
			keep(p.number, ph.columns, false)
		}
		ph.point(c, p)
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
func (c *Cell[F]) units(v []F, p *panel[F]) []F { return v[p.number*gates*c.Lanes:][:p.width] }

// gather copies what a panel has of rows, from a place in them on, into a list.
func (c *Cell[F]) gather(list []F, rows [][]F, place int, p *panel[F]) {
	for r, row := range rows[:p.rows] {
		copy(list[r*p.width:][:p.width], row[place+p.number*gates*c.Lanes:])
	}
}

// spread copies a list to its places in rows.
func (c *Cell[F]) spread(to [][]F, list []F, p *panel[F]) {
	for r, row := range to[:p.rows] {
		copy(row[p.number*gates*c.Lanes:], list[r*p.width:][:p.width])
	}
}

// leave copies a list to its places in Left, where so many numbers are from there on.
func (c *Cell[F]) leave(place, numbers int, list []F, p *panel[F]) {
	for r, row := range c.Left[:p.rows] {
		copy(row[place:][:numbers][p.number*gates*c.Lanes:], list[r*p.width:][:p.width])
	}
}

// Ahead goes on to the next step of z, after so many rows.
func (c *Cell[F]) Ahead(rows int) {
	c.ZRow += rows
	c.Backwards = !c.Backwards
	c.Seen, c.SeenNext = c.SeenNext, c.Seen
}
