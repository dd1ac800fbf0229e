//go:build (amd64 || arm64) && !purego

package kernel

import "unsafe"

// tileFunc computes one chunk of (N3), some terms >= 1 from first on, for one panel and tiles x n rows of x: z = from + a.
// z (rows, 4, V), from the same with fromRow bytes from row to row, w (terms, 4, V), x the rows' slice headers. Meanwhile it may
// fetch what stands ahead bytes after w and on; each term's place is by step bytes further than the last one's, seen from w's terms.
type tileFunc[F Float] func(z, from, w *F, x *[]F, first, terms, tiles, fromRow, ahead, step int)

// vectorsFunc is a listFunc for rows of n floats, some whole vectors of them.
type vectorsFunc[F Float] func(d, a, b, c, e *F, n, rows int)

// panelStatisticsFunc is a statisticsFunc; distances are in bytes.
type panelStatisticsFunc[F Float] func(to, z, last *F, rows, lists, full, rest, zPanel, zList, width int, count, epsilon F)

// cellFunc runs (2.1)-(2.4) over the panels of a block, for so many rows as it is made for.
type cellFunc func(b *block)

// panelsFunc runs (2.2)-(2.4) over panels and rows; first and units count hidden units.
type panelsFunc[F Float] func(z, c *F, h *[]F, first, units, rows, zPanel, cPanel int)

// block is the argument of a cellFunc. Distances are in bytes; panels count from the first of the step's on.
type block struct {
	start                unsafe.Pointer // (panels, rows, 4, V)
	startPanel, startRow int
	products             [2]product     // of x and of h
	z                    unsafe.Pointer // room for a tile's (4, V)
	c                    unsafe.Pointer // (panels, rows, V)
	cPanel               int
	h                    unsafe.Pointer // the rows' slice headers, from `unit` on to be filled with `units`
	unit, units          int
	panel, end, step     int // the panels in their order; end is not one of them any more

	width, wide, narrow int // one row's panels: so many groups of that width, then some of one panel less
}

// product is W x of (N3): w (panels, inputs, 4, V), x the rows' slice headers.
type product struct {
	w      unsafe.Pointer
	panel  int
	x      unsafe.Pointer
	inputs int
}

// simd makes the implementation of the routines that gen writes. One row of up to 3 panels, or of little weights, is computed
// side by side, else `most` panels at a time.
func simd[F Float](name string, lanes int, tiles [gates][]tileFunc[F], widen widenFunc[F], step panelsFunc[F], cells, rowCells []cellFunc, most int, lists []vectorsFunc[F], statistics panelStatisticsFunc[F], beside [gates][]besideFunc[F]) *Kernels[F] {
	return &Kernels[F]{name, lanes, affineBy(tiles, widen, lanes), stepBy(step, lanes), advanceBy[F](cells, rowCells, most), listsBy(lists), statisticsBy(statistics), beside}
}

// affineBy is the reduction by tiles. Panel by panel, chunk by chunk (it stays in the first-level cache), tile of rows
// by tile of rows, in equal parts.
func affineBy[F Float](widths [gates][]tileFunc[F], widen widenFunc[F], lanes int) affineFunc[F] {
	return func(z []F, zPanel int, bias []F, w *Matrix[F], x [][]F, first, last int, wide []F) {
		if len(x) == 0 {
			return
		}
		bytes := Size[F]()
		for p := first; p < last; p++ {
			row := w.width(p, lanes)
			tiles := widths[row/lanes-1]
			height, tall, low := parts(len(x), len(tiles))
			packed := bytes * row // bytes of a term
			if w.words != nil {
				packed /= 2
			}
			perTerm := fetchedPerTerm(packed, tall+low)
			at := (p - first) * zPanel
			from, fromRow := z[at:], row
			if bias != nil {
				from, fromRow = bias[p*gates*lanes:], 0
			}
			for k := 0; k < w.inputs; k += kChunk {
				terms := min(kChunk, w.inputs-k)
				weights, ahead := unsafe.SliceData(wide), packed*terms // where the next chunk is, seen from here
				if w.words == nil {
					weights = &w.data[w.at(p, k, lanes)]
				} else {
					words := w.wordsAt(p, k, terms, lanes)
					widen(weights, &words[0], len(words))
					ahead += int(uintptr(unsafe.Pointer(&words[0])) - uintptr(unsafe.Pointer(weights)))
				}
				tiles[height-1](&z[at], &from[0], weights, &x[0], k, terms, tall, bytes*fromRow, ahead, perTerm-bytes*row)
				if low > 0 {
					r := tall * height
					ahead += perTerm * terms * tall
					tiles[height-2](&z[at+r*row], &from[r*fromRow], weights, &x[r], k, terms, low, bytes*fromRow, ahead, perTerm-bytes*row)
				}
				from, fromRow = z[at:], row
			}
		}
	}
}

