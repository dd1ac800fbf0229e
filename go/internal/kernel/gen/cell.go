package main

import (
	"fmt"
	"math/bits"
)

// cellTiles are the tiles that a fused step is computed by: some rows of one panel, or one row of some panels.
func cellTiles(m machine) []tile {
	return append(rowTiles(m, 4), tile{m, 1, 2, 4}, tile{m, 1, 3, 4})
}

func (t tile) cellName() string { return fmt.Sprintf("cell%s_%dx%d", t.machine.name, t.rows, t.panels) }

const cellArguments = "b *block"

// inRegisters tells whether the sums stay where they are for the pointwise step; more would leave it too few registers.
func (t tile) inRegisters() bool { return 8*t.rows*t.panels < t.registers }

// vectors are those of the tile, row by row, given where z begins, the register with the place of the first one's h (others
// follow), and where c is.
func (t tile) vectors(z string, firstH int, c func(row, panel int) string) []vectorOfUnits {
	var list []vectorOfUnits
	for n := range t.rows * t.panels {
		row, panel := n/t.panels, n%t.panels
		v := vectorOfUnits{z: z, at: 4 * t.bytes * n, c: c(row, panel), h: fmt.Sprintf("(R%d)", firstH+n)}
		if t.inRegisters() {
			for gate := range 4 {
				v.registers = append(v.registers, t.sum(row, 4*panel+gate))
			}
		}
		list = append(list, v)
	}
	return list
}

