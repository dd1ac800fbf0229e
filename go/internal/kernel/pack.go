package kernel

// The four gates i, f, g, o of V hidden units stand together in a panel, V being the lanes of the implementation:
// [gate][lane], 4*V values. A packed bias is (P, 4, V) with P = ceil(H / V) panels, a packed weight matrix (P, K, 4, V).
// The last panel is filled up with zeros, in units that nothing reads; K is never padded (N3).
//
// Pre-activations z of some rows are (P, rows, 4, V) and cell states (P, rows, V): what a panel needs lies together.
const gates = 4

//
// A variant (variant.go) packs each of its columns by itself, a vector of units beside the next: four a panel, and in the last one
// as many as are left.

// Matrix is a packed weight matrix (4*H, K), or (H, K) of one column.
type Matrix[F Float] struct {
	inputs, vectors int // K, and V outputs each
	data            []F
	words           []uint32 // instead of data, of bfloat16
}

// width is how many outputs panel p has.
func (m *Matrix[F]) width(p, lanes int) int { return min(gates, m.vectors-gates*p) * lanes }

// at is where panel p has its weights from term k on.
func (m *Matrix[F]) at(p, k, lanes int) int { return p*m.inputs*gates*lanes + k*m.width(p, lanes) }

// Panels is P for H units.
func (k *Kernels[F]) Panels(units int) int { return (units + k.Lanes - 1) / k.Lanes }

// Pack packs w (4*H, K).
func (k *Kernels[F]) Pack(w []F, units, inputs int) *Matrix[F] {
	step := gates * k.Lanes
	m := &Matrix[F]{inputs: inputs, vectors: k.Panels(units) * gates, data: make([]F, k.Panels(units)*inputs*step)}
	for gate := range gates {
		for j := range units {
			row := w[(gate*units+j)*inputs:][:inputs]
			at := j/k.Lanes*inputs*step + gate*k.Lanes + j%k.Lanes
			for i, v := range row {
				m.data[at+i*step] = v
			}
		}
	}
	return m
}

// PackColumn packs the weights w (H, K) of one column.
func (k *Kernels[F]) PackColumn(w []F, units, inputs int) *Matrix[F] {
	vectors := k.Panels(units)
	m := &Matrix[F]{inputs: inputs, vectors: vectors, data: make([]F, vectors*k.Lanes*inputs+gates)} // and what affineBaseline reads beyond
	for j := range units {
		p := j / (gates * k.Lanes)
		at, step := m.at(p, 0, k.Lanes)+j%(gates*k.Lanes), m.width(p, k.Lanes)
		for i, v := range w[j*inputs:][:inputs] {
			m.data[at+i*step] = v
		}
	}
	return m
}

// PackStart packs what one column starts from: a + b (2.5), or one of them where the other is nil; +0 where both are.
func (k *Kernels[F]) PackStart(a, b []F, units int) []F {
	start := make([]F, k.Panels(units)*k.Lanes)
	copy(start, a)
	for j, v := range b {
		if a == nil {
			start[j] = v
		} else {
			start[j] += v
		}
	}
	return start
}

// PackBias packs b = b_ih + b_hh (2.5), each (4*H,); +0 where there is no bias (nil).
func (k *Kernels[F]) PackBias(ih, hh []F, units int) []F {
	b := make([]F, k.Panels(units)*gates*k.Lanes)
	if ih == nil {
		return b
	}
	for gate := range gates {
		for j := range units {
			b[(j/k.Lanes*gates+gate)*k.Lanes+j%k.Lanes] = ih[gate*units+j] + hh[gate*units+j]
		}
	}
	return b
}

// UnpackGates copies a panel's values of one row, (4, V), to their places in dst (4*H,).
func (k *Kernels[F]) UnpackGates(dst, row []F, units, p int) {
	for gate := range gates {
		copy(dst[gate*units+p*k.Lanes:][:min(k.Lanes, units-p*k.Lanes)], row[gate*k.Lanes:])
	}
}

// parts splits count >= 1 into the fewest parts of at most `most`, as equal as can be: some of that height and some of
// one less.
func parts(count, most int) (height, tall, low int) {
	if count <= most { // as below, without the time that divisions take
		return count, 1, 0
	}
	all := (count + most - 1) / most
	height = (count + all - 1) / all
	tall = count - all*(height-1)
	return height, tall, all - tall
}