// fetchedPerTerm is how many bytes of the next chunk, of so many per term, each tile fetches per term: all together the whole, one
// after the other, since a processor waits for a few cache lines at a time only.
func fetchedPerTerm(bytes, tiles int) int {
	const cacheLine = 64
	if bytes >= cacheLine*tiles { // as below, without the time that a division takes
		return cacheLine
	}
	return min(cacheLine, (bytes+tiles-1)/tiles)
}

// stepBy is the pointwise step.
func stepBy[F Float](step panelsFunc[F], lanes int) stepFunc[F] {
	return func(z []F, zPanel int, c []F, cPanel int, h [][]F, units, first, last int) {
		if len(h) > 0 && first < last {
			from := first * lanes
			step(&z[0], &c[0], &h[0], from, min(units, last*lanes)-from, len(h), Size[F]()*zPanel, Size[F]()*cPanel)
		}
	}
}

// listsBy is the pointwise operations on lists.
func listsBy[F Float](routines []vectorsFunc[F]) []listFunc[F] {
	lists := make([]listFunc[F], len(routines))
	for n, routine := range routines {
		lists[n] = func(d, a, b, c, e []F) {
			n, rows := len(d), 1
			if c != nil && len(c) < n {
				n, rows = len(c), n/len(c)
			}
			routine(unsafe.SliceData(d), unsafe.SliceData(a), unsafe.SliceData(b), unsafe.SliceData(c), unsafe.SliceData(e), n, rows)
		}
	}
	return lists
}

// statisticsBy is the statistics of a group.
func statisticsBy[F Float](routine panelStatisticsFunc[F]) statisticsFunc[F] {
	return func(c *Cell[F], g *group, rows int) {
		first, last := c.places(g)
		if g.rest == 0 {
			last = first // nothing is read
		}
		bytes := Size[F]()
		routine(&c.statisticsOf(g)[0], &c.Z[first], &c.Z[last], rows, g.count, g.full, g.rest, bytes*c.ZPanel, bytes*c.ZColumn, bytes*g.width,
			c.count(g), c.Variant.options.Epsilon)
	}
}

// advanceBy is a whole step: of few rows by routines that keep z in registers, of many panel by panel.
func advanceBy[F Float](cells, rowCells []cellFunc, most int) func(c *Cell[F], rows int) {
	return func(c *Cell[F], rows int) {
		if rows > len(cells) || len(c.Wide) > 0 {
			c.eachPanel(rows)
			return
		}
		b, panels := &c.block, c.Last-c.First
		if b.z == nil {
			c.prepare(most)
		}
		if c.X != nil {
			b.products[0].x = unsafe.Pointer(&c.X[0])
		} else {
			b.start = unsafe.Pointer(&c.Z[0])
		}
		b.products[1].x, b.h = unsafe.Pointer(&c.H[0]), unsafe.Pointer(&c.Next[0])
		if rows > 1 {
			b.run(cells[rows-1], 0, panels, 1, c.Backwards)
			return
		}
		if b.narrow > 0 && c.Backwards {
			b.run(rowCells[b.width-2], b.wide*b.width, b.narrow, b.width-1, true)
		}
		b.run(rowCells[b.width-1], 0, b.wide, b.width, c.Backwards)
		if b.narrow > 0 && !c.Backwards {
			b.run(rowCells[b.width-2], b.wide*b.width, b.narrow, b.width-1, false)
		}
	}
}

// run runs the routine for count x width panels.
func (b *block) run(routine cellFunc, first, count, width int, backwards bool) {
	b.panel, b.end, b.step = first, first+count*width, width
	if backwards {
		b.panel, b.end, b.step = b.end-width, first-width, -width
	}
	routine(b)
}

const smallWeights = 65536 // bytes that are read at full speed from several places, too

// prepare fills in what stays the same in all steps.
func (c *Cell[F]) prepare(most int) {
	bytes := Size[F]()
	row, panels := gates*c.Lanes, c.Last-c.First
	inputs := c.HH.inputs
	if c.X != nil {
		inputs += c.IH.inputs
	}
	if panels <= mostPanels || panels*inputs*row*bytes <= smallWeights {
		most = mostPanels
	}
	weights := func(w *Matrix[F]) product {
		return product{w: unsafe.Pointer(&w.data[c.First*w.inputs*row]), panel: bytes * row * w.inputs, inputs: w.inputs}
	}
	c.block = block{
		start: unsafe.Pointer(&c.Bias[c.First*row]), startPanel: bytes * row, products: [2]product{weights(c.IH), weights(c.HH)},
		z: unsafe.Pointer(&c.Room[0]), c: unsafe.Pointer(&c.C[0]), cPanel: bytes * c.CPanel, unit: c.First * c.Lanes, units: c.Units - c.First*c.Lanes,
	}
	c.block.width, c.block.wide, c.block.narrow = parts(panels, most)
	if c.X == nil {
		c.block.startPanel, c.block.startRow, c.block.products[0].inputs = bytes*c.ZPanel, bytes*row, 0
	}
}
