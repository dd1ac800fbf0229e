//go:build !purego

#include "textflag.h"

// func readControl() uint32
TEXT ·readControl(SB), NOSPLIT, $0-4
	MRS FPCR, R0
	MOVW R0, ret+0(FP)
	RET

// func writeControl(control uint32)
TEXT ·writeControl(SB), NOSPLIT, $0-4
	MOVWU control+0(FP), R0
	MSR R0, FPCR
	RET
