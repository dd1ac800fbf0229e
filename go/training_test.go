package lstmref

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
)

// random is the variants that have masks, of these sizes.
func random(t *testing.T, layers, steps, batch int, test func(t *testing.T, m *Model, in *Inputs)) {
	tested := false
	for _, v := range variants {
		config := v.config.sized(3, 20, layers)
		if config.isRandom() {
			tested = true
			t.Run(v.name, func(t *testing.T) {
				m, in := randomModel(t, config, steps, batch)
				test(t, m, in)
			})
		}
	}
	if !tested {
		t.Error("no variant has masks")
	}
}

// TestMaskOf is the example of spec/numerics.md, N14, and what zoneout makes of the same numbers.
func TestMaskOf(t *testing.T) {
	m := mask{expectation: expectation{name: "mask_h_l0", shape: []int{2, 3}}, rate: 0.25}
	scale := math.Float32frombits(0x3faaaaab)
	demandSame(t, "dropout", maskOf[float32](m, 7).Data, []float32{scale, scale, scale, scale, 0, scale})
	m.keeps = true
	demandSame(t, "zoneout", maskOf[float32](m, 7).Data, []float32{0, 0, 0, 0, 1, 0})
}

// TestSeedMakesTheMasks: a seed is the same as its masks, and something else than evaluation.
func TestSeedMakesTheMasks(t *testing.T) {
	random(t, 2, 6, 3, func(t *testing.T, m *Model, in *Inputs) {
		y, state := forward(t, m, in, Seed(7))
		masks := map[string]*Tensor{}
		for _, mask := range masksOf[float32](&m.config, 6, 3) {
			masks[mask.name] = maskOf[float32](mask, 7)
		}
		maskedY, maskedState := forward(t, m, &Inputs{X: in.X, State: in.State, Masks: masks})
		demandSameOutputs(t, "masks", maskedY, maskedState, y, state)
		plainY, _ := forward(t, m, in)
		if firstDifference(plainY.Data, y.Data) < 0 {
			t.Error("evaluation gives the same")
		}
		emptyY, _ := forward(t, m, in, Masks(map[string]*Tensor{}))
		demandSame(t, "no masks at all", emptyY.Data, plainY.Data)
	})
}

// TestMasksPastTheEnd are not read, nor is any mask written to.
func TestMasksPastTheEnd(t *testing.T) {
	random(t, 2, 5, 3, func(t *testing.T, m *Model, in *Inputs) {
		in.Lengths = []int{2, 5, 0}
		in.Masks = randomMasks(t, m, 5, 3)
		y, state := forward(t, m, in)
		before := map[string][]float32{}
		for name, mask := range in.Masks {
			for step := range mask.Shape[0] {
				for b, length := range in.Lengths {
					if len(mask.Shape) == 3 && step >= length {
						rowOf(mask, step*3+b)[0] = float32(math.NaN())
					}
				}
			}
			before[name] = slices.Clone(mask.Data)
		}
		otherY, otherState := forward(t, m, in)
		demandSameOutputs(t, "NaN past the end", otherY, otherState, y, state)
		for name, data := range before {
			demandSame(t, name, in.Masks[name].Data, data)
		}
	})
}

func TestTrainingErrors(t *testing.T) {
	plain, x := func() (*Model, *Tensor) { m, in := randomModel(t, Config{}.sized(3, 4, 1), 2, 3); return m, in.X }()
	m, _ := randomModel(t, Config{RecurrentDropout: 0.5, ZoneoutC: 0.25, ProjSize: 2, BatchFirst: true, Dropout: 0.25}.sized(3, 4, 2), 0, 0)
	batchFirst := zeros(3, 2, 3)
	all := randomMasks(t, m, 2, 3)
	change := func(name string, tensor *Tensor) Option {
		masks := maps.Clone(all)
		masks[name] = tensor
		return Masks(masks)
	}
	without := func(name string) Option {
		masks := maps.Clone(all)
		delete(masks, name)
		return Masks(masks)
	}
	y := all["mask_y_l0"]
	for _, c := range []struct {
		m       *Model
		x       *Tensor
		options []Option
		want    string
	}{
		{plain, x, []Option{Seed(1)}, "seed: unexpected tensor, want only x, h_0, c_0, lengths"},
		{plain, x, []Option{Masks(all)}, "keep_c_l0: unexpected tensor, want only x, h_0, c_0, lengths"},
		{m, batchFirst, []Option{Seed(-1)}, "seed[0]: -1, want an integer of at least 0"},
		{m, batchFirst, []Option{Seed(1), Masks(all)}, "seed: given with masks, want a seed or masks"},
		{m, batchFirst, []Option{without("mask_h_l0")}, "mask_h_l0: missing, want (B, R) = (3, 2)"},
		{m, batchFirst, []Option{without("keep_c_l1")}, "keep_c_l1: missing, want (T, B, H) = (2, 3, 4)"},
		{m, batchFirst, []Option{change("mask_y_l0", zeros(3, 2, 2))}, "mask_y_l0: shape (3, 2, 2), want (T, B, D*R) = (2, 3, 2)"},
		{m, batchFirst, []Option{change("keep_c_l0", &Tensor{Shape: []int{2, 3, 4}})}, "keep_c_l0: 0 elements, want as many as its shape (2, 3, 4)"},
		{m, batchFirst, []Option{change("keep_h_l0", zeros(2, 3, 2))}, "keep_h_l0: unexpected tensor, want only x, h_0, c_0, lengths, seed, masks"},
		{m, batchFirst, []Option{change("keep_h_l0", nil)}, "keep_h_l0: unexpected tensor, want only x, h_0, c_0, lengths, seed, masks"},
		{m, batchFirst, []Option{Masks(map[string]*Tensor{"seed": zeros(1)})}, "seed: unexpected tensor, want only x, h_0, c_0, lengths, seed, masks"},
		{m, batchFirst, []Option{Masks(map[string]*TensorOf[float64]{})}, "masks: dtype float64, want float32"},
		{m, batchFirst, []Option{Masks(all), Output(&Tensor{Shape: []int{3, 2, 2}, Data: y.Data})}, "y: overlaps mask_y_l0, want memory of its own"},
		{m, batchFirst, []Option{Lengths([]int{3, 0, 0}), Seed(-1)}, "lengths[0]: 3, want 0 <= length <= T = 2"},
	} {
		_, _, err := c.m.Forward(c.x, nil, c.options...)
		var invalid *Error
		if !errors.As(err, &invalid) || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if _, _, err := m.Forward(batchFirst, nil, Masks(all)); err != nil {
		t.Error(err)
	}
}

// TestTensorsNamedAsTheRest: what check 12 names beside tensors is none.
func TestTensorsNamedAsTheRest(t *testing.T) {
	m, _ := randomModel(t, Config{ZoneoutH: 0.5}.sized(3, 4, 1), 0, 0)
	header := `{"x":{"dtype":"F32","shape":[0,0,3],"data_offsets":[0,0]},"masks":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`
	_, err := m.ParseInputs(fileOf(header))
	if want := "masks: unexpected tensor, want only x, h_0, c_0, lengths, seed, masks"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
