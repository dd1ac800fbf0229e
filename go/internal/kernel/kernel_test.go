package kernel

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// sizes are those that break kernels: around the lanes, panels and chunks.
var sizes = []int{1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129}

func bits(u uint32) float32 { return math.Float32frombits(u) }

// same compares by bits; two NaNs are equal (N7).
func same[F Float](a, b F) bool {
	return toBits(a) == toBits(b) || a != a && b != b
}

func TestFmaCrafted(t *testing.T) {
	for _, c := range []struct {
		a, b, c, want uint32
		catches       string
	}{
		{0x3f800001, 0x3fc00000, 0x97800000, 0x3fc00001, "unfused, or rounded twice"},
		{0x1a000001, 0x19fffffe, 0x00400001, 0x00400001, "rounded twice to a subnormal: the sum is just below a halfway point"},
		{0x1a000b3b, 0x19ffe98c, 0x00400002, 0x00400003, "an odd sum moved on, to a halfway point"},
	} {
		if got := fma(bits(c.a), bits(c.b), bits(c.c)); math.Float32bits(got) != c.want {
			t.Errorf("fma(%#08x, %#08x, %#08x) = %#08x, want %#08x: %s", c.a, c.b, c.c, math.Float32bits(got), c.want, c.catches)
		}
	}
}

// exactFma is the oracle: big.Float has neither subnormals nor infinities, so it is asked for the precision float32
// has at the result's size.
func exactFma(a, b, c float32) float32 {
	p := new(big.Float).SetPrec(2000).Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
	sum := new(big.Float).SetPrec(2000).Add(p, big.NewFloat(float64(c)))
	got, _ := sum.Float32()
	if sum.Sign() == 0 { // the sign of an exact zero is that of IEEE addition
		return float32(float64(a)*float64(b) + float64(c))
	}
	return got
}

func TestFmaAgainstExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	finite := func(lowest, highest uint32) float32 { // biased exponents
		e := lowest + random.Uint32N(highest-lowest+1)
		fraction := random.Uint32() & 0x7fffff
		if random.IntN(2) == 0 { // few bits set: ties and exact cases
			fraction &= 0x700000 | 1<<random.IntN(3)
		}
		return bits(random.Uint32()&kSignBit | e<<23 | fraction)
	}
	ranges := [][3][2]uint32{
		{{0, 254}, {0, 254}, {0, 254}},
		{{120, 134}, {120, 134}, {95, 134}}, // near each other, and c a halfway tail
		{{0, 127}, {0, 127}, {0, 30}},       // subnormal results
		{{50, 70}, {50, 70}, {0, 3}},
		{{180, 200}, {180, 200}, {250, 254}}, // about to overflow
	}
	for n := range 400_000 {
		r := ranges[n%len(ranges)]
		a, b, c := finite(r[0][0], r[0][1]), finite(r[1][0], r[1][1]), finite(r[2][0], r[2][1])
		if n%3 == 0 { // c at a halfway distance of the product
			p := float64(a) * float64(b)
			c = float32(math.Ldexp(p, -24-random.IntN(3)))
		}
		if got, want := fma(a, b, c), exactFma(a, b, c); !same(got, want) {
			t.Fatalf("fma(%x, %x, %x) = %x, want %x", a, b, c, got, want)
		}
	}
}

func TestFmaSpecial(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct{ a, b, c, want float32 }{
		{inf, 0, 1, nan}, {inf, 1, -inf, nan}, {inf, 1, 1, inf}, {1, 1, -inf, -inf}, {nan, 0, 0, nan},
		{0, 0, bits(kSignBit), 0}, {bits(kSignBit), 0, bits(kSignBit), bits(kSignBit)}, {1, 1, -1, 0},
		{bits(1), -0.25, 0, bits(kSignBit)}, // underflows to -0
		{bits(0x7f7fffff), 2, bits(0xff7fffff), bits(0x7f7fffff)},
	} {
		if got := fma(c.a, c.b, c.c); !same(got, c.want) {
			t.Errorf("fma(%v, %v, %v) = %v, want %v", c.a, c.b, c.c, got, c.want)
		}
	}
}

