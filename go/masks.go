package lstmref

import (
	"maps"
	"slices"
)

// A mask is what a training run multiplies some values with, or keeps of the old ones (spec/variants.md, section 8).
type mask struct {
	expectation
	rate  float32
	keeps bool // zoneout, not dropout
}

// masksOf are those of a training run, in their order.
func masksOf[F Float](c *Config, steps, batch int) []mask {
	var list []mask
	r := c.outputSymbol()
	add := func(rate float32, keeps bool, name, axes string, shape ...int) {
		if isChosen(rate) {
			list = append(list, mask{expectation{name, axes, dtype[F](), shape}, rate, keeps})
		}
	}
	for layer := range c.NumLayers {
		for direction := range c.directions() {
			end := suffix(layer, direction)
			add(c.RecurrentDropout, false, "mask_h_"+end, "(B, "+r+")", batch, c.OutputSize())
			add(c.CandidateDropout, false, "mask_candidate_"+end, "(T, B, H)", steps, batch, c.HiddenSize)
			add(c.ZoneoutH, true, "keep_h_"+end, "(T, B, "+r+")", steps, batch, c.OutputSize())
			add(c.ZoneoutC, true, "keep_c_"+end, "(T, B, H)", steps, batch, c.HiddenSize)
		}
		if layer < c.NumLayers-1 {
			add(c.Dropout, false, "mask_y_"+suffix(layer, 0), "(T, B, D*"+r+")", steps, batch, c.directions()*c.OutputSize())
		}
	}
	return list
}

// maskOf makes the mask of a run from its seed (N14).
func maskOf[F Float](m mask, seed uint64) *TensorOf[F] {
	tensor := zerosOf[F](m.shape...)
	threshold := uint64(float64(m.rate) * (1 << 32)) // (N14.1)
	hit, miss := F(0), 1/(1-F(m.rate))               // (N14.2)
	if m.keeps {
		hit, miss = 1, 0 // (N14.3)
	}
	values := [2]F{miss, hit}      // looked up: nothing could foresee a branch on a random number
	key := mix(seed ^ fnv(m.name)) // (N8.3)
	for k := range tensor.Data {
		u := mix(key+uint64(k+1)*increment) >> 32    // (N8.4)
		tensor.Data[k] = values[(u-threshold)>>63&1] // 1 where u < threshold
	}
	return tensor
}

const increment = 0x9e3779b97f4a7c15

func mix(z uint64) uint64 { // (N8.1)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func fnv(name string) uint64 { // (N8.2)
	h := uint64(0xcbf29ce484222325)
	for _, b := range []byte(name) {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return h
}

// training is the masks of a run by name: those that it is given, or has from its seed; none in evaluation.
func (c *call[F]) training() map[string]*TensorOf[F] {
	switch {
	case c.inputs.Seed == nil && len(c.inputs.Masks) == 0:
		return nil
	case c.inputs.Seed == nil:
		return c.inputs.Masks
	}
	masks := map[string]*TensorOf[F]{}
	for _, mask := range masksOf[F](&c.config, c.steps, c.batch) {
		masks[mask.name] = maskOf[F](mask, uint64(*c.inputs.Seed))
	}
	return masks
}

// parseTraining makes check 11 on the seed and the masks of a file.
func (m *ModelOf[F]) parseTraining(c *container, in *InputsOf[F], steps, batch int) error {
	if seed := c.byName["seed"]; seed != nil && m.config.isRandom() {
		if seed.dtype != "I64" {
			return invalid("seed", "I64", "dtype %s", seed.dtype)
		}
		if !slices.Equal(seed.shape, []int{1}) {
			return invalid("seed", "(1,) = (1,)", "shape %s", formatShape(seed.shape))
		}
		in.Seed = &seed.integers()[0]
		if err := checkSeed(*in.Seed); err != nil {
			return err
		}
	}
	err := m.eachMask(steps, batch, in.Seed != nil, func(want mask) (given bool, err error) {
		e := c.byName[want.name]
		if e == nil {
			return false, nil
		}
		return true, want.check(e.dtype, e.shape)
	})
	if err != nil {
		return err
	}
	for _, mask := range masksOf[F](&m.config, steps, batch) {
		if e := c.byName[mask.name]; e != nil {
			if in.Masks == nil {
				in.Masks = map[string]*TensorOf[F]{}
			}
			in.Masks[mask.name] = tensorOf[F](e)
		}
	}
	return nil
}

// checkTraining makes checks 11 and 12 on the seed and the masks of a call.
func (m *ModelOf[F]) checkTraining(in *InputsOf[F], steps, batch int) error {
	if in.Seed != nil {
		if !m.config.isRandom() {
			return m.unexpected("seed")
		}
		if err := checkSeed(*in.Seed); err != nil {
			return err
		}
	}
	if len(in.Masks) == 0 {
		return nil
	}
	known := map[string]bool{}
	for _, mask := range masksOf[F](&m.config, steps, batch) {
		known[mask.name] = true
	}
	err := m.eachMask(steps, batch, in.Seed != nil, func(want mask) (given bool, err error) {
		tensor := in.Masks[want.name]
		if tensor == nil {
			return false, nil
		}
		if err := want.check(dtype[F](), tensor.Shape); err != nil {
			return true, err
		}
		return true, checkData(want.name, tensor)
	})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(in.Masks)) {
		if !known[name] {
			return m.unexpected(name)
		}
	}
	return nil
}

// eachMask makes sure that all masks are given or none, and none beside a seed; check looks at one.
func (m *ModelOf[F]) eachMask(steps, batch int, hasSeed bool, check func(want mask) (given bool, err error)) error {
	masks := masksOf[F](&m.config, steps, batch)
	isGiven := func(want mask) bool { given, _ := check(want); return given }
	if !slices.ContainsFunc(masks, isGiven) {
		return nil
	}
	if hasSeed {
		return invalid("seed", "a seed or masks", "given with masks")
	}
	for _, want := range masks {
		if given, err := check(want); err != nil {
			return err
		} else if !given {
			return invalid(want.name, want.String(), "missing")
		}
	}
	return nil
}

func checkSeed(seed int64) error {
	if seed < 0 {
		return invalid("seed[0]", "an integer of at least 0", "%d", seed)
	}
	return nil
}
