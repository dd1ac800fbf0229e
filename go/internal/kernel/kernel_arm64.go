//go:build !purego

package kernel

var neon = isa{
	simd("neon", 4, tilesNEON, widenNEON, stepNEON, cellsNEON, rowCellsNEON, 3, listsNEON, statisticsNEON, besideNEON),
	simd("neon", 2, tilesNEONWide, nil, stepNEONWide, cellsNEONWide, rowCellsNEONWide, 3, listsNEONWide, statisticsNEONWide, besideNEONWide),
}

// available lists the instruction sets of this build that this machine has, the fastest last. Every arm64 has NEON.
func available() []isa { return []isa{baseline, neon} }
