package kernel

// The pointwise parts of the cells (spec/variants.md): what stands in z, (rows, width) a column, becomes the gates, and the state
// the next one.

// pointwise is the pointwise part of a phase; with keep, the gates take the place of z.
func (c *Cell[F]) pointwise(part part, p *panel, keep bool) {
	switch part {
	case lstm:
		next := c.newState(p, keep)
		c.output(next, next, p, keep)
	case lstmState:
		c.newState(p, keep)
	case lstmOutput:
		c.lstmOutput(p, keep)
	case project:
		c.project(p)
	case gru:
		c.gru(p)
	case gruReset:
		c.gruReset(p)
	case gruCandidate: // n has the term r * h
		c.update(c.z(p, 1), c.z(p, 2), p)
	case rnn:
		c.rnn(p)
	case hiddenNorm:
		c.hiddenNorm(p)
	}
}

// peep is z = fma(w, c, z), w being the same for all rows.
func (c *Cell[F]) peep(z, w, state []F, p *panel) { c.fma(z, c.units(w, p), state, z) }

// lstmOutput is (V19) or (V20) and what follows.
func (c *Cell[F]) lstmOutput(p *panel, keep bool) {
	k := &c.Variant.options
	next, normed := c.z(p, c.Variant.cells.first), c.room(p, 1)
	c.normalise(&c.Variant.cells, normed, next, k.CellNorm, p)
	if k.CarriesNorm {
		next = normed // (V19)
	}
	c.output(next, normed, p, keep) // (V20)
}

// newState is c' by (V4), (V6) and (2.2), (2.3), in place of c if that is not needed any more.
func (c *Cell[F]) newState(p *panel, keep bool) []F {
	k := &c.Variant.options
	i, f, g, state := c.z(p, 0), c.z(p, 1), c.z(p, 2), c.state(p)
	if k.Peephole != nil { // (V4)
		c.peep(i, k.Peephole[0], state, p)
		c.peep(f, k.Peephole[2], state, p)
	}
	next := state
	switch {
	case k.CellNorm != nil:
		next = c.z(p, c.Variant.cells.first)
	case c.KeepC != nil:
		next = c.room(p, 1)
	}
	if c.Variant.usual && !keep && !k.InputForget && c.MaskCandidate == nil {
		c.gated(k.Gate, i, i, g) // (2.2), (2.3)
		c.kept(k.Gate, next, f, state, i)
		return next
	}
	c.act(k.Gate, i, i) // (2.2)
	c.act(k.Candidate, g, g)
	if k.InputForget {
		c.rest(f, i) // (V6)
	} else {
		c.act(k.Gate, f, f)
	}
	if c.MaskCandidate != nil {
		masked := c.room(p, 0)
		c.mask(masked, g, c.MaskCandidate, p) // (V23)
		g = masked
	}
	c.mix(next, f, state, i, g) // (2.3)
	return next
}

// output is (V5), (2.2) and (2.4) with c' and what tanh is applied to, then (V24).
func (c *Cell[F]) output(next, shown []F, p *panel, keep bool) {
	k := &c.Variant.options
	o, h, state := c.z(p, 3), c.room(p, 0), c.state(p)
	if k.Peephole != nil {
		c.peep(o, k.Peephole[1], next, p) // (V5)
	}
	if c.Variant.usual && !keep {
		c.gated(k.Gate, h, o, shown) // (2.2), (2.4)
	} else {
		c.act(k.Gate, o, o)
		c.act(k.Output, h, shown)
		c.times(h, o, h)
	}
	switch {
	case c.KeepC != nil:
		c.keep(state, state, next, c.KeepC, p) // (V24)
	case k.CellNorm != nil:
		copy(state, next)
	}
	if k.Project.Late != nil {
		c.spread(c.Middle, h, p) // (V7) follows
	} else {
		c.newH(h, p)
	}
}

// project is (V7).
func (c *Cell[F]) project(p *panel) {
	column, h := &c.Variant.options.Project, c.room(p, 0)
	c.Affine(h, 0, column.Start, column.Late, c.Middle[:p.rows], p.number, p.number+1, c.Wide)
	c.newH(h, p)
}

// gru is (V9), (V10) and (V13), resetting after.
func (c *Cell[F]) gru(p *panel) {
	k := &c.Variant.options
	r, u, nx, nh := c.z(p, 0), c.z(p, 1), c.z(p, 2), c.z(p, 3)
	c.act(k.Gate, r, r) // (V9)
	c.act(k.Gate, u, u)
	c.fma(nx, r, nh, nx) // (V10)
	c.update(u, nx, p)
}

// gruReset is (V9), and r * h of (V11) for all units to read.
func (c *Cell[F]) gruReset(p *panel) {
	k := &c.Variant.options
	r, u := c.z(p, 0), c.z(p, 1)
	c.act(k.Gate, r, r) // (V9)
	c.act(k.Gate, u, u)
	h, product := c.state(p), c.room(p, 0)
	if c.MaskH != nil {
		h = product
		c.gather(h, c.Seen, p) // (V22)
	}
	c.times(product, r, h)
	c.spread(c.Middle, product, p)
}

// update is act of (V10) or (V12), and (V13); the state is h.
func (c *Cell[F]) update(u, n []F, p *panel) {
	h := c.state(p)
	c.act(c.Variant.options.Candidate, n, n)
	if c.MaskCandidate != nil {
		masked := c.room(p, 1)
		c.mask(masked, n, c.MaskCandidate, p) // (V23)
		n = masked
	}
	c.blend(h, u, h, n) // (V13)
	c.newH(h, p)
}

// rnn is (V15).
func (c *Cell[F]) rnn(p *panel) {
	h := c.room(p, 0)
	c.act(c.Variant.options.Candidate, h, c.z(p, 0))
	c.newH(h, p)
}

// newH takes h' of a panel, unless it waits for its normalisation.
func (c *Cell[F]) newH(h []F, p *panel) {
	if c.Variant.options.HiddenNorm != nil {
		copy(c.z(p, c.Variant.hidden.first), h)
	} else {
		c.finish(h, p)
	}
}

// hiddenNorm is (V21) and what follows.
func (c *Cell[F]) hiddenNorm(p *panel) {
	h := c.room(p, 0)
	c.normalise(&c.Variant.hidden, h, c.z(p, c.Variant.hidden.first), c.Variant.options.HiddenNorm, p) // (V21)
	c.finish(h, p)
	if c.Variant.carriesH {
		copy(c.state(p), h)
	}
}

// finish is (V25), and (V22) for the next step.
func (c *Cell[F]) finish(h []F, p *panel) {
	if c.KeepH != nil {
		old := c.room(p, 1)
		c.gather(old, c.H, p)
		c.keep(h, old, h, c.KeepH, p) // (V25)
	}
	c.spread(c.Next, h, p)
	if c.MaskH != nil {
		seen := c.room(p, 1)
		c.mask(seen, h, c.MaskH, p) // (V22)
		c.spread(c.SeenNext, seen, p)
	}
}

// keep is what zoneout makes of an old value and a fresh one, as d, which may be one of them (V24), (V25).
func (c *Cell[F]) keep(d, old, fresh []F, keep [][]F, p *panel) {
	k := c.room(p, 2)
	c.gather(k, keep, p)
	c.blend(d, k, old, fresh)
}

// mask is d = v * mask (V22), (V23).
func (c *Cell[F]) mask(d, v []F, mask [][]F, p *panel) {
	c.gather(d, mask, p)
	c.times(d, v, d)
}
