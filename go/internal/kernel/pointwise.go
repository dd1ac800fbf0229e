package kernel

// The pointwise parts of the cells (spec/variants.md): what stands in z, (rows, width) a column, becomes the gates, and the state
// the next one.

// spread copies panel p of some rows to its places in them.
func (c *Cell[F]) spread(to [][]F, p int, list []F, rows int) {
	width := len(list) / rows
	for r, row := range to[:rows] {
		copy(row[p*gates*c.Lanes:], list[r*width:][:width])
	}
}

// peep is z = fma(w, c, z), w being the same for all rows.
func (c *Cell[F]) peep(z, w, state []F, p panel[F]) {
	w = w[p.number*gates*c.Lanes:][:p.width]
	for at := 0; at < len(z); at += p.width {
		c.fma(z[at:][:p.width], w, state[at:][:p.width], z[at:][:p.width])
	}
}

// lstm is (V4) to (V6) with (2.2)-(2.4).
func lstm[F Float](c *Cell[F], p panel[F]) {
	k := &c.Variant.options
	i, f, g, o := p.z[0], p.z[1], p.z[2], p.z[3]
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
	c.mix(p.state, f, p.state, i, g) // (2.3)
	if k.Peephole != nil {
		c.peep(o, k.Peephole[1], p.state, p) // (V5)
	}
	c.act(k.Gate, o, o)
	c.act(k.Output, p.m, p.state)
	c.times(p.m, o, p.m) // (2.4)
	to := c.Next
	if c.Variant.Project.Late != nil {
		to = c.Middle // (V7) follows
	}
	c.spread(to, p.number, p.m, len(p.m)/p.width)
}

// gru is (V9), (V10) and (V13), resetting after.
func gru[F Float](c *Cell[F], p panel[F]) {
	k := &c.Variant.options
	r, u, nx, nh := p.z[0], p.z[1], p.z[2], p.z[3]
	c.act(k.Gate, r, r) // (V9)
	c.act(k.Gate, u, u)
	c.fma(nx, r, nh, nx) // (V10)
	c.update(u, nx, p)
}

// gruReset is (V9), and r * h of (V11) for all units to read.
func gruReset[F Float](c *Cell[F], p panel[F]) {
	k := &c.Variant.options
	r, u := p.z[0], p.z[1]
	c.act(k.Gate, r, r) // (V9)
	c.act(k.Gate, u, u)
	c.times(p.m, r, p.state)
	c.spread(c.Middle, p.number, p.m, len(p.m)/p.width)
}

// gruCandidate is (V12) and (V13), when n has the term r * h.
func gruCandidate[F Float](c *Cell[F], p panel[F]) { c.update(p.z[1], p.z[2], p) }

// update is act of (V10) or (V12), and (V13); the state is h.
func (c *Cell[F]) update(u, n []F, p panel[F]) {
	c.act(c.Variant.options.Candidate, n, n)
	c.rest(p.m, u)
	c.mix(p.state, u, p.state, p.m, n) // (V13)
	c.spread(c.Next, p.number, p.state, len(p.m)/p.width)
}

// rnn is (V15).
func rnn[F Float](c *Cell[F], p panel[F]) {
	n := p.z[0]
	c.act(c.Variant.options.Candidate, p.m, n)
	c.spread(c.Next, p.number, p.m, len(p.m)/p.width)
}