// TestActivationExamples are the examples of N5 and N6 that need no table.
func TestActivationExamples(t *testing.T) {
	both(t, activationExamples[float32], activationExamples[float64])
}

func activationExamples[F Float](t *testing.T) {
	inf, nan, negZero := F(math.Inf(1)), F(math.NaN()), fromBits[F](signBit[F]())
	k := arithmeticOf[F]()
	tiny := fromBits[F](0x116c2) // 1e-40 in float32
	for _, c := range []struct {
		name      string
		got, want F
	}{
		{"sigmoid(0)", k.sigmoid(0), 0.5}, {"sigmoid(-0)", k.sigmoid(negZero), 0.5}, {"sigmoid(inf)", k.sigmoid(inf), 1},
		{"sigmoid(-inf)", k.sigmoid(-inf), 0}, {"sigmoid(NaN)", k.sigmoid(nan), nan}, {"sigmoid(lowest)", k.sigmoid(k.sigmoidMin), 0},
		{"tanh(0)", k.tanh(0), 0}, {"tanh(-0)", k.tanh(negZero), negZero}, {"tanh(inf)", k.tanh(inf), 1}, {"tanh(-inf)", k.tanh(-inf), -1},
		{"tanh(NaN)", k.tanh(nan), nan}, {"tanh(tiny)", k.tanh(tiny), tiny},
	} {
		if !same(c.got, c.want) {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
}

// TestActivationsAccuracy compares with float64: at most 1 unit in the last place and a little off the true value.
func TestActivationsAccuracy(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		x := bits(random.Uint32())
		if x != x {
			continue
		}
		e := math.Exp(-math.Abs(float64(x)))
		s := 1 / (1 + e)
		if x < 0 {
			s = e / (1 + e)
		}
		checkUlp(t, "sigmoid", x, single.sigmoid(x), s)
		checkUlp(t, "tanh", x, single.tanh(x), math.Tanh(float64(x)))
	}
}

func checkUlp(t *testing.T, name string, x, got float32, want float64) {
	t.Helper()
	checkUlps(t, name, x, got, want, 1)
}

func checkUlps(t *testing.T, name string, x, got float32, want, most float64) {
	t.Helper()
	near := float32(want)
	ulp := float64(math.Nextafter32(float32(math.Abs(float64(near))), float32(math.Inf(1)))) - math.Abs(float64(near))
	if !(float64(got) == want || math.Abs(float64(got)-want) <= most*ulp) {
		t.Errorf("%s(%v) = %v, want %v", name, x, got, want)
	}
}

// guarded is a slice of n elements between sentinels, its start shifted by some elements off any alignment.
type guarded[F Float] struct {
	whole, inner []F
	shift        int
}

// sentinel is the pattern of a NaN: where it is read by mistake, the result shows it.
func sentinel[F Float]() uint64 {
	if isFloat64[F]() {
		return 0x7ff8deaddeaddead
	}
	return 0x7fc0dead
}

func guard[F Float](n, shift int) guarded[F] {
	whole := make([]F, n+64)
	for i := range whole {
		whole[i] = fromBits[F](sentinel[F]())
	}
	return guarded[F]{whole, whole[16+shift:][:n:n], shift}
}

func (g guarded[F]) intact() bool {
	for i, v := range g.whole {
		if (i < 16+g.shift || i >= 16+g.shift+len(g.inner)) && toBits(v) != sentinel[F]() {
			return false
		}
	}
	return true
}

// fillers make test values of different kinds.
func fillers[F Float]() map[string]func(r *rand.Rand) F {
	negZero, smallest := fromBits[F](signBit[F]()), fromBits[F](1)
	return map[string]func(r *rand.Rand) F{
		"usual":    func(r *rand.Rand) F { return F(r.Float64()*4 - 2) },
		"extremes": func(r *rand.Rand) F { return fromBits[F](r.Uint64()) }, // NaN and infinities too
		"zeros":    func(r *rand.Rand) F { return []F{0, negZero, smallest, -smallest, -0.25, 1}[r.IntN(6)] },
	}
}

func TestAffineAgainstBaseline(t *testing.T) {
	both(t, affineAgainstBaseline[float32], affineAgainstBaseline[float64])
}

func affineAgainstBaseline[F Float](t *testing.T) {
	for _, k := range Available[F]()[1:] {
		for name, filler := range fillers[F]() {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(5, 6))
				for _, units := range sizes {
					for _, inputs := range sizes {
						compareAffine(t, k, random, filler, units, inputs, 1+random.IntN(14))
					}
				}
			})
		}
	}
}

