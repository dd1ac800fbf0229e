package main

const widenArguments = "wide *float32, words *uint32, n int"

// avxWiden has the place of the words in SI, of the numbers in DI, and CX words to come.
func avxWiden(m machine) string {
	text := &listing{}
	word, low, high, mask := m.vector(0), m.vector(1), m.vector(2), m.vector(3)
	text.function("widen"+m.name, widenArguments, 0, 24)
	text.line("MOVQ wide+0(FP), DI")
	text.line("MOVQ words+8(FP), SI")
	text.line("MOVQ n+16(FP), CX")
	if m.registerFile == "Z" {
		text.line("VPTERNLOGD $255, %s, %s, %s", mask, mask, mask)
	} else {
		text.line("VPCMPEQD %s, %s, %s", mask, mask, mask)
	}
	text.line("VPSLLD $16, %s, %s", mask, mask)

	text.label("vector")
	text.line("VMOVUPS (SI), %s", word)
	text.line("VPSLLD $16, %s, %s", word, low)
	text.line("%s %s, %s, %s", m.instruction("VPAND"), word, mask, high)
	text.line("VMOVUPS %s, (DI)", low)
	text.line("VMOVUPS %s, %d(DI)", high, m.bytes)
	text.line("ADDQ $%d, SI", m.bytes)
	text.line("ADDQ $%d, DI", 2*m.bytes)
	text.line("SUBQ $%d, CX", m.lanes())
	text.line("JNE vector")
	text.line("VZEROUPPER")
	text.line("RET")
	return text.String()
}

// neonWiden has the place of the words in R1, of the numbers in R0, and R2 words to come.
func neonWiden(m machine) string {
	text := &listing{}
	text.function("widen"+m.name, widenArguments, 0, 24)
	text.line("MOVD wide+0(FP), R0")
	text.line("MOVD words+8(FP), R1")
	text.line("MOVD n+16(FP), R2")
	text.line("VCMEQ V3.S4, V3.S4, V3.S4")
	text.line("VSHL $16, V3.S4, V3.S4")

	text.label("vector")
	text.line("FMOVQ (R1), F0")
	text.line("VSHL $16, V0.S4, V1.S4")
	text.line("VAND V3.B16, V0.B16, V2.B16")
	text.line("FMOVQ F1, (R0)")
	text.line("FMOVQ F2, %d(R0)", m.bytes)
	text.line("ADD $%d, R1", m.bytes)
	text.line("ADD $%d, R0", 2*m.bytes)
	text.line("SUBS $%d, R2", m.lanes())
	text.line("BNE vector")
	text.line("RET")
	return text.String()
}
