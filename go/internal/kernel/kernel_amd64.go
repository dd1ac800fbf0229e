//go:build !purego

package kernel

var (
	avx2 = isa{
		simd("avx2", 8, tilesAVX2, widenAVX2, stepAVX2, cellsAVX2, rowCellsAVX2, 3, listsAVX2, statisticsAVX2, besideAVX2),
		simd("avx2", 4, tilesAVX2Wide, nil, stepAVX2Wide, cellsAVX2Wide, rowCellsAVX2Wide, 3, listsAVX2Wide, statisticsAVX2Wide, besideAVX2Wide),
	}
	avx512 = isa{
		simd("avx512", 16, tilesAVX512, widenAVX512, stepAVX512, cellsAVX512, rowCellsAVX512, 1, listsAVX512, statisticsAVX512, besideAVX512),
		simd("avx512", 8, tilesAVX512Wide, nil, stepAVX512Wide, cellsAVX512Wide, rowCellsAVX512Wide, 1, listsAVX512Wide, statisticsAVX512Wide, besideAVX512Wide),
	}
)

func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)
func xgetbv() uint32

// available lists the instruction sets of this build that this machine has, the fastest last.
func available() []isa {
	const (
		fmaBit, osxsaveBit, avxBit = 1 << 12, 1 << 27, 1 << 28 // leaf 1, ecx
		avx2Bit, avx512fBit        = 1 << 5, 1 << 16           // leaf 7, ebx
		ymmState, zmmState         = 0x06, 0xe6                // XCR0: what the system saves
	)
	list := []isa{baseline}
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return list
	}
	_, _, c, _ := cpuid(1, 0)
	if c&(fmaBit|osxsaveBit|avxBit) != fmaBit|osxsaveBit|avxBit {
		return list
	}
	_, b, _, _ := cpuid(7, 0)
	state := xgetbv()
	if b&avx2Bit != 0 && state&ymmState == ymmState {
		list = append(list, avx2)
	}
	if b&avx512fBit != 0 && state&zmmState == zmmState {
		list = append(list, avx512)
	}
	return list
}
