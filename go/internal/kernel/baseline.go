package kernel

import "math"

// affineBaseline computes the four gates of a unit side by side, V being 1: independent sums keep the processor busy.
// The loop is fma written out, in float32 with one test for all four; the products are exact in float64, so fusing them with
// the additions would change nothing. Where a panel is narrower, the sums beyond it, of whatever stands there, are dropped.
func affineBaseline[F Float](z []F, zPanel int, bias []F, w *Matrix[F], x [][]F, first, last int, wide []F) {
	for j := first; j < last; j++ {
		width := w.width(j, 1)
		for row := range x {
			zj := z[(j-first)*zPanel+row*width:][:width]
			if bias != nil {
				copy(zj, bias[j*gates:])
			}
			var sums [gates]F
			copy(sums[:], zj)
			xs := x[row][:w.inputs]
			for k0 := 0; k0 < len(xs); k0 += kChunk {
				chunk := xs[k0:min(k0+kChunk, len(xs))]
				ws := wide
				if w.words == nil {
					ws = w.data[w.at(j, k0, 1):]
				} else {
					widenInGo(wide, w.wordsAt(j, k0, len(chunk), 1))
				}
				var i, f, g, o F // a = +0
				for k, xk := range chunk {
					wk, x64 := (*[gates]F)(ws[k*width:]), float64(xk)
					if isFloat64[F]() {
						i, f = F(math.FMA(float64(wk[0]), x64, float64(i))), F(math.FMA(float64(wk[1]), x64, float64(f)))
						g, o = F(math.FMA(float64(wk[2]), x64, float64(g))), F(math.FMA(float64(wk[3]), x64, float64(o)))
						continue
					}
					si := float64(wk[0])*x64 + float64(i)
					sf := float64(wk[1])*x64 + float64(f)
					sg := float64(wk[2])*x64 + float64(g)
					so := float64(wk[3])*x64 + float64(o)
					if doubtful(si) || doubtful(sf) || doubtful(sg) || doubtful(so) {
						i, f, g, o = fma(wk[0], xk, i), fma(wk[1], xk, f), fma(wk[2], xk, g), fma(wk[3], xk, o)
					} else {
						i, f, g, o = F(si), F(sf), F(sg), F(so)
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
func (k *arithmetic[F]) step(z []F, zPanel int, c []F, cPanel int, h [][]F, _, first, last int) {
	for j := first; j < last; j++ {
		for row := range h {
			gate, cell := (*[gates]F)(z[(j-first)*zPanel+row*gates:]), &c[(j-first)*cPanel+row]
			i, f := k.sigmoid(gate[0]), k.sigmoid(gate[1]) // (2.2)
			g, o := k.tanh(gate[2]), k.sigmoid(gate[3])
			*cell = fma(f, *cell, F(i*g))    // (2.3)
			h[row][j] = F(o * k.tanh(*cell)) // (2.4)
			*gate = [gates]F{i, f, g, o}
		}
	}
}
