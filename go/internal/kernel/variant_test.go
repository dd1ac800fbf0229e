package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sum is (N3) for one output and one input, term by term.
func sum[F Float](z F, w, x []F) F {
	for k := 0; k < len(x); k += kChunk {
		var a F
		for n := k; n < min(k+kChunk, len(x)); n++ {
			a = fma(w[n], x[n], a)
		}
		z += a
	}
	return z
}

// TestColumns has columns whose last panel is of every width, and every number of rows in a tile.
func TestColumns(t *testing.T) { both(t, columns[float32], columns[float64]) }

func columns[F Float](t *testing.T) {
	for _, k := range Available[F]() {
		for name, filler := range fillers[F]() {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(11, 12))
				for vectors := 1; vectors <= 9; vectors++ {
					for rows := 1; rows <= 14; rows++ {
						inputs := kChunk*random.IntN(2) + 1 + random.IntN(kChunk)
						compareColumn(t, k, random, filler, vectors*k.Lanes-random.IntN(k.Lanes), inputs, rows)
					}
				}
			})
		}
	}
}

func compareColumn[F Float](t *testing.T, k *Kernels[F], random *rand.Rand, filler func(*rand.Rand) F, units, inputs, rows int) {
	t.Helper()
	w, a, b := values(random, filler, units*inputs), values(random, filler, units), values(random, filler, units)
	x := make([][]F, rows)
	for r := range x {
		x[r] = values(random, filler, inputs)
	}
	m, start := k.PackColumn(w, units, inputs), k.PackStart(a, b, units)
	panels := (units + gates*k.Lanes - 1) / (gates * k.Lanes)
	for p := range panels {
		width := min(gates*k.Lanes, k.Panels(units)*k.Lanes-p*gates*k.Lanes)
		z := guard[F](rows*width, random.IntN(16))
		k.Affine(z.inner, 0, start, m, x, p, p+1, nil)
		k.Affine(z.inner, 0, nil, m, x, p, p+1, nil)
		if !z.intact() {
			t.Fatalf("units %d, inputs %d, rows %d, panel %d: wrote outside z", units, inputs, rows, p)
		}
		for r := range rows {
			for n := range min(width, units-p*gates*k.Lanes) {
				j := p*gates*k.Lanes + n
				row := w[j*inputs:][:inputs]
				if got, want := z.inner[r*width+n], sum(sum(a[j]+b[j], row, x[r]), row, x[r]); !same(got, want) {
					t.Fatalf("units %d, inputs %d, row %d, unit %d: %x, want %x", units, inputs, r, j, got, want)
				}
			}
		}
	}
}

// TestAdd has every set of columns with a term, of every width, for one row and for some.
func TestAdd(t *testing.T) { both(t, add[float32], add[float64]) }

func add[F Float](t *testing.T) {
	for _, k := range Available[F]() {
		for name, filler := range fillers[F]() {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(17, 18))
				for width := 1; width <= gates; width++ {
					for set := range 1 << gates {
						for _, rows := range []int{1, 1, 3} {
							compareAdd(t, k, random, filler, width, set, rows)
						}
					}
				}
			})
		}
	}
}

// compareAdd has columns of a panel that is full, and of one of so many vectors, and takes that.
func compareAdd[F Float](t *testing.T, k *Kernels[F], random *rand.Rand, filler func(*rand.Rand) F, width, set, rows int) {
	t.Helper()
	units, inputs := (gates+width)*k.Lanes, 1+random.IntN(3*kChunk)
	width *= k.Lanes
	list := rows * width
	z, before := guard[F](gates*list, random.IntN(16)), values(random, filler, gates*list)
	copy(z.inner, before)
	var w [gates][]F
	v := &Variant[F]{Columns: make([]Column[F], gates)}
	p := &panel{number: 1, width: width, rows: rows, size: list}
	for n := range gates {
		v.Columns[n].Start = values(random, filler, units)
		if set>>n&1 == 1 {
			w[n] = values(random, filler, units*inputs)
			v.Columns[n].X = k.PackColumn(w[n], units, inputs)
		}
	}
	x := make([][]F, rows)
	for r := range x {
		x[r] = values(random, filler, inputs)
	}
	v.ofX = v.sumsOf(func(column *Column[F]) *Matrix[F] { return column.X })
	c := &Cell[F]{Kernels: k, Variant: v, Z: z.inner, ZColumn: list, Backwards: random.IntN(2) == 1}
	first := random.IntN(2) == 1 // of the sums; else they go on
	if first {
		c.start(p, x)
	} else {
		c.add(&v.ofX, p, x)
	}
	for n := range gates {
		what := fmt.Sprintf("columns %04b, width %d, inputs %d, rows %d: column %d", set, width, inputs, rows, n)
		if !z.intact() {
			t.Fatalf("%s: wrote outside", what)
		}
		for at, got := range z.inner[n*list:][:list] {
			want := before[n*list+at]
			if first {
				want = v.Columns[n].Start[gates*k.Lanes+at%width]
			}
			if w[n] != nil {
				want = sum(want, w[n][(gates*k.Lanes+at%width)*inputs:][:inputs], x[at/width])
			}
			if !same(got, want) {
				t.Fatalf("%s, place %d: %x, want %x", what, at, got, want)
			}
		}
	}
}

