package kernel

// affineBaseline computes the four gates of a unit side by side, V being 1: independent sums keep the processor busy.
// The loop is fma written out, one test for all four; the products are exact in float64, so fusing them with the
// additions would change nothing. Where a panel is narrower, the sums beyond it, of whatever stands there, are dropped.
func affineBaseline(z []float32, zPanel int, bias []float32, w *Matrix, x [][]float32, first, last int) {
	for j := first; j < last; j++ {
		width := w.width(j, 1)
		weights := w.data[w.at(j, 0, 1):]
		for row := range x {
			zj := z[(j-first)*zPanel+row*width:][:width]
			if bias != nil {
				copy(zj, bias[j*gates:])
			}
			var sums [gates]float32
			copy(sums[:], zj)
			xs := x[row][:w.inputs]
			for k0 := 0; k0 < len(xs); k0 += kChunk {
				chunk := xs[k0:min(k0+kChunk, len(xs))]
				ws := weights[k0*width:]
				var i, f, g, o float32 // a = +0
				for k, xk := range chunk {
					wk, x64 := (*[gates]float32)(ws[k*width:]), float64(xk)
					si := float64(wk[0])*x64 + float64(i)
					sf := float64(wk[1])*x64 + float64(f)
					sg := float64(wk[2])*x64 + float64(g)
					so := float64(wk[3])*x64 + float64(o)
					if doubtful(si) || doubtful(sf) || doubtful(sg) || doubtful(so) {
						i, f, g, o = fma(wk[0], xk, i), fma(wk[1], xk, f), fma(wk[2], xk, g), fma(wk[3], xk, o)
					} else {
						i, f, g, o = float32(si), float32(sf), float32(sg), float32(so)
					}
				}
				sums[0] += i // z = z + a
				sums[1] += f
				sums[2] += g
				sums[3] += o
			}
			copy(zj, sums[:])
		}
	}
}

// stepBaseline is (2.2)-(2.4), a unit at a time.
func stepBaseline(z []float32, zPanel int, c []float32, cPanel int, h [][]float32, _, first, last int) {
	for j := first; j < last; j++ {
		for row := range h {
			gate, cell := (*[gates]float32)(z[(j-first)*zPanel+row*gates:]), &c[(j-first)*cPanel+row]
			i, f := sigmoid(gate[0]), sigmoid(gate[1]) // (2.2)
			g, o := tanh(gate[2]), sigmoid(gate[3])
			*cell = fma(f, *cell, float32(i*g))  // (2.3)
			h[row][j] = float32(o * tanh(*cell)) // (2.4)
			*gate = [gates]float32{i, f, g, o}
		}
	}
}