// avxCell has the block in BX, the number of the panel in R15, z in DI; then the product in SI and its terms done so far in R14;
// then c in SI, R14 from one panel's to the next, and the places of h in R8 to R13. Of a panel that is not full, h goes
// through the stack.
func (t tile) avxCell() string {
	l := &listing{}
	lanes := t.lanes()
	part := func(row int) string { return fmt.Sprintf("part-%d(SP)", t.bytes*(t.rows-row)) }
	l.function(t.cellName(), cellArguments, t.rows*t.bytes, 8)
	l.line("MOVQ b+0(FP), BX")
	l.line("MOVQ block_panel(BX), R15")
	l.line("MOVQ block_z(BX), DI")

	l.label("panel") // z = start
	l.line("MOVQ block_startPanel(BX), CX")
	l.line("MOVQ CX, AX")
	l.line("IMULQ R15, AX")
	l.line("ADDQ block_start(BX), AX")
	if t.rows > 1 {
		l.line("MOVQ block_startRow(BX), CX")
	}
	for n := range t.rows * t.panels {
		if n > 0 {
			l.line("ADDQ CX, AX")
		}
		for v := range 4 {
			l.line("VMOVUPS %d(AX), %s", v*t.bytes, t.vector(v))
			l.line("VMOVUPS %s, %d(DI)", t.vector(v), (4*n+v)*t.bytes)
		}
	}
	l.line("LEAQ block_products(BX), SI")

	l.label("product")
	l.line("XORQ R14, R14")

	l.label("chunk")
	l.line("MOVQ product_inputs(SI), CX")
	l.line("SUBQ R14, CX")
	l.line("JEQ done")
	l.line("MOVQ $const_kChunk, AX")
	l.line("CMPQ CX, AX")
	l.line("CMOVQGT AX, CX")
	l.line("LEAQ (R14)(CX*1), DX")
	l.line("MOVQ product_x(SI), AX")
	for r := range t.rows {
		l.line("MOVQ %d(AX), R%d", 24*r, 8+r)
		l.line("LEAQ (R%d)(DX*%d), R%d", 8+r, t.size, 8+r)
	}
	l.line("MOVQ product_panel(SI), AX")
	if t.panels > 1 {
		l.line("MOVQ AX, R11")
	}
	l.line("IMULQ R15, AX")
	l.line("ADDQ product_w(SI), AX")
	l.line("SHLQ $%d, R14", bits.TrailingZeros(uint(4*t.bytes)))
	l.line("ADDQ R14, AX")
	l.line("MOVQ DX, R14")
	t.avxSums(l, []string{"(AX)", "(AX)(R11*1)", "(AX)(R11*2)"}, false)
	for r := range t.rows {
		for v := range 4 * t.panels { // z = z + a
			at := address("(DI)", (4*t.panels*r+v)*t.bytes)
			l.line(t.packed("VADD")+" %s, %s, %s", at, t.sum(r, v), t.sum(r, v))
			l.line("VMOVUPS %s, %s", t.sum(r, v), at)
		}
	}
	l.line("JMP chunk")

	l.label("done")
	l.line("ADDQ $product__size, SI")
	l.line("LEAQ (block_products+2*product__size)(BX), AX")
	l.line("CMPQ SI, AX")
	l.line("JNE product")

	l.line("MOVQ block_cPanel(BX), R14")
	l.line("MOVQ R14, SI")
	l.line("IMULQ R15, SI")
	l.line("ADDQ block_c(BX), SI")
	l.line("MOVQ R15, AX") // AX: the panel's first unit, DX: units from there on
	l.line("SHLQ $%d, AX", bits.TrailingZeros(uint(lanes)))
	l.line("MOVQ block_units(BX), DX")
	l.line("SUBQ AX, DX")
	l.line("ADDQ block_unit(BX), AX")
	l.line("MOVQ block_h(BX), CX")
	for r := range t.rows {
		l.line("MOVQ %d(CX), R%d", 24*r, 8+r)
		l.line("LEAQ (R%d)(AX*%d), R%d", 8+r, t.size, 8+r)
	}
	for p := 1; p < t.panels; p++ {
		l.line("LEAQ %d(R8), R%d", p*t.bytes, 8+p)
	}
	l.line("CMPQ DX, $%d", t.panels*lanes)
	l.line("JGE compute")
	for r := range t.rows {
		l.line("LEAQ %s, R%d", part(r), 7+(r+1)*t.panels)
	}

	l.label("compute")
	l.lines(stepProgram(t.machine, t.vectors("(DI)", 8, func(row, panel int) string {
		if panel == 0 {
			return fmt.Sprintf("%d(SI)", row*t.bytes)
		}
		return fmt.Sprintf("(SI)(R14*%d)", panel)
	}), false)...)
	l.line("SUBQ $%d, DX", (t.panels-1)*lanes)
	l.line("CMPQ DX, $%d", lanes)
	l.line("JGE next")
	for r := range t.rows {
		l.line("MOVQ %d(CX), R8", 24*r)
		l.line("LEAQ %d(R8)(AX*%d), R8", (t.panels-1)*t.bytes, t.size)
		l.line("LEAQ %s, R9", part(r))
		l.line("XORQ R10, R10")

		copying := fmt.Sprintf("copy%d", r)
		l.label(copying)
		l.line("%s (R9)(R10*%d), R11", t.move(), t.size)
		l.line("%s R11, (R8)(R10*%d)", t.move(), t.size)
		l.line("INCQ R10")
		l.line("CMPQ R10, DX")
		l.line("JLT %s", copying)
	}

	l.label("next")
	l.line("ADDQ block_step(BX), R15")
	l.line("CMPQ R15, block_end(BX)")
	l.line("JNE panel")
	l.line("VZEROUPPER")
	l.line("RET")
	return l.String()
}