func TestStartOfOneBias(t *testing.T) { both(t, startOfOneBias[float32], startOfOneBias[float64]) }

func startOfOneBias[F Float](t *testing.T) {
	negZero := fromBits[F](signBit[F]())
	for _, start := range [][]F{pure[F]().PackStart([]F{negZero}, nil, 1), pure[F]().PackStart(nil, []F{negZero}, 1)} {
		if !same(start[0], negZero) { // + 0 would change it
			t.Errorf("start %x, want -0", start[0])
		}
	}
}

// TestLists compares every operation with the one in pure Go, out of place and in place of each of its lists.
func TestLists(t *testing.T) { both(t, lists[float32], lists[float64]) }

func lists[F Float](t *testing.T) {
	for _, k := range Available[F]()[1:] {
		for name, filler := range fillers[F]() {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(13, 14))
				for operation := range k.lists {
					for n := k.Lanes; n <= 64*k.Lanes; n *= 2 {
						for place := range 5 {
							compareList(t, k, random, filler, operation, n, 1, place)
							compareList(t, k, random, filler, operation, n, 3, place)
						}
					}
				}
			})
		}
	}
}

// compareList has d at the place of another list, or nowhere for the last. Of several rows, c and e are the same for all.
func compareList[F Float](t *testing.T, k *Kernels[F], random *rand.Rand, filler func(*rand.Rand) F, operation, n, rows, place int) {
	t.Helper()
	lists := make([]guarded[F], 5)
	plain := make([][]F, 5)
	for i := range lists {
		size := rows * n
		if i == 2 || i == 3 {
			size = n
		}
		lists[i] = guard[F](size, random.IntN(16))
		plain[i] = values(random, filler, size)
		copy(lists[i].inner, plain[i])
	}
	a, b := lists[0].inner, lists[1].inner
	ofRows := operation == fmaList || operation == plusList || operation == normList
	if rows > 1 && (!ofRows || place == 2 || place == 3) {
		return // not one list
	}
	if operation == normList {
		if place == 1 {
			return // the statistics
		}
		b = nil
		for _, v := range values(random, filler, 2*rows) {
			b = append(b, slices.Repeat([]F{v}, mostLanes)...)
		}
		plain[1] = b
	}
	if operation >= gatedList {
		if place == 1 {
			return // the parameters
		}
		clip := []F{0, 0, 0.5, 3}[random.IntN(4)]
		b = NewActivation(ActivationNames[max(operation, firstAct)-firstAct], filler(random), filler(random), clip).parameters
		plain[1] = b
	}
	k.lists[operation](lists[place].inner, a, b, lists[2].inner, lists[3].inner)
	pure[F]().lists[operation](plain[place], plain[0], plain[1], plain[2], plain[3])
	for i := range lists {
		if !lists[i].intact() {
			t.Fatalf("operation %d, %d floats: wrote outside list %d", operation, n, i)
		}
	}
	for j, want := range plain[place] {
		if got := lists[place].inner[j]; !same(got, want) {
			t.Fatalf("operation %d, %d floats, d at %d: [%d] = %x, want %x", operation, n, place, j, got, want)
		}
	}
}

