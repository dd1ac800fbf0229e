//go:build !purego

package kernel

var neon = simd("neon", 4, tilesNEON, stepNEON, cellsNEON, rowCellsNEON, 3, listsNEON, besideNEON)

// Available lists the implementations of this build that this machine can run, the fastest last. Every arm64 has NEON.
func Available() []*Kernels { return []*Kernels{&Baseline, &neon} }