// TestEveryTile has every number of rows in a tile, alone and after others, in some panels.
func TestEveryTile(t *testing.T) { both(t, everyTile[float32], everyTile[float64]) }

func everyTile[F Float](t *testing.T) {
	for _, k := range Available[F]()[1:] {
		t.Run(k.Name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(9, 10))
			for rows := 1; rows <= 70; rows += 1 + rows/14*5 {
				for panels := 1; panels <= 3; panels++ {
					inputs := kChunk*random.IntN(2) + 1 + random.IntN(kChunk)
					compareAffine(t, k, random, fillers[F]()["usual"], panels*k.Lanes-random.IntN(k.Lanes), inputs, rows)
				}
			}
		})
	}
}

// both runs a test for each type.
func both(t *testing.T, single, double func(t *testing.T)) {
	t.Run("float32", single)
	t.Run("float64", double)
}

// pure is the implementation in pure Go, which the others are compared with.
func pure[F Float]() *Kernels[F] { return Available[F]()[0] }

func arithmeticOf[F Float]() *arithmetic[F] {
	var k any = &single
	if isFloat64[F]() {
		k = &double
	}
	return k.(*arithmetic[F])
}

// repacked is the matrix of other lanes with the same weights.
func repacked[F Float](weights []F, k *Kernels[F], units, inputs, shift int) *Matrix[F] {
	w := k.Pack(weights, units, inputs)
	data := guard[F](len(w.data), shift)
	copy(data.inner, w.data)
	w.data = data.inner
	return w
}

// values is a slice of n of the filler's values.
func values[F Float](random *rand.Rand, filler func(*rand.Rand) F, n int) []F {
	list := make([]F, n)
	for i := range list {
		list[i] = filler(random)
	}
	return list
}

