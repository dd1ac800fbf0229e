package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFolds compares the partial sums with (N13.1), written as it stands there, for every number of units left after whole sixteens.
func TestFolds(t *testing.T) { both(t, folds[float32], folds[float64]) }

func folds[F Float](t *testing.T) {
	for _, k := range Available[F]() {
		for name, filler := range fillers[F]() {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(19, 20))
				for n := range 70 {
					v, s := guard[F](n, random.IntN(16)), guard[F](partialSums, random.IntN(16))
					copy(v.inner, values(random, filler, n))
					before, mean := values(random, filler, partialSums), filler(random)
					for f, fold := range []foldFunc[F]{k.sum, k.squares} {
						copy(s.inner, before)
						fold((*[partialSums]F)(s.inner), v.inner, mean)
						want := slices.Clone(before)
						for j, x := range v.inner {
							if f == 0 {
								want[j%16] = x + want[j%16] // (N13.3)
							} else {
								d := x - mean // (N13.4)
								want[j%16] = fma(d, d, want[j%16])
							}
						}
						for j := range want {
							if !same(s.inner[j], want[j]) || !s.intact() || !v.intact() {
								t.Fatalf("fold %d of %d, sum %d: %x, want %x", f, n, j, s.inner[j], want[j])
							}
						}
					}
				}
			})
		}
	}
}

// TestStatistics has lists whose units do not fill sixteen sums, and beyond them what no sum may take.
func TestStatistics(t *testing.T) { both(t, statistics[float32], statistics[float64]) }

func statistics[F Float](t *testing.T) {
	nan := F(math.NaN())
	for _, k := range Available[F]() {
		for _, units := range []int{1, 5, 16, 37, 64} {
			for lists := 1; lists <= 4; lists++ {
				v := &Variant[F]{groups: 2, options: Options[F]{Epsilon: 0.5}}
				c := &Cell[F]{Kernels: k, Variant: v}
				g := group{number: 1, place: 3, lists: lists, numbers: units}
				random := rand.New(rand.NewPCG(21, uint64(units)))
				for range 3 {
					row := slices.Concat([]F{nan, nan, nan}, values(random, fillers[F]()["usual"], lists*units), []F{nan})
					c.Left = append(c.Left, row)
				}
				c.Statistics = make([]F, v.StatisticsSize(3))
				c.statistics(g, 2)
				c.statistics(group{place: 3, lists: 1, numbers: 1}, 2) // of another group
				for row, left := range c.Left[:2] {
					mean, r := statisticsOf(left[3:][:lists*units], units, 0.5)
					got := c.statistic(g, row)
					if !same(got[0], mean) || !same(got[parameterLanes-1], mean) || !same(got[mostLanes], r) || !same(got[mostLanes+parameterLanes-1], r) {
						t.Fatalf("%s, %d lists of %d: %v, want %v and %v", k.Name, lists, units, got, mean, r)
					}
				}
				if zero := c.statistic(g, 2)[0]; zero != 0 {
					t.Errorf("a row that is not asked for: %v", zero)
				}
			}
		}
	}
}

// statisticsOf is (N13.1) to (N13.6), term by term.
func statisticsOf[F Float](v []F, units int, epsilon F) (mean, r F) {
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
			v := &Variant[F]{groups: 1, options: Options[F]{Epsilon: 0.25}}
			c := &Cell[F]{Kernels: k, Variant: v, Left: [][]F{take(), take(), take()}, Statistics: make([]F, v.StatisticsSize(3))}
			g := group{lists: 1, numbers: units}
			gain, shift := take(), take()
			norm := &Norm[F]{k.PackStart(gain, nil, units), k.PackStart(shift, nil, units)}
			c.statistics(g, 3)
			for first := 0; first < units; first += gates * k.Lanes {
				p := &panel[F]{number: first / (gates * k.Lanes), rows: 3}
				p.width = min(gates, k.Panels(units)-p.number*gates) * k.Lanes
				list := guard[F](3*p.width, random.IntN(16))
				c.gather(list.inner, c.Left, 0, p)
				c.normalise(g, list.inner, list.inner, norm, p)
				for row, left := range c.Left {
					mean, r := statisticsOf(left, units, 0.25)
					for n := range min(p.width, units-first) {
						j := first + n
						got, want := list.inner[row*p.width+n], fma((left[j]-mean)*r, gain[j], shift[j]) // (N13.7)
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
		v := &Variant[float32]{groups: 1, options: Options[float32]{Epsilon: 1e-5}}
		c := &Cell[float32]{Kernels: k, Variant: v, Left: [][]float32{{1, 2, 4, -1}}, Statistics: make([]float32, v.StatisticsSize(1))}
		c.statistics(group{lists: 1, numbers: 4}, 1)
		norm := &Norm[float32]{k.PackStart([]float32{1, 1, 1, 2}, nil, 4), k.PackStart([]float32{0, 0, 0, 1}, nil, 4)}
		width := 4 * max(1, k.Lanes/4)
		p := &panel[float32]{width: width, rows: 1}
		list := make([]float32, width)
		copy(list, c.Left[0])
		c.normalise(group{lists: 1, numbers: 4}, list, list, norm, p)
		for n, want := range []uint32{0xbe8e00c7, 0x3e8e00c7, 0x3fb180f9, 0xbfe301f2} {
			if list[n] != bits(want) {
				t.Errorf("%s: [%d] = %s, want %#x", k.Name, n, fmt.Sprintf("%#x", math.Float32bits(list[n])), want)
			}
		}
	}
}
