package kernel

import "math"

const partialSums = 16 // of (N13.1)

// A statisticsFunc finds mean and r (N13.1)-(N13.6) of a group in the step's first rows, ready for Kernels.norm: mean in as many places
// as a vector has, and mostLanes after it r; of the next row 2*mostLanes further.
type statisticsFunc[F Float] func(c *Cell[F], g *group, rows int)

// A group is some neighbours among the lists of z that are normalised together.
type group struct {
	number       int // of its statistics
	first, count int // lists
	full         int // panels (rows, 4*V), and
	rest, width  int // so many units in one more (rows, width)
}

// places are where a group begins in the first panel, and in the one that is not full.
func (c *Cell[F]) places(g *group) (first, last int) {
	first = g.first * c.ZColumn
	last = first + g.full*c.ZPanel + c.ZRow*g.width
	return first + c.ZRow*gates*c.Lanes, last
}

// count is how many numbers a group has in a row.
func (c *Cell[F]) count(g *group) F { return F(g.count * (g.full*gates*c.Lanes + g.rest)) }

// statisticsBaseline is that in pure Go.
func statisticsBaseline[F Float](c *Cell[F], g *group, rows int) {
	count := c.count(g)
	for row := range rows {
		mean := c.sumOf(g, row, func(x, s F) F { return x + s }) / count // (N13.3)
		variance := c.sumOf(g, row, func(x, s F) F {
			d := x - mean // (N13.4)
			return fma(d, d, s)
		}) / count // (N13.5)
		both := c.statisticsOf(g)[row*2*mostLanes:]
		both[0], both[mostLanes] = mean, 1/F(math.Sqrt(float64(variance+c.Variant.options.Epsilon))) // (N13.6)
	}
}

// sumOf is sum(f) of a row, V being 1.
func (c *Cell[F]) sumOf(g *group, row int, f func(x, s F) F) F {
	var s [partialSums]F
	first, last := c.places(g)
	for list := range g.count {
		for j := range g.full*gates + g.rest {
			at := first + j/gates*c.ZPanel + row*gates
			if j >= g.full*gates {
				at = last + row*g.width
			}
			s[j%partialSums] = f(c.Z[at+list*c.ZColumn+j%gates], s[j%partialSums]) // (N13.1)
		}
	}
	for w := partialSums / 2; w > 0; w /= 2 { // (N13.2)
		for j := range w {
			s[j] += s[j+w]
		}
	}
	return s[0]
}

// statisticsOf is where Statistics has those of a group, row by row.
func (c *Cell[F]) statisticsOf(g *group) []F {
	return c.Statistics[g.number*len(c.H)*2*mostLanes:]
}

// StatisticsSize is how much room they need.
func (v *Variant[F]) StatisticsSize(rows int) int {
	if v == nil {
		return 0
	}
	return v.groups * rows * 2 * mostLanes
}

// normalise is d = norm(v) (N13.7) of a list.
func (c *Cell[F]) normalise(g *group, d, v []F, by *Norm[F], p *panel) {
	c.norm(d, v, c.statisticsOf(g), c.units(by.Gain, p), c.units(by.Shift, p))
}

// normaliseColumns is (V16) to (V18) for the columns of a group.
func (c *Cell[F]) normaliseColumns(g *group, p *panel) {
	for n := g.first; n < g.first+g.count; n++ {
		column, z := &c.Variant.Columns[n], c.z(p, n)
		c.normalise(g, z, z, column.Norm, p)
		if column.Bias != nil {
			c.plus(z, c.units(column.Bias, p), z)
		}
		if column.Into != n {
			whole := c.z(p, column.Into)
			c.plus(whole, whole, z)
		}
	}
}