// neonCell has the block in R0, the number of the panel in R1, z in R2; then the product in R3 and its terms done so far in R4;
// then c in R3, and R12 to R17 as in avxCell R8 to R13.
func (t tile) neonCell() string {
	l := &listing{}
	lanes := t.lanes()
	part := func(row int) string { return fmt.Sprintf("$part-%d(SP)", t.bytes*(t.rows-row)) }
	l.function(t.cellName(), cellArguments, t.rows*t.bytes, 8)
	l.line("MOVD b+0(FP), R0")
	l.line("MOVD block_panel(R0), R1")
	l.line("MOVD block_z(R0), R2")

	l.label("panel") // z = start
	l.line("MOVD block_startPanel(R0), R6")
	l.line("MUL R6, R1, R7")
	l.line("MOVD block_start(R0), R8")
	l.line("ADD R8, R7")
	if t.rows > 1 {
		l.line("MOVD block_startRow(R0), R6")
	}
	for n := range t.rows * t.panels {
		if n > 0 {
			l.line("ADD R6, R7")
		}
		for v := range 4 {
			l.line("FMOVQ %d(R7), %s", v*t.bytes, quad(t.vector(v)))
			l.line("FMOVQ %s, %d(R2)", quad(t.vector(v)), (4*n+v)*t.bytes)
		}
	}
	l.line("ADD $block_products, R0, R3")

	l.label("product")
	l.line("MOVD ZR, R4")

	l.label("chunk")
	l.line("MOVD product_inputs(R3), R5")
	l.line("SUBS R4, R5")
	l.line("BEQ done")
	l.line("MOVD $const_kChunk, R6")
	l.line("CMP R6, R5")
	l.line("CSEL GT, R6, R5, R5")
	l.line("MOVD product_x(R3), R6")
	for r := range t.rows {
		l.line("MOVD %d(R6), R%d", 24*r, 12+r)
		l.line("ADD R4<<%d, R%d", t.sizeShift(), 12+r)
	}
	l.line("MOVD product_panel(R3), R6")
	l.line("MUL R6, R1, R20")
	l.line("MOVD product_w(R3), R7")
	l.line("ADD R7, R20")
	l.line("ADD R4<<%d, R20", bits.TrailingZeros(uint(4*t.bytes)))
	for p := 1; p < t.panels; p++ {
		l.line("ADD R6, R%d, R%d", 19+p, 20+p)
	}
	l.line("ADD R5, R4")
	t.neonSums(l)
	for r := range t.rows {
		for v := range 4 * t.panels { // z = z + a
			at := address("(R2)", (4*t.panels*r+v)*t.bytes)
			t.neonAdd(l, t.sum(r, v), at)
			l.line("FMOVQ %s, %s", quad(t.sum(r, v)), at)
		}
	}
	l.line("B chunk")

	l.label("done")
	l.line("ADD $product__size, R3")
	l.line("ADD $(block_products+2*product__size), R0, R6")
	l.line("CMP R6, R3")
	l.line("BNE product")

	l.line("MOVD block_cPanel(R0), R4")
	l.line("MUL R4, R1, R3")
	l.line("MOVD block_c(R0), R5")
	l.line("ADD R5, R3")
	for p := 1; p < t.panels; p++ {
		l.line("ADD R4, R%d, R%d", []int{3, 20}[p-1], 19+p)
	}
	l.line("LSL $%d, R1, R6", bits.TrailingZeros(uint(lanes))) // R6: the panel's first unit, R7: units from there on
	l.line("MOVD block_units(R0), R7")
	l.line("SUB R6, R7")
	l.line("MOVD block_unit(R0), R8")
	l.line("ADD R8, R6")
	l.line("MOVD block_h(R0), R9")
	for r := range t.rows {
		l.line("MOVD %d(R9), R%d", 24*r, 12+r)
		l.line("ADD R6<<%d, R%d", t.sizeShift(), 12+r)
	}
	for p := 1; p < t.panels; p++ {
		l.line("ADD $%d, R12, R%d", p*t.bytes, 12+p)
	}
	l.line("CMP $%d, R7", t.panels*lanes)
	l.line("BGE compute")
	for r := range t.rows {
		l.line("MOVD %s, R%d", part(r), 11+(r+1)*t.panels)
	}

	l.label("compute")
	l.lines(stepProgram(t.machine, t.vectors("(R2)", 12, func(row, panel int) string {
		if panel == 0 {
			return fmt.Sprintf("%d(R3)", row*t.bytes)
		}
		return fmt.Sprintf("(R%d)", 19+panel)
	}), false)...)
	l.line("SUB $%d, R7", (t.panels-1)*lanes)
	l.line("CMP $%d, R7", lanes)
	l.line("BGE next")
	for r := range t.rows {
		l.line("MOVD %d(R9), R12", 24*r)
		l.line("ADD R6<<%d, R12", t.sizeShift())
		l.line("ADD $%d, R12", (t.panels-1)*t.bytes)
		l.line("MOVD %s, R13", part(r))
		l.line("MOVD R7, R14")

		copying := fmt.Sprintf("copy%d", r)
		l.label(copying)
		l.line("%s (R13), R15", t.moves()[0])
		l.line("%s R15, (R12)", t.moves()[1])
		l.line("ADD $%d, R13", t.size)
		l.line("ADD $%d, R12", t.size)
		l.line("SUBS $1, R14")
		l.line("BNE %s", copying)
	}

	l.label("next")
	l.line("MOVD block_step(R0), R6")
	l.line("ADD R6, R1")
	l.line("MOVD block_end(R0), R6")
	l.line("CMP R6, R1")
	l.line("BNE panel")
	l.line("RET")
	return l.String()
}
