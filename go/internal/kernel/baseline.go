package kernel

// affineBaseline computes the four gates of a unit side by side: independent sums keep the processor busy. The loop is
// fma written out, one test for all four; the products are exact in float64, so fusing them with the additions would
// change nothing.
func affineBaseline(z []float32, w *Matrix, x []float32, stride, rows int) {
	width := GateWidth(w.units)
	for j := range w.units {
		first := packed(0, j)
		weights := w.data[j/lanes*w.inputs*panel+j%lanes:]
		for row := range rows {
			zj := z[row*width+first:][: 3*lanes+1 : 3*lanes+1]
			xs := x[row*stride:][:w.inputs]
			for k0 := 0; k0 < len(xs); k0 += kChunk {
				chunk := xs[k0:min(k0+kChunk, len(xs))]
				ws := weights[k0*panel:]
				var i, f, g, o float32 // a = +0
				for k, xk := range chunk {
					wk, x64 := ws[k*panel:][:3*lanes+1:3*lanes+1], float64(xk)
					si := float64(wk[0])*x64 + float64(i)
					sf := float64(wk[lanes])*x64 + float64(f)
					sg := float64(wk[2*lanes])*x64 + float64(g)
					so := float64(wk[3*lanes])*x64 + float64(o)
					if doubtful(si) || doubtful(sf) || doubtful(sg) || doubtful(so) {
						i, f, g, o = fma(wk[0], xk, i), fma(wk[lanes], xk, f), fma(wk[2*lanes], xk, g), fma(wk[3*lanes], xk, o)
					} else {
						i, f, g, o = float32(si), float32(sf), float32(sg), float32(so)
					}
				}
				zj[0] += i // z = z + a
				zj[lanes] += f
				zj[2*lanes] += g
				zj[3*lanes] += o
			}
		}
	}
}

// stepBaseline is (2.2)-(2.4), a unit at a time.
func stepBaseline(z, c, h []float32, units, rows int) {
	for row := range rows {
		z, c, h := z[row*GateWidth(units):], c[row*Width(units):], h[row*Width(units):]
		for j := range units {
			gate := z[packed(0, j):][: 3*lanes+1 : 3*lanes+1]
			i, f := sigmoid(gate[0]), sigmoid(gate[lanes]) // (2.2)
			g, o := tanh(gate[2*lanes]), sigmoid(gate[3*lanes])
			c[j] = fma(f, c[j], float32(i*g)) // (2.3)
			h[j] = float32(o * tanh(c[j]))    // (2.4)
			gate[0], gate[lanes], gate[2*lanes], gate[3*lanes] = i, f, g, o
		}
	}
}
