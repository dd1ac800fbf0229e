package kernel

// The four gates i, f, g, o of 16 hidden units stand together in a panel: [gate][lane], 64 values. A row of
// pre-activations z is a row of panels, and so is a packed bias; a packed weight matrix is, for each panel, K such
// blocks of 64. The last panel is filled up with zeros, in units that nothing reads; K is never padded (N3).
const (
	lanes = 16
	gates = 4
	panel = gates * lanes
)

// Panels is the number of panels that hold H units.
func Panels(units int) int { return (units + lanes - 1) / lanes }

// Width is the length of a row of hidden or cell states of H units: H, filled up to whole panels.
func Width(units int) int { return Panels(units) * lanes }

// GateWidth is the length of a packed row of 4*H values.
func GateWidth(units int) int { return Panels(units) * panel }

// Matrix is a weight matrix (4*H, K) packed in panels [panel][k][gate][lane].
type Matrix struct {
	units  int // H
	inputs int // K
	data   []float32
}

// Pack packs w (4*H, K).
func Pack(w []float32, units, inputs int) *Matrix {
	m := &Matrix{units, inputs, make([]float32, GateWidth(units)*inputs)}
	for j := range units {
		for gate := range gates {
			row := w[(gate*units+j)*inputs:][:inputs]
			at := j/lanes*inputs*panel + gate*lanes + j%lanes
			for k, v := range row {
				m.data[at+k*panel] = v
			}
		}
	}
	return m
}

// PackBias packs b = b_ih + b_hh (2.5), each (4*H,); +0 where there is no bias (nil).
func PackBias(ih, hh []float32, units int) []float32 {
	b := make([]float32, GateWidth(units))
	if ih == nil {
		return b
	}
	for gate := range gates {
		for j := range units {
			b[packed(gate, j)] = ih[gate*units+j] + hh[gate*units+j]
		}
	}
	return b
}

// Unpack copies a packed row of gate values to dst (4*H,).
func Unpack(dst, row []float32, units int) {
	for gate := range gates {
		for j := range units {
			dst[gate*units+j] = row[packed(gate, j)]
		}
	}
}

// packed is the place of gate, unit j in a row of panels.
func packed(gate, j int) int { return j/lanes*panel + gate*lanes + j%lanes }
