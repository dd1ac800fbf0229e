package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestFmaCrafted64(t *testing.T) {
	for _, c := range []struct {
		a, b, c, want uint64
		catches       string
	}{
		{0x3ff0000000000001, 0x3ff8000000000000, 0xbc30000000000000, 0x3ff8000000000001, "unfused"},
		{0x1ff0000000000001, 0x1ff0000000000001, 0x0008000000000000, 0x000c000000000001, "rounded twice to a subnormal"},
	} {
		got := fma(math.Float64frombits(c.a), math.Float64frombits(c.b), math.Float64frombits(c.c))
		if math.Float64bits(got) != c.want {
			t.Errorf("fma(%#x, %#x, %#x) = %#x, want %#x: %s", c.a, c.b, c.c, math.Float64bits(got), c.want, c.catches)
		}
	}
}

// TestFmaAgainstExact64 has products near c, and results that are subnormal.
func TestFmaAgainstExact64(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 100_000 {
		value := func(lowest, highest uint64) float64 { // biased exponents
			e := lowest + random.Uint64N(highest-lowest+1)
			return math.Float64frombits(random.Uint64()&^(0x7ff<<k64FractionBits) | e<<k64FractionBits)
		}
		r := [][4]uint64{{1000, 1046, 976, 1069}, {480, 540, 0, 60}}[n%2]
		a, b, c := value(r[0], r[1]), value(r[0], r[1]), value(r[2], r[3])
		exact := new(big.Float).SetPrec(5000).Mul(big.NewFloat(a), big.NewFloat(b))
		want, _ := exact.Add(exact, big.NewFloat(c)).Float64()
		if got := fma(a, b, c); got != want {
			t.Fatalf("fma(%x, %x, %x) = %x, want %x", a, b, c, got, want)
		}
	}
}

// TestActivationBits64 has examples of the specification, N5 to N12, and others that the reference gives.
func TestActivationBits64(t *testing.T) {
	for _, c := range []struct {
		name string
		x    float64
		want uint64
	}{
		{"sigmoid", 1, 0x3fe764d4f5d5a2bd}, {"sigmoid", -1, 0x3fd136561454ba86}, {"sigmoid", -745, 0x1}, {"sigmoid", 40, 0x3ff0000000000000},
		{"tanh", 1, 0x3fe85efab514f394}, {"tanh", -0.5, 0xbfdd9353d7568af4}, {"tanh", 1e-310, 0x12688b70e62b},
		{"tanh", 19, 0x3fefffffffffffff}, {"tanh", 0.001, 0x3f50624d77516ce2},
		{"elu", -0.25, 0xbfcc5041854df7d4}, {"elu", -17, 0xbfefffffe9c61ce9}, {"elu", -1e-310, 0x800012688b70e62b},
		{"elu", -39, 0xbff0000000000000},
		{"softplus", 0, 0x3fe62e42fefa39ef}, {"softplus", 1, 0x3ff5031eafefb049}, {"softplus", -1, 0x3fd40c7abfbec125},
		{"softplus", -745, 0x1}, {"softplus", 30, 0x403e00000000001a},
	} {
		for _, k := range Available[float64]() {
			list := make([]float64, k.Lanes)
			for lane := range list {
				list[lane] = c.x
			}
			k.act(NewActivation[float64](c.name, 1, 0, 0), list, list)
			for _, got := range list {
				if math.Float64bits(got) != c.want {
					t.Errorf("%s: %s(%v) = %#x, want %#x", k.Name, c.name, c.x, math.Float64bits(got), c.want)
				}
			}
		}
	}
}
