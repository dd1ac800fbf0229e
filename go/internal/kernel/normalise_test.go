package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestStatistics has lists whose units do not fill sixteen sums, in rows of a step that is not the first, and beyond them what no sum
// may take.
func TestStatistics(t *testing.T) { both(t, everyStatistics[float32], everyStatistics[float64]) }

func everyStatistics[F Float](t *testing.T) {
	for _, k := range Available[F]() {
		for name, filler := range fillers[F]() {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(21, 22))
				for units := 1; units <= 140; units++ {
					compareStatistics(t, k, random, filler, units, 1+units%4)
				}
			})
		}
	}
}

// ofLists is a cell with lists of z, each of rows that others come before; the lists of a row are at [row], one after the other.
func ofLists[F Float](k *Kernels[F], units, lists int, rows [][]F, epsilon F) *Cell[F] {
	const before = 3
	v := &Variant[F]{Columns: make([]Column[F], lists), options: Options[F]{Lanes: k.Lanes, Epsilon: epsilon}}
	c := &Cell[F]{Kernels: k, Variant: v, Units: units, H: rows, ZRow: before}
	panels := k.PanelsFor(v, units)
	c.ZColumn = (before + len(rows)) * c.PanelUnits()
	c.ZPanel, c.Statistics = lists*c.ZColumn, make([]F, 2*len(rows)*2*mostLanes)
	c.Z = slices.Repeat([]F{F(math.NaN())}, panels*c.ZPanel)
	for p := range panels {
		for list := range lists {
			for r, row := range rows {
				units := row[list*units+p*c.PanelUnits() : (list+1)*units]
				copy(c.Column(list, p)[r*c.Width(p):][:c.Width(p)], units)
			}
		}
	}
	return c
}

func compareStatistics[F Float](t *testing.T, k *Kernels[F], random *rand.Rand, filler func(*rand.Rand) F, units, lists int) {
	t.Helper()
	rows := [][]F{values(random, filler, lists*units), values(random, filler, lists*units)}
	c := ofLists(k, units, lists, rows, 0.5)
	g := c.newGroup(lists/2, units, &Norm[F]{Gain: k.PackStart(nil, nil, units)})
	g.count = lists - lists/2
	to := guard[F](len(rows)*2*mostLanes, random.IntN(16))
	c.Statistics = to.inner
	c.statistics(c, &g, len(rows))
	for row := range rows {
		mean, r := statisticsByTerm(rows[row][g.first*units:], units, 0.5)
		got := to.inner[row*2*mostLanes:]
		for lane := range k.Lanes {
			if !same(got[lane], mean) || !same(got[mostLanes+lane], r) || !to.intact() {
				t.Fatalf("%d lists of %d: %v, want %v and %v", g.count, units, got[:2*mostLanes], mean, r)
			}
		}
	}
}

// statisticsByTerm is (N13.1) to (N13.6), term by term.
func statisticsByTerm[F Float](v []F, units int, epsilon F) (mean, r F) {
	total := func(f func(v, s F) F) F {
		var s [16]F
		for n, x := range v {
			s[n%units%16] = f(x, s[n%units%16])
		}
		for w := 8; w >= 1; w /= 2 {
			for j := range w {
				s[j] += s[j+w]
			}
		}
		return s[0]
	}
	n := F(len(v))
	mean = total(func(v, s F) F { return v + s }) / n
	variance := total(func(v, s F) F { d := v - mean; return fma(d, d, s) }) / n
	return mean, 1 / F(math.Sqrt(float64(variance+epsilon)))
}

// TestNormalise has every place of a panel, in rows of different statistics.
func TestNormalise(t *testing.T) { both(t, normalise[float32], normalise[float64]) }

func normalise[F Float](t *testing.T) {
	for _, k := range Available[F]() {
		for _, units := range []int{3, 37, 64, 81} {
			random := rand.New(rand.NewPCG(23, uint64(units)))
			take := func() []F { return values(random, fillers[F]()["usual"], units) }
			rows := [][]F{take(), take(), take()}
			c := ofLists(k, units, 1, rows, 0.25)
			gain, shift := take(), take()
			norm := &Norm[F]{k.PackStart(gain, nil, units), k.PackStart(shift, nil, units)}
			c.newGroup(0, units, norm)
			g := c.newGroup(0, units, norm) // has statistics behind those of the first
			c.statistics(c, &g, 3)
			for number := range k.PanelsFor(c.Variant, units) {
				p := &panel{number: number, width: c.Width(number), rows: 3}
				list := guard[F](3*p.width, random.IntN(16))
				copy(list.inner, c.Column(0, number))
				c.normalise(&g, list.inner, list.inner, norm, p)
				for row := range rows {
					mean, r := statisticsByTerm(rows[row], units, 0.25)
					first := number * c.PanelUnits()
					for n := range min(p.width, units-first) {
						j := first + n
						got, want := list.inner[row*p.width+n], fma((rows[row][j]-mean)*r, gain[j], shift[j]) // (N13.7)
						if !same(got, want) || !list.intact() {
							t.Fatalf("%s, %d units: row %d, unit %d: %x, want %x", k.Name, units, row, j, got, want)
						}
					}
				}
			}
		}
	}
}

// TestNormExample is the example of spec/variants.md, section 7.
func TestNormExample(t *testing.T) {
	for _, k := range Available[float32]() {
		c := ofLists(k, 4, 1, [][]float32{{1, 2, 4, -1}}, 1e-5)
		norm := &Norm[float32]{k.PackStart([]float32{1, 1, 1, 2}, nil, 4), k.PackStart([]float32{0, 0, 0, 1}, nil, 4)}
		g := c.newGroup(0, 4, norm)
		c.statistics(c, &g, 1)
		list := c.Column(0, 0)[:c.Width(0)]
		c.normalise(&g, list, list, norm, &panel{width: c.Width(0), rows: 1})
		for n, want := range []uint32{0xbe8e00c7, 0x3e8e00c7, 0x3fb180f9, 0xbfe301f2} {
			if list[n] != bits(want) {
				t.Errorf("%s: [%d] = %s, want %#x", k.Name, n, fmt.Sprintf("%#x", math.Float32bits(list[n])), want)
			}
		}
	}
}