// compareAffine takes some of the panels, and rows of x and z that are not neighbours.
func compareAffine[F Float](t *testing.T, k *Kernels[F], random *rand.Rand, filler func(*rand.Rand) F, units, inputs, rows int) {
	t.Helper()
	weights, shift := values(random, filler, 4*units*inputs), random.IntN(16)
	ih, hh := values(random, filler, 4*units), values(random, filler, 4*units)
	x := make([][]F, rows)
	for r := range x {
		g := guard[F](inputs, random.IntN(16))
		copy(g.inner, values(random, filler, inputs))
		x[r] = g.inner
	}
	start := values(random, filler, rows*4*units) // of z, (rows, 4*H)
	first := random.IntN(k.Panels(units))
	last := first + 1 + random.IntN(k.Panels(units)-first)
	space := rows + random.IntN(3) // rows there are in z

	for _, withBias := range []bool{false, true} {
		compute := func(k *Kernels[F], first, last int) guarded[F] { // z (last-first, space, 4, V)
			w := repacked(weights, k, units, inputs, shift)
			row := gates * k.Lanes
			z := guard[F]((last-first)*space*row, shift)
			for p := first; p < last; p++ {
				for r := range rows {
					for gate := range gates {
						for lane := range min(k.Lanes, units-p*k.Lanes) {
							z.inner[((p-first)*space+r)*row+gate*k.Lanes+lane] = start[(r*gates+gate)*units+p*k.Lanes+lane]
						}
					}
				}
			}
			var bias []F
			if withBias {
				bias = k.PackBias(ih, hh, units)
			}
			k.Affine(z.inner, space*row, bias, w, x, first, last, nil)
			return z
		}
		what := fmt.Sprintf("units %d, inputs %d, rows %d, panels %d to %d, bias %v", units, inputs, rows, first, last, withBias)
		got, want := compute(k, first, last), compute(pure[F](), first*k.Lanes, min(last*k.Lanes, units))
		if !got.intact() {
			t.Fatalf("%s: wrote outside z", what)
		}
		gotRow, wantRow := make([]F, 4*units), make([]F, 4*units)
		for r := range space {
			for p := first; p < last; p++ {
				row := gates * k.Lanes
				k.UnpackGates(gotRow, got.inner[((p-first)*space+r)*row:], units, p)
				for j := p * k.Lanes; j < min((p+1)*k.Lanes, units); j++ {
					pure[F]().UnpackGates(wantRow, want.inner[((j-first*k.Lanes)*space+r)*gates:], units, j)
					for gate := range gates {
						if v, w := gotRow[gate*units+j], wantRow[gate*units+j]; !same(v, w) {
							t.Fatalf("%s: row %d, gate %d, unit %d: %x, want %x", what, r, gate, j, v, w)
						}
					}
				}
			}
		}
	}
}

func TestStepAgainstBaseline(t *testing.T) {
	both(t, stepAgainstBaseline[float32], stepAgainstBaseline[float64])
}

func stepAgainstBaseline[F Float](t *testing.T) {
	for _, k := range Available[F]()[1:] {
		for name, filler := range fillers[F]() {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(7, 8))
				for _, units := range sizes {
					for rows := 1; rows < 4; rows++ {
						compareStep(t, k, random, filler, units, rows)
					}
				}
			})
		}
	}
}

// compareStep takes some of the panels.
func compareStep[F Float](t *testing.T, k *Kernels[F], random *rand.Rand, filler func(*rand.Rand) F, units, rows int) {
	t.Helper()
	z0, c0 := values(random, filler, rows*4*units), values(random, filler, rows*units) // (rows, 4*H), (rows, H)
	first := random.IntN(k.Panels(units))
	last := first + 1 + random.IntN(k.Panels(units)-first)
	space, shift := rows+random.IntN(3), random.IntN(16)
	h := make([]guarded[F], rows)

	// compute gives the panels' gates and cell states as (rows, 4*H) and (rows, H).
	compute := func(k *Kernels[F], first, last int, h [][]F) (gateValues, cells []F) {
		row := gates * k.Lanes
		z, c := guard[F]((last-first)*space*row, shift), guard[F]((last-first)*space*k.Lanes, shift)
		each := func(visit func(r, j, gate, inZ, inC int)) {
			for p := first; p < last; p++ {
				for r := range rows {
					for lane := range min(k.Lanes, units-p*k.Lanes) {
						for gate := range gates {
							n := (p-first)*space + r
							visit(r, p*k.Lanes+lane, gate, n*row+gate*k.Lanes+lane, n*k.Lanes+lane)
						}
					}
				}
			}
		}
		each(func(r, j, gate, inZ, inC int) {
			z.inner[inZ], c.inner[inC] = z0[(r*gates+gate)*units+j], c0[r*units+j]
		})
		k.Step(z.inner, space*row, c.inner, space*k.Lanes, h, units, first, last)
		if !z.intact() || !c.intact() {
			t.Fatalf("units %d, rows %d, panels %d to %d: wrote outside z or c", units, rows, first, last)
		}
		gateValues, cells = make([]F, rows*4*units), make([]F, rows*units)
		each(func(r, j, gate, inZ, inC int) {
			gateValues[(r*gates+gate)*units+j], cells[r*units+j] = z.inner[inZ], c.inner[inC]
		})
		return gateValues, cells
	}

	gotH, wantH := make([][]F, rows), make([][]F, rows)
	for r := range h {
		h[r] = guard[F](units, random.IntN(16))
		gotH[r], wantH[r] = h[r].inner, make([]F, units)
	}
	gotZ, gotC := compute(k, first, last, gotH)
	wantZ, wantC := compute(pure[F](), 0, units, wantH)
	for r := range rows {
		if !h[r].intact() {
			t.Fatalf("units %d, rows %d, panels %d to %d: wrote outside h", units, rows, first, last)
		}
		for j := range units {
			inside := j >= first*k.Lanes && j < last*k.Lanes
			if !inside && toBits(gotH[r][j]) != sentinel[F]() {
				t.Fatalf("units %d, rows %d, panels %d to %d: wrote h[%d][%d]", units, rows, first, last, r, j)
			}
			if !inside {
				continue
			}
			ok := same(gotH[r][j], wantH[r][j]) && same(gotC[r*units+j], wantC[r*units+j])
			for gate := range gates {
				ok = ok && same(gotZ[(r*gates+gate)*units+j], wantZ[(r*gates+gate)*units+j])
			}
			if !ok {
				t.Fatalf("units %d, rows %d, panels %d to %d: row %d, unit %d differs", units, rows, first, last, r, j)
			}
		}
	}
}

