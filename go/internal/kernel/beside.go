package kernel

import "unsafe"

// A besideFunc goes on with the sums of some columns of one row.
type besideFunc func(b *beside)

// beside is the argument of a besideFunc.
type beside struct {
	z, w   [gates]unsafe.Pointer // of a panel
	x      unsafe.Pointer        // (K,)
	inputs int                   // K
}

// add goes on with the sums of columns that have such a term, for the rows x: z in panel p.
func (c *Cell[F]) add(z *[gates][]F, terms *[gates]*Matrix[F], x [][]F, p int) {
	if c.beside[0] == nil || len(x) > 1 || len(c.Wide) > 0 {
		for n, w := range terms {
			if w != nil {
				c.Affine(z[n], 0, nil, w, x, p, p+1, c.Wide)
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
		b.z[n], b.w[n], b.inputs = unsafe.Pointer(&z[i][0]), unsafe.Pointer(&w.data[w.at(p, 0, c.Lanes)]), w.inputs
		b.x = unsafe.Pointer(&x[0][0])
		count--
		if n++; n == together || count == 0 {
			routines[n-1](b)
			n = 0
		}
	}
}
