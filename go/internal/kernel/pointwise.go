package kernel

// The pointwise parts of the cells (spec/variants.md): what stands in z, (rows, width) a column, becomes the gates, and the state
// the next one.

// peep is z = fma(w, c, z), w being the same for all rows.
func (c *Cell[F]) peep(z, w, state []F, p *panel[F]) {
	w = c.units(w, p)
	for at := 0; at < len(z); at += p.width {
		c.fma(z[at:][:p.width], w, state[at:][:p.width], z[at:][:p.width])
	}
}

// lstm is all of section 4, where nothing waits for c' of all units.
func lstm[F Float](c *Cell[F], p *panel[F]) {
	next := c.newState(p)
	c.output(next, next, p)
}

// lstmState is what comes before the normalisation of c'.
func lstmState[F Float](c *Cell[F], p *panel[F]) {
	c.leave(c.Variant.leftC(), c.Units, c.newState(p), p)
}

// lstmOutput is (V19) or (V20) and what follows.
func lstmOutput[F Float](c *Cell[F], p *panel[F]) {
	k := &c.Variant.options
	next, normed := p.next, p.more[0]
	c.gather(next, c.Left, c.Variant.leftC(), p)
	c.normalise(c.Variant.cells, normed, next, k.CellNorm, p)
	if k.CarriesNorm {
		copy(next, normed) // (V19)
	}
	c.output(next, normed, p) // (V20)
}

// newState is c' by (V4), (V6) and (2.2), (2.3), in place of c if that is not needed any more.
func (c *Cell[F]) newState(p *panel[F]) []F {
	k := &c.Variant.options
	i, f, g := p.z[0], p.z[1], p.z[2]
	if k.Peephole != nil { // (V4)
		c.peep(i, k.Peephole[0], p.state, p)
		c.peep(f, k.Peephole[2], p.state, p)
	}
	c.act(k.Gate, i, i) // (2.2)
	c.act(k.Candidate, g, g)
	if k.InputForget {
		c.rest(f, i) // (V6)
	} else {
		c.act(k.Gate, f, f)
	}
	next := p.state
	if k.CellNorm != nil || c.KeepC != nil {
		next = p.next
	}
	if c.MaskCandidate != nil {
		c.mask(p.m, g, c.MaskCandidate, p) // (V23)
		g = p.m
	}
	c.mix(next, f, p.state, i, g) // (2.3)
	return next
}

// output is (V5), (2.2) and (2.4) with c' and what tanh is applied to, then (V24).
func (c *Cell[F]) output(next, shown []F, p *panel[F]) {
	k := &c.Variant.options
	o := p.z[3]
	if k.Peephole != nil {
		c.peep(o, k.Peephole[1], next, p) // (V5)
	}
	c.act(k.Gate, o, o)
	c.act(k.Output, p.m, shown)
	c.times(p.m, o, p.m) // (2.4)
	switch {
	case c.KeepC != nil:
		c.keep(p.state, p.state, next, c.KeepC, p) // (V24)
	case k.CellNorm != nil:
		copy(p.state, next)
	}
	if k.Project.Late != nil {
		c.spread(c.Middle, p.m, p) // (V7) follows
	} else {
		c.newH(p.m, p)
	}
}

// project is (V7).
func project[F Float](c *Cell[F], p *panel[F]) {
	column := &c.Variant.options.Project
	c.Affine(p.m, 0, column.Start, column.Late, c.Middle[:p.rows], p.number, p.number+1, c.Wide)
	c.newH(p.m, p)
}

// gru is (V9), (V10) and (V13), resetting after.
func gru[F Float](c *Cell[F], p *panel[F]) {
	k := &c.Variant.options
	r, u, nx, nh := p.z[0], p.z[1], p.z[2], p.z[3]
	c.act(k.Gate, r, r) // (V9)
	c.act(k.Gate, u, u)
	c.fma(nx, r, nh, nx) // (V10)
	c.update(u, nx, p)
}

// gruReset is (V9), and r * h of (V11) for all units to read.
func gruReset[F Float](c *Cell[F], p *panel[F]) {
	k := &c.Variant.options
	r, u := p.z[0], p.z[1]
	c.act(k.Gate, r, r) // (V9)
	c.act(k.Gate, u, u)
	h := p.state
	if c.MaskH != nil {
		h = p.m
		c.gather(h, c.Seen, 0, p) // (V22)
	}
	c.times(p.m, r, h)
	c.spread(c.Middle, p.m, p)
}

// gruCandidate is (V12) and (V13), when n has the term r * h.
func gruCandidate[F Float](c *Cell[F], p *panel[F]) { c.update(p.z[1], p.z[2], p) }

// update is act of (V10) or (V12), and (V13); the state is h.
func (c *Cell[F]) update(u, n []F, p *panel[F]) {
	c.act(c.Variant.options.Candidate, n, n)
	if c.MaskCandidate != nil {
		c.mask(p.next, n, c.MaskCandidate, p) // (V23)
		n = p.next
	}
	c.rest(p.m, u)
	c.mix(p.state, u, p.state, p.m, n) // (V13)
	c.newH(p.state, p)
}

// rnn is (V15).
func rnn[F Float](c *Cell[F], p *panel[F]) {
	c.act(c.Variant.options.Candidate, p.m, p.z[0])
	c.newH(p.m, p)
}

// newH takes h' of a panel, unless it waits for its normalisation.
func (c *Cell[F]) newH(h []F, p *panel[F]) {
	if c.Variant.options.HiddenNorm != nil {
		c.leave(c.Variant.leftH(), c.Variant.options.Outputs, h, p)
	} else {
		c.finish(h, p)
	}
}

// hiddenNorm is (V21) and what follows.
func hiddenNorm[F Float](c *Cell[F], p *panel[F]) {
	k := &c.Variant.options
	c.gather(p.m, c.Left, c.Variant.leftH(), p)
	c.normalise(c.Variant.hidden, p.m, p.m, k.HiddenNorm, p) // (V21)
	c.finish(p.m, p)
	if c.Variant.carriesH {
		copy(p.state, p.m)
	}
}

// finish is (V25), and (V22) for the next step.
func (c *Cell[F]) finish(h []F, p *panel[F]) {
	if c.KeepH != nil {
		c.gather(p.next, c.H, 0, p)
		c.keep(h, p.next, h, c.KeepH, p) // (V25)
	}
	c.spread(c.Next, h, p)
	if c.MaskH != nil {
		c.mask(p.next, h, c.MaskH, p) // (V22)
		c.spread(c.SeenNext, p.next, p)
	}
}

// keep is what zoneout makes of an old value and a fresh one, as d, which may be one of them (V24), (V25).
func (c *Cell[F]) keep(d, old, fresh []F, keep [][]F, p *panel[F]) {
	k, rest := p.more[0], p.more[1]
	c.gather(k, keep, 0, p)
	c.rest(rest, k)
	c.mix(d, k, old, rest, fresh)
}

// mask is d = v * mask (V22), (V23).
func (c *Cell[F]) mask(d, v []F, mask [][]F, p *panel[F]) {
	c.gather(d, mask, 0, p)
	c.times(d, v, d)
}