func TestAdvanceAgainstBaseline(t *testing.T) {
	both(t, advanceAgainstBaseline[float32], advanceAgainstBaseline[float64])
}

func advanceAgainstBaseline[F Float](t *testing.T) {
	for _, k := range Available[F]()[1:] {
		for name, filler := range fillers[F]() {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(11, 12))
				for _, units := range sizes {
					for rows := 1; rows <= 8; rows++ {
						inputs := sizes[random.IntN(len(sizes))]
						compareAdvance(t, k, random, filler, units, inputs, rows, 0, k.Panels(units))
						first := random.IntN(k.Panels(units))
						compareAdvance(t, k, random, filler, units, inputs, rows, first, first+1+random.IntN(k.Panels(units)-first))
					}
				}
			})
		}
	}
}

// TestAdvanceAnyPanels has one row of every number of panels: side by side, in groups of different widths, one by one.
func TestAdvanceAnyPanels(t *testing.T) {
	both(t, advanceAnyPanels[float32], advanceAnyPanels[float64])
}

func advanceAnyPanels[F Float](t *testing.T) {
	for _, k := range Available[F]()[1:] {
		t.Run(k.Name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(13, 14))
			for panels := 1; panels <= 10; panels++ {
				for units := (panels-1)*k.Lanes + 1; units <= panels*k.Lanes; units++ {
					compareAdvance(t, k, random, fillers[F]()["usual"], units, 1+random.IntN(2*kChunk), 1, 0, panels)
				}
			}
		})
	}
}

