//go:build !purego

package kernel

// A tile adds K terms to one panel of some rows of z (N3), K >= 1; a step function runs (2.2)-(2.4) over panels. All
// in kernels_amd64.s.
type tileFunc func(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func tileAVX2_1(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func tileAVX2_2(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func tileAVX2_4(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func tileAVX2_6(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func stepAVX2(z, c, h *float32, panels int)

//go:noescape
func tileAVX512_1(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func tileAVX512_2(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func tileAVX512_4(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func tileAVX512_6(z, w, x *float32, k, zStride, xStride int)

//go:noescape
func stepAVX512(z, c, h *float32, panels int)

var (
	avx2 = Kernels{
		"avx2",
		affineBy(tileAVX2_1, tileAVX2_2, tileAVX2_4, tileAVX2_6),
		stepBy(stepAVX2),
	}
	avx512 = Kernels{
		"avx512",
		affineBy(tileAVX512_1, tileAVX512_2, tileAVX512_4, tileAVX512_6),
		stepBy(stepAVX512),
	}
)

// affineBy is the reduction by tiles of 1, 2, 4 and 6 rows. Chunk by chunk, so that a chunk of a panel (16 KB) stays
// in the first cache while the rows go by; a single row takes all its chunks at once.
func affineBy(tile1, tile2, tile4, tile6 tileFunc) func(z []float32, w *Matrix, x []float32, stride, rows int) {
	return func(z []float32, w *Matrix, x []float32, stride, rows int) {
		width, terms := GateWidth(w.units), kChunk
		if rows == 1 {
			terms = w.inputs
		}
		for p := range Panels(w.units) {
			for k := 0; k < w.inputs; k += terms {
				n := min(terms, w.inputs-k)
				block := &w.data[(p*w.inputs+k)*panel]
				for row := 0; row < rows; {
					tile, height := tile1, 1
					switch left := rows - row; {
					case left >= 6:
						tile, height = tile6, 6
					case left >= 4:
						tile, height = tile4, 4
					case left >= 2:
						tile, height = tile2, 2
					}
					tile(&z[row*width+p*panel], block, &x[row*stride+k], n, width, stride)
					row += height
				}
			}
		}
	}
}

// stepBy is the pointwise step: rows follow one another without a gap, so it is one run over all their panels.
func stepBy(step func(z, c, h *float32, panels int)) func(z, c, h []float32, units, rows int) {
	return func(z, c, h []float32, units, rows int) {
		if rows > 0 {
			step(&z[0], &c[0], &h[0], rows*Panels(units))
		}
	}
}

func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)
func xgetbv() uint32

// Available lists the implementations of this build that this machine can run, the fastest last.
func Available() []*Kernels {
	const (
		fmaBit, osxsaveBit, avxBit = 1 << 12, 1 << 27, 1 << 28 // leaf 1, ecx
		avx2Bit, avx512fBit        = 1 << 5, 1 << 16           // leaf 7, ebx
		ymmState, zmmState         = 0x06, 0xe6                // XCR0: what the system saves
	)
	list := []*Kernels{&Baseline}
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
		list = append(list, &avx2)
	}
	if b&avx512fBit != 0 && state&zmmState == zmmState {
		list = append(list, &avx512)
	}
	return list
}