// TestActivationTable is the table of spec/variants.md, section 3, and the examples there.
func TestActivationTable(t *testing.T) {
	inf, nan, negZero := float32(math.Inf(1)), float32(math.NaN()), bits(kSignBit)
	for _, c := range []struct {
		name              string
		alpha, beta, clip float32
		x, want           float32
	}{
		{"sigmoid", 0, 0, 0, -inf, 0}, {"sigmoid", 0, 0, 0, inf, 1}, {"sigmoid", 0, 0, 0, negZero, 0.5},
		{"tanh", 0, 0, 0, -inf, -1}, {"tanh", 0, 0, 0, inf, 1}, {"tanh", 0, 0, 0, negZero, negZero},
		{"relu", 0, 0, 0, -inf, 0}, {"relu", 0, 0, 0, inf, inf}, {"relu", 0, 0, 0, negZero, 0},
		{"leaky_relu", 0.5, 0, 0, -inf, -inf}, {"leaky_relu", 0.5, 0, 0, -3, -1.5}, {"leaky_relu", 0.5, 0, 0, negZero, negZero},
		{"elu", 2, 0, 0, -inf, -2}, {"elu", 2, 0, 0, inf, inf}, {"elu", 2, 0, 0, negZero, negZero},
		{"elu", 1, 0, 0, -0.25, bits(0xbe62820c)}, {"elu", 1, 0, 0, -1, bits(0xbf21d2a7)}, {"elu", 1, 0, 0, -20, -1},
		{"elu", 1, 0, 0, bits(0x800116c2), bits(0x800116c2)}, {"elu", 1, 0, 0, -17, bits(0xbf7fffff)},
		{"hard_sigmoid", 0.2, 0.5, 0, -inf, 0}, {"hard_sigmoid", 0.2, 0.5, 0, inf, 1}, {"hard_sigmoid", 0.2, 0.5, 0, 0.3, bits(0x3f0f5c29)},
		{"hard_sigmoid", 1, negZero, 0, negZero, 0},
		{"affine", 2, 1, 0, 3, 7}, {"affine", 1, 0, 0, -inf, -inf},
		{"scaled_tanh", 2, 1, 0, inf, 2}, {"scaled_tanh", 2, 1, 0, -inf, -2}, {"scaled_tanh", 1, 1, 0, negZero, negZero},
		{"softsign", 0, 0, 0, -3, -0.75}, {"softsign", 0, 0, 0, inf, 1}, {"softsign", 0, 0, 0, -inf, -1}, {"softsign", 0, 0, 0, negZero, negZero},
		{"softplus", 0, 0, 0, -inf, 0}, {"softplus", 0, 0, 0, inf, inf}, {"softplus", 0, 0, 0, negZero, bits(0x3f317218)},
		{"softplus", 0, 0, 0, -100, bits(0x1b)}, {"softplus", 0, 0, 0, -1, bits(0x3ea063d7)}, {"softplus", 0, 0, 0, 1, bits(0x3fa818f6)},
		{"thresholded_relu", 1, 0, 0, 0.5, 0}, {"thresholded_relu", 1, 0, 0, 1, 1}, {"thresholded_relu", -1, 0, 0, negZero, negZero},
		{"affine", 1, 0, 0.25, -inf, -0.25}, {"affine", 1, 0, 0.25, 3, 0.25}, {"affine", 1, 0, 0.25, 0.125, 0.125},
	} {
		for _, k := range Available[float32]() {
			f := NewActivation(c.name, c.alpha, c.beta, c.clip)
			list := make([]float32, k.Lanes)
			for _, v := range [][2]float32{{c.x, c.want}, {nan, nan}} {
				for lane := range list {
					list[lane] = v[0]
				}
				k.act(f, list, list)
				for _, got := range list {
					if !same(got, v[1]) {
						t.Errorf("%s: %s(%v) = %v (%s), want %v", k.Name, c.name, v[0], got, fmt.Sprintf("%#08x", math.Float32bits(got)), v[1])
					}
				}
			}
		}
	}
}

// TestNewActivationsAccuracy compares with float64, as TestActivationsAccuracy.
func TestNewActivationsAccuracy(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 16))
	for range 200_000 {
		x := bits(random.Uint32())
		if x != x {
			continue
		}
		if x < 0 {
			checkUlp(t, "expm1", x, single.expm1(x), math.Expm1(float64(x)))
		}
		checkUlps(t, "softplus", x, single.softplus(x), math.Max(0, float64(x))+math.Log1p(math.Exp(-math.Abs(float64(x)))), 3)
	}
}