// compareAdvance takes four steps, two in each direction, of some rows of more; with x, and with its part of z.
func compareAdvance[F Float](t *testing.T, k *Kernels[F], random *rand.Rand, filler func(*rand.Rand) F,
	units, inputs, rows, first, last int) {
	t.Helper()
	const steps = 4
	space, shift := rows+random.IntN(3), random.IntN(16)
	ih, hh := values(random, filler, 4*units*inputs), values(random, filler, 4*units*units)
	bias, c0 := values(random, filler, 4*units), values(random, filler, rows*units)
	zeros := make([]F, 4*units)
	x, h := make([][][]F, steps), make([][]F, rows)
	guardedValues := func(n int) []F {
		g := guard[F](n, random.IntN(16))
		copy(g.inner, values(random, filler, n))
		return g.inner
	}
	for r := range rows {
		h[r] = guardedValues(units)
		for step := range x {
			x[step] = append(x[step], guardedValues(inputs))
		}
	}

	// compute gives the panels' h of each step and the final c, each (rows, H).
	compute := func(k *Kernels[F], first, last int, withX bool) (states [][]F) {
		what := fmt.Sprintf("%s: units %d, inputs %d, rows %d, panels %d to %d, x %v", k.Name, units, inputs, rows, first, last, withX)
		row := gates * k.Lanes
		b := guard[F](k.Panels(units)*row, shift)
		copy(b.inner, k.PackBias(bias, zeros, units))
		z, c := guard[F]((last-first)*space*row, shift), guard[F]((last-first)*space*k.Lanes, shift)
		room := guard[F](k.RoomFor(nil, rows), shift)
		cell := Cell[F]{
			Kernels: k, Weights: &Weights[F]{repacked(ih, k, units, inputs, shift), repacked(hh, k, units, units, shift), b.inner},
			Units: units, First: first, Last: last, C: c.inner, CPanel: space * k.Lanes, ZPanel: space * row, Room: room.inner, H: h,
		}
		eachCell := func(visit func(r, j int, c *F)) {
			for r := range rows {
				for j := first * k.Lanes; j < min(last*k.Lanes, units); j++ {
					visit(r, j, &c.inner[((j/k.Lanes-first)*space+r)*k.Lanes+j%k.Lanes])
				}
			}
		}
		eachCell(func(r, j int, c *F) { *c = c0[r*units+j] })
		for step := range steps {
			next := make([]guarded[F], rows)
			cell.Next = nil
			for r := range next {
				next[r] = guard[F](units, random.IntN(16))
				cell.Next = append(cell.Next, next[r].inner)
			}
			if withX {
				cell.X = x[step]
			} else {
				k.Affine(z.inner, space*row, b.inner, cell.IH, x[step], first, last, nil)
				cell.Z = z.inner
			}
			cell.Advance(rows)
			state := make([]F, rows*units)
			for r := range next {
				if !next[r].intact() {
					t.Fatalf("%s: wrote outside h", what)
				}
				for j, value := range next[r].inner {
					if inside := j >= first*k.Lanes && j < last*k.Lanes; inside {
						state[r*units+j] = value
					} else if toBits(value) != sentinel[F]() {
						t.Fatalf("%s: wrote h[%d][%d]", what, r, j)
					}
				}
			}
			states = append(states, state)
		}
		if !z.intact() || !c.intact() || !room.intact() {
			t.Fatalf("%s: wrote outside z, c or room", what)
		}
		state := make([]F, rows*units)
		eachCell(func(r, j int, c *F) { state[r*units+j] = *c })
		return append(states, state)
	}

	want := compute(pure[F](), first*k.Lanes, min(last*k.Lanes, units), true)
	for _, withX := range []bool{true, false} {
		for n, state := range compute(k, first, last, withX) {
			for i, v := range state {
				if !same(v, want[n][i]) {
					t.Fatalf("%s: units %d, inputs %d, rows %d, panels %d to %d, x %v: state %d of row %d, unit %d: %x, want %x",
						k.Name, units, inputs, rows, first, last, withX, n, i/units, i%units, v, want[n][i])
				}
			}
		}
	}
}

// TestActivationsAgainstBaseline sends every 1021st float32, or as many float64 at equal distances, through the gates of each implementation.
func TestActivationsAgainstBaseline(t *testing.T) {
	both(t, activationsAgainstBaseline[float32], activationsAgainstBaseline[float64])
}

