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
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
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
	inf, nan, negZero := float32(math.Inf(1)), float32(math.NaN()), bits(kSignBit)
	for _, c := range []struct {
		name      string
		got, want float32
	}{
		{"sigmoid(0)", sigmoid(0), 0.5}, {"sigmoid(-0)", sigmoid(negZero), 0.5}, {"sigmoid(inf)", sigmoid(inf), 1},
		{"sigmoid(-inf)", sigmoid(-inf), 0}, {"sigmoid(NaN)", sigmoid(nan), nan}, {"sigmoid(-104)", sigmoid(-104), 0},
		{"tanh(0)", tanh(0), 0}, {"tanh(-0)", tanh(negZero), negZero}, {"tanh(inf)", tanh(inf), 1}, {"tanh(-inf)", tanh(-inf), -1},
		{"tanh(NaN)", tanh(nan), nan}, {"tanh(1e-40)", tanh(1e-40), 1e-40},
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
		checkUlp(t, "sigmoid", x, sigmoid(x), s)
		checkUlp(t, "tanh", x, tanh(x), math.Tanh(float64(x)))
	}
}

func checkUlp(t *testing.T, name string, x, got float32, want float64) {
	t.Helper()
	near := float32(want)
	ulp := float64(math.Nextafter32(float32(math.Abs(float64(near))), 2)) - math.Abs(float64(near))
	if !(math.Abs(float64(got)-want) <= ulp) {
		t.Errorf("%s(%v) = %v, want %v", name, x, got, want)
	}
}

// guarded is a slice of n elements between sentinels, its start shifted by some elements off any alignment.
type guarded struct {
	whole, inner []float32
	shift        int
}

const sentinel = 0x7fc0dead // a NaN: where it is read by mistake, the result shows it

func guard(n, shift int) guarded {
	whole := make([]float32, n+64)
	for i := range whole {
		whole[i] = bits(sentinel)
	}
	return guarded{whole, whole[16+shift:][:n:n], shift}
}

func (g guarded) intact() bool {
	for i, v := range g.whole {
		if (i < 16+g.shift || i >= 16+g.shift+len(g.inner)) && math.Float32bits(v) != sentinel {
			return false
		}
	}
	return true
}

// fillers make test values of different kinds.
var fillers = map[string]func(r *rand.Rand) float32{
	"usual":    func(r *rand.Rand) float32 { return r.Float32()*4 - 2 },
	"extremes": func(r *rand.Rand) float32 { return bits(r.Uint32()) }, // NaN and infinities too
	"zeros": func(r *rand.Rand) float32 {
		return []float32{0, bits(kSignBit), bits(1), bits(0x80000001), -0.25, 1}[r.IntN(6)]
	},
}

func TestAffineAgainstBaseline(t *testing.T) {
	for _, k := range Available()[1:] {
		for name, filler := range fillers {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(5, 6))
				for _, units := range sizes {
					for _, inputs := range sizes {
						rows := 1 + random.IntN(14)
						shift := random.IntN(16)
						compareAffine(t, k, random, filler, units, inputs, rows, shift)
					}
				}
			})
		}
	}
}

func compareAffine(t *testing.T, k *Kernels, random *rand.Rand, filler func(*rand.Rand) float32, units, inputs, rows, shift int) {
	t.Helper()
	weights := make([]float32, 4*units*inputs)
	for i := range weights {
		weights[i] = filler(random)
	}
	w := Pack(weights, units, inputs)
	data := guard(len(w.data), shift)
	copy(data.inner, w.data)
	w.data = data.inner

	stride := inputs + random.IntN(3)
	x := guard((rows-1)*stride+inputs, shift)
	for i := range x.inner {
		if i%stride < inputs {
			x.inner[i] = filler(random)
		}
	}
	z := guard(rows*GateWidth(units), shift)
	for i := range z.inner {
		z.inner[i] = filler(random)
	}
	want := append([]float32(nil), z.inner...)
	affineBaseline(want, w, x.inner, stride, rows)
	k.Affine(z.inner, w, x.inner, stride, rows)
	if !z.intact() {
		t.Fatalf("units %d, inputs %d, rows %d: wrote outside z", units, inputs, rows)
	}
	for row := range rows {
		for gate := range gates {
			for j := range units {
				at := row*GateWidth(units) + packed(gate, j)
				if !same(z.inner[at], want[at]) {
					t.Fatalf("units %d, inputs %d, rows %d: row %d, gate %d, unit %d: %x, want %x",
						units, inputs, rows, row, gate, j, z.inner[at], want[at])
				}
			}
		}
	}
}

