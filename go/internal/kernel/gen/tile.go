package main

import (
	"fmt"
	"strings"
)

// A tile is some rows and panels, of some vectors each, whose sums of one chunk of (N3) are kept in registers.
type tile struct {
	machine
	rows, panels, width int
}

// rowTiles are the tiles of one panel of so many vectors whose sums fit into a machine's registers, beside the inputs and one vector of weights.
func rowTiles(m machine, vectors int) []tile {
	var list []tile
	for rows := 1; rows <= m.sums; rows++ {
		list = append(list, tile{m, rows, 1, vectors})
	}
	return list
}

func (t tile) name() string { return fmt.Sprintf("tile%s_%dx%d", t.machine.name, t.rows, t.width) }

func (t tile) sum(r, v int) string { return t.vector(t.width*t.panels*r + v) }

func (m machine) tileArguments() string {
	return fmt.Sprintf("z, from, w *%s, x *[]%s, first, terms, tiles, fromRow, ahead, step int", m.goType, m.goType)
}

// avxSums is a = fma(w, x, a) for CX terms: the rows of x in R8 to R13 point to the end of the chunk, its weights are
// at the places of the panels, from which AX leads to the next term. With fetch, R15 leads from a term's weights to those that are fetched meanwhile, and step from
// those to the next term's.
func (t tile) avxSums(l *listing, panels []string, fetch bool) {
	vectors := t.width * t.panels
	input := func(r int) string { return t.vector(t.rows*vectors + r) }
	weight := t.vector(t.rows*vectors + t.rows)
	for r := range t.rows {
		for v := range vectors {
			l.line("%s %s, %s, %s", t.instruction("VPXOR"), t.sum(r, v), t.sum(r, v), t.sum(r, v))
		}
	}
	l.line("NEGQ CX")

	l.label("term")
	if fetch {
		l.line("PREFETCHT0 (AX)(R15*1)")
		l.line("ADDQ step+72(FP), R15")
	}
	for r := range t.rows {
		l.line("VBROADCASTS%s (R%d)(CX*%d), %s", t.letter, 8+r, t.size, input(r))
	}
	for v := range vectors {
		from := fmt.Sprintf("%d%s", v%t.width*t.bytes, panels[v/t.width])
		if t.rows > 1 {
			l.line("VMOVUPS %s, %s", from, weight)
			from = weight
		}
		for r := range t.rows {
			l.line("%s %s, %s, %s", t.packed("VFMADD231"), from, input(r), t.sum(r, v))
		}
	}
	l.line("ADDQ $%d, AX", t.width*t.bytes)
	l.line("INCQ CX")
	l.line("JNZ term")
}

// avxTile is one chunk for `tiles` tiles of rows: z = from + a. z (rows, n, V), the weights (terms, n, V). Meanwhile it fetches
// what comes `ahead` bytes after w, tile after tile.
func (t tile) avxTile() string {
	l := &listing{}
	l.function(t.name(), t.tileArguments(), 0, 80)
	for n, argument := range []string{"z DI", "from SI", "w DX", "x BX"} {
		name, register, _ := strings.Cut(argument, " ")
		l.line("MOVQ %s+%d(FP), %s", name, 8*n, register)
	}
	l.line("MOVQ tiles+48(FP), R14")

	l.label("tile")
	l.line("MOVQ terms+40(FP), CX")
	l.line("MOVQ first+32(FP), AX")
	l.line("ADDQ CX, AX")
	for r := range t.rows {
		l.line("MOVQ %d(BX), R%d", 24*r, 8+r)
		l.line("LEAQ (R%d)(AX*%d), R%d", 8+r, t.size, 8+r)
	}
	l.line("MOVQ ahead+64(FP), R15")
	l.line("MOVQ DX, AX")
	t.avxSums(l, []string{"(AX)"}, true)
	l.line("ADDQ AX, R15")
	l.line("SUBQ DX, R15")
	l.line("MOVQ R15, ahead+64(FP)")

	l.line("MOVQ fromRow+56(FP), AX")
	for r := range t.rows {
		for v := range t.width {
			l.line(t.packed("VADD")+" %d(SI), %s, %s", v*t.bytes, t.sum(r, v), t.sum(r, v))
			l.line("VMOVUPS %s, %d(DI)", t.sum(r, v), (t.width*r+v)*t.bytes)
		}
		l.line("ADDQ AX, SI")
	}
	l.line("ADDQ $%d, DI", t.width*t.bytes*t.rows)
	l.line("ADDQ $%d, BX", 24*t.rows)
	l.line("DECQ R14")
	l.line("JNZ tile")
	l.line("VZEROUPPER")
	l.line("RET")
	return l.String()
}