func activationsAgainstBaseline[F Float](t *testing.T) {
	for _, k := range Available[F]()[1:] {
		t.Run(k.Name, func(t *testing.T) {
			const units = 1 << 12
			a := arithmeticOf[F]()
			row := gates * k.Lanes
			z, c, h := make([]F, gates*units), make([]F, units), make([]F, units)
			inputs := make([]F, units)
			at := func(gate, j int) int { return j/k.Lanes*row + gate*k.Lanes + j%k.Lanes }
			for u := uint64(0); u < 1<<32; {
				for j := range inputs {
					inputs[j] = fromBits[F](u | u<<32)
					z[at(0, j)], z[at(2, j)] = inputs[j], inputs[j]
					u += 1021
				}
				k.Step(z, row, c, k.Lanes, [][]F{h}, units, 0, units/k.Lanes)
				for j, x := range inputs {
					if i, g := z[at(0, j)], z[at(2, j)]; !same(i, a.sigmoid(x)) || !same(g, a.tanh(x)) {
						t.Fatalf("x = %x: sigmoid %x, want %x; tanh %x, want %x", x, i, a.sigmoid(x), g, a.tanh(x))
					}
				}
			}
		})
	}
}

// BenchmarkAffine multiplies a matrix (4*H, K) by rows of inputs.
func BenchmarkAffine(b *testing.B) {
	for _, k := range Available[float32]() {
		for _, c := range [][3]int{
			{16, 16, 1}, {32, 32, 1}, {64, 64, 1}, {128, 128, 1}, {256, 256, 1}, {512, 512, 1}, {1024, 1024, 1},
			{64, 64, 96}, {64, 64, 32}, {256, 256, 32}, {256, 256, 64}, {512, 512, 64}, {1024, 1024, 64},
		} {
			units, inputs, rows := c[0], c[1], c[2]
			b.Run(fmt.Sprintf("%s/H=%d/K=%d/rows=%d", k.Name, units, inputs, rows), func(b *testing.B) {
				w := k.Pack(make([]float32, 4*units*inputs), units, inputs)
				z := make([]float32, k.Panels(units)*rows*gates*k.Lanes)
				x := make([][]float32, rows)
				for r := range x {
					x[r] = make([]float32, inputs)
				}
				for b.Loop() {
					k.Affine(z, rows*gates*k.Lanes, nil, w, x, 0, k.Panels(units), nil)
				}
				seconds := b.Elapsed().Seconds() / float64(b.N)
				b.ReportMetric(2*4*float64(units*inputs*rows)/seconds/1e9, "GFLOP/s")
				b.ReportMetric(4*float64(len(w.data))/seconds/1e9, "GB/s")
			})
		}
	}
}

func BenchmarkStep(b *testing.B) {
	for _, k := range Available[float32]() {
		b.Run(k.Name, func(b *testing.B) {
			const units = 256
			z, c, h := make([]float32, gates*units), make([]float32, units), make([]float32, units)
			rows := [][]float32{h}
			for b.Loop() {
				k.Step(z, gates*k.Lanes, c, k.Lanes, rows, units, 0, units/k.Lanes)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/units, "ns/unit")
		})
	}
}

// BenchmarkAdvance is steps of one row.
func BenchmarkAdvance(b *testing.B) {
	for _, k := range Available[float32]() {
		for _, c := range [][2]int{{1, 16}, {8, 32}, {64, 64}, {128, 128}, {256, 256}} {
			inputs, units := c[0], c[1]
			b.Run(fmt.Sprintf("%s/I=%d/H=%d", k.Name, inputs, units), func(b *testing.B) {
				panels := k.Panels(units)
				row := func(n int) [][]float32 { return [][]float32{make([]float32, n)} }
				cell := Cell[float32]{
					Kernels: k, Units: units, Last: panels, C: make([]float32, panels*k.Lanes), CPanel: k.Lanes,
					Weights: &Weights[float32]{
						k.Pack(make([]float32, 4*units*inputs), units, inputs), k.Pack(make([]float32, 4*units*units), units, units),
						k.PackBias(nil, nil, units),
					},
					Room: make([]float32, k.RoomFor(nil, 1)), X: row(inputs), H: row(units), Next: row(units),
				}
				for b.Loop() {
					cell.Advance(1)
					cell.H, cell.Next = cell.Next, cell.H
				}
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e6, "us/step")
			})
		}
	}
}
