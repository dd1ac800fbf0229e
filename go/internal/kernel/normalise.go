package kernel

import "math"

const (
	partialSums    = 16 // of (N13.1)
	parameterLanes = 8  // in which statistics stand: as many as a vector of AVX2 has; AVX-512 repeats the first
)

// A foldFunc goes on with sixteen partial sums of v: (N13.3) or (N13.5).
type foldFunc[F Float] func(s *[partialSums]F, v []F, mean F)

// sumOf is f(v, s) of (N13.3).
func sumOf[F Float](s *[partialSums]F, v []F, _ F) {
	for j, x := range v {
		s[j%partialSums] += x
	}
}

// squaresOf is f(d, s) of (N13.5) with (N13.4).
func squaresOf[F Float](s *[partialSums]F, v []F, mean F) {
	for j, x := range v {
		d := x - mean
		s[j%partialSums] = fma(d, d, s[j%partialSums])
	}
}

// statistics are mean and r of a group in each of the rows, ready for Kernels.norm.
func (c *Cell[F]) statistics(g group, rows int) {
	for row, left := range c.Left[:rows] {
		v := left[g.place:][:g.lists*g.numbers]
		n := F(len(v))
		mean := c.total(c.sum, v, g.numbers, 0) / n                        // (N13.3)
		variance := c.total(c.squares, v, g.numbers, mean) / n             // (N13.5)
		r := 1 / F(math.Sqrt(float64(variance+c.Variant.options.Epsilon))) // (N13.6)
		both := c.statistic(g, row)
		for lane := range parameterLanes {
			both[lane], both[mostLanes+lane] = mean, r
		}
	}
}

// statistic is where a group of a row has them: mean in some places, and mostLanes after it r.
func (c *Cell[F]) statistic(g group, row int) []F {
	return c.Statistics[(g.number*len(c.Left)+row)*2*mostLanes:][:2*mostLanes]
}

// StatisticsSize is how much room they need.
func (v *Variant[F]) StatisticsSize(rows int) int {
	if v == nil {
		return 0
	}
	return v.groups * rows * 2 * mostLanes
}

// total is sum(f) of lists.
func (c *Cell[F]) total(f foldFunc[F], v []F, numbers int, mean F) F {
	s := &c.partial
	clear(s[:])
	for ; len(v) > 0; v = v[numbers:] {
		f(s, v[:numbers], mean) // (N13.1)
	}
	quarter := func(j int) F { return (s[j] + s[j+8]) + (s[j+4] + s[j+12]) } // (N13.2), w = 8 and 4
	return (quarter(0) + quarter(2)) + (quarter(1) + quarter(3))             // w = 2 and 1
}

// normalise is d = norm(v) (N13.7) of a list.
func (c *Cell[F]) normalise(g group, d, v []F, by *Norm[F], p *panel[F]) {
	gain, shift := c.units(by.Gain, p), c.units(by.Shift, p)
	for row := range p.rows {
		at := row * p.width
		c.norm(d[at:][:p.width], v[at:][:p.width], c.statistic(g, row), gain, shift)
	}
}

// normaliseColumns is (V16) to (V18) for the columns of a group.
func (c *Cell[F]) normaliseColumns(g group, p *panel[F]) {
	for n := g.first; n < g.first+g.count; n++ {
		column, z := &c.Variant.Columns[n], p.z[n]
		c.normalise(g, z, z, column.Norm, p)
		if column.Bias != nil {
			bias := c.units(column.Bias, p)
			for at := 0; at < len(z); at += p.width {
				c.plus(z[at:][:p.width], bias, z[at:][:p.width])
			}
		}
		if column.Into != n {
			c.plus(p.z[column.Into], p.z[column.Into], z)
		}
	}
}

// leaveColumns leaves the columns of groups in Left.
func (c *Cell[F]) leaveColumns(groups []group, p *panel[F]) {
	for _, g := range groups {
		for n := range g.count {
			c.leave(g.place+n*g.numbers, g.numbers, p.z[g.first+n], p)
		}
	}
}