func TestStepAgainstBaseline(t *testing.T) {
	for _, k := range Available()[1:] {
		for name, filler := range fillers {
			t.Run(k.Name+"/"+name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(7, 8))
				for _, units := range sizes {
					for rows := 1; rows < 4; rows++ {
						compareStep(t, k, random, filler, units, rows, random.IntN(16))
					}
				}
			})
		}
	}
}

func compareStep(t *testing.T, k *Kernels, random *rand.Rand, filler func(*rand.Rand) float32, units, rows, shift int) {
	t.Helper()
	names := []string{"gates", "c", "h"}
	widths := []int{GateWidth(units), Width(units), Width(units)}
	var got [3]guarded
	var want [3][]float32
	for n, width := range widths {
		got[n] = guard(rows*width, shift)
		for i := range got[n].inner {
			got[n].inner[i] = filler(random)
		}
		want[n] = append([]float32(nil), got[n].inner...)
	}
	stepBaseline(want[0], want[1], want[2], units, rows)
	k.Step(got[0].inner, got[1].inner, got[2].inner, units, rows)
	for n, width := range widths {
		if !got[n].intact() {
			t.Fatalf("units %d, rows %d: wrote outside %s", units, rows, names[n])
		}
		for i, v := range got[n].inner {
			unit := i % width
			if n == 0 {
				unit = unit/panel*lanes + unit%lanes
			}
			if unit < units && !same(v, want[n][i]) {
				t.Fatalf("units %d, rows %d: %s[%d]: %x, want %x", units, rows, names[n], i, v, want[n][i])
			}
		}
	}
}

// TestActivationsAgainstBaseline sends every 1021st float32 through the gates of each implementation.
func TestActivationsAgainstBaseline(t *testing.T) {
	for _, k := range Available()[1:] {
		t.Run(k.Name, func(t *testing.T) {
			const units = 1 << 12
			z, c, h := make([]float32, GateWidth(units)), make([]float32, Width(units)), make([]float32, Width(units))
			inputs := make([]float32, units)
			for u := uint64(0); u < 1<<32; {
				for j := range inputs {
					inputs[j] = bits(uint32(u))
					z[packed(0, j)], z[packed(2, j)] = inputs[j], inputs[j]
					u += 1021
				}
				k.Step(z, c, h, units, 1)
				for j, x := range inputs {
					if i, g := z[packed(0, j)], z[packed(2, j)]; !same(i, sigmoid(x)) || !same(g, tanh(x)) {
						t.Fatalf("x = %x: sigmoid %x, want %x; tanh %x, want %x", x, i, sigmoid(x), g, tanh(x))
					}
				}
			}
		})
	}
}

func BenchmarkAffine(b *testing.B) {
	for _, k := range Available() {
		for _, c := range [][3]int{{32, 32, 1}, {64, 64, 1}, {128, 128, 1}, {256, 256, 1}, {256, 256, 32}, {512, 512, 24}} {
			units, inputs, rows := c[0], c[1], c[2]
			b.Run(fmt.Sprintf("%s/H=%d/K=%d/rows=%d", k.Name, units, inputs, rows), func(b *testing.B) {
				w := Pack(make([]float32, 4*units*inputs), units, inputs)
				x, z := make([]float32, rows*inputs), make([]float32, rows*GateWidth(units))
				for b.Loop() {
					k.Affine(z, w, x, inputs, rows)
				}
				b.ReportMetric(2*4*float64(units*inputs*rows)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

func BenchmarkStep(b *testing.B) {
	for _, k := range Available() {
		b.Run(k.Name, func(b *testing.B) {
			const units = 256
			z, c, h := make([]float32, GateWidth(units)), make([]float32, Width(units)), make([]float32, Width(units))
			for b.Loop() {
				k.Step(z, c, h, units, 1)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/units, "ns/unit")
		})
	}
}
