package kernel

// A besideFunc goes on with the sums of some columns of one row.
type besideFunc func(b *beside)

// beside is the argument of a besideFunc.
type beside struct {
	z, w   [gates]*float32 // of a panel
	x      *float32        // (K,)
	inputs int             // K
}

// add goes on with the sums of columns that have such a term, for the rows x: z in panel p.
func (c *Cell) add(z *[gates][]float32, terms *[gates]*Matrix, x [][]float32, p int) {
	if c.beside[0] == nil || len(x) > 1 {
		for n, w := range terms {
			if w != nil {
				c.Affine(z[n], 0, nil, w, x, p, p+1)
			}
		}
		return
	}
	count := 0
	for _, w := range terms {
		if w != nil {
			count++
		}
	}
	if count == 0 {
		return
	}
	routines := c.beside[len(z[0])/c.Lanes-1]
	together, _, _ := parts(count, len(routines))
	b, n := &c.argument, 0
	for i, w := range terms {
		if w == nil {
			continue
		}
		b.z[n], b.w[n], b.x, b.inputs = &z[i][0], &w.data[w.at(p, 0, c.Lanes)], &x[0][0], w.inputs
		count--
		if n++; n == together || count == 0 {
			routines[n-1](b)
			n = 0
		}
	}
}
