package kernel

// A besideFunc goes on with the sums z of some columns of one row x (K,), in a panel with the weights w; those that are not there are
// nil.
type besideFunc[F Float] func(z0, z1, z2, z3, w0, w1, w2, w3, x *F, inputs int)

// sums are products, of the columns that have such a term; at most four have.
type sums[F Float] struct {
	columns  []int
	matrices []*Matrix[F]
}

// sumsOf is those of a term.
func (v *Variant[F]) sumsOf(term func(*Column[F]) *Matrix[F]) (s sums[F]) {
	for n := range v.Columns {
		if w := term(&v.Columns[n]); w != nil {
			s.columns, s.matrices = append(s.columns, n), append(s.matrices, w)
		}
	}
	return s
}

// start forms the sums of x, from where all columns start, for its rows.
func (c *Cell[F]) start(p *panel, x [][]F) {
	many := !c.isBeside(x)
	for n, column := range c.Variant.Columns {
		z, start := c.z(p, n), c.units(column.Start, p)
		if many && column.X != nil {
			c.Affine(z, 0, column.Start, column.X, x, p.number, p.number+1, c.Wide)
			continue
		}
		for at := 0; at < len(z); at += p.width {
			copy(z[at:], start)
		}
	}
	if !many {
		c.add(&c.Variant.ofX, p, x)
	}
}

// isBeside tells whether the columns are computed side by side.
func (c *Cell[F]) isBeside(x [][]F) bool {
	return c.beside[0] != nil && len(x) == 1 && len(c.Wide) == 0
}

// add goes on with the sums of x, in the order of the step: what the cache still holds of the weights is used first.
func (c *Cell[F]) add(s *sums[F], p *panel, x [][]F) {
	if !c.isBeside(x) {
		for n, w := range s.matrices {
			c.Affine(c.z(p, s.columns[n]), 0, nil, w, x, p.number, p.number+1, c.Wide)
		}
		return
	}
	routines := c.beside[p.width/c.Lanes-1]
	for done := 0; done < len(s.columns); {
		together, _, _ := parts(len(s.columns)-done, len(routines))
		from := done
		if c.Backwards {
			from = len(s.columns) - done - together
		}
		var z, w [gates]*F
		for n := range together {
			m := s.matrices[from+n]
			z[n], w[n] = &c.z(p, s.columns[from+n])[0], &m.data[m.at(p.number, 0, c.Lanes)]
		}
		routines[together-1](z[0], z[1], z[2], z[3], w[0], w[1], w[2], w[3], &x[0][0], s.matrices[0].inputs)
		done += together
	}
}
