package lstmref

import "github.com/lstm-ref/lstm_ref/go/internal/kernel"

// pass is one direction of one layer over the sequence (3.1)-(3.4).
type pass struct {
	*call
	*cell
	reverse bool
	in, out view
	h, c    []float32 // (B, H) of the state
	trace   *passTrace
}

// passTrace is where a pass leaves its intermediates: z and gates (T, B, 4*H), c and h (T, B, H).
type passTrace struct {
	z, gates, c, h *Tensor
}

func (c *call) newPass(layer, direction int, in, out view) *pass {
	row, size := layer*c.config.directions()+direction, c.batch*c.config.HiddenSize
	p := &pass{
		call: c, cell: c.cells[row], reverse: direction == 1, in: in, out: out,
		h: c.state.H.Data[row*size:][:size],
		c: c.state.C.Data[row*size:][:size],
	}
	if c.trace != nil {
		values := func(width int) *Tensor { return zeros(c.steps, c.batch, width) }
		h := c.config.HiddenSize
		p.trace = &passTrace{values(4 * h), values(4 * h), values(h), values(h)}
		suffix := suffix(layer, direction)
		*c.trace = append(*c.trace, NamedTensor{"z_" + suffix, p.trace.z}, NamedTensor{"gates_" + suffix, p.trace.gates},
			NamedTensor{"c_" + suffix, p.trace.c}, NamedTensor{"h_" + suffix, p.trace.h})
	}
	return p
}

// projectedRows is how many inputs are multiplied by W_ih together, over several steps when the batch is smaller: the
// x part of (2.1) does not wait for h, and many rows use each weight many times. The order of (N3) is kept, x before
// h.
const projectedRows = 24

// run computes some rows of the batch, the longest first.
func (p *pass) run(rows []int) {
	units, kernels := p.config.HiddenSize, p.kernels
	width, gateWidth := kernel.Width(units), kernel.GateWidth(units)
	h, c := make([]float32, len(rows)*width), make([]float32, len(rows)*width)
	for i, b := range rows {
		copy(h[i*width:], p.h[b*units:][:units])
		copy(c[i*width:], p.c[b*units:][:units])
	}
	block := max(1, projectedRows/len(rows))
	x := make([]float32, block*len(rows)*p.inputSize)
	z := make([]float32, block*len(rows)*gateWidth)

	steps := p.lengths[rows[0]]
	for first := 0; first < steps; first += block {
		last := min(first+block, steps)
		p.project(z, x, rows, first, last)
		z := z
		for step := first; step < last; step++ {
			active := p.active(rows, step)
			kernels.Affine(z, p.weightHH, h, width, len(active)) // (2.1), the h part
			if p.trace != nil {
				p.traceGates(p.trace.z, active, step, z)
			}
			kernels.Step(z, c, h, units, len(active)) // (2.2)-(2.4)
			for i, b := range active {
				copy(p.out.at(p.time(step, b), b), h[i*width:][:units]) // (3.3)
			}
			if p.trace != nil {
				p.traceGates(p.trace.gates, active, step, z)
				p.traceStates(active, step, c, h)
			}
			z = z[len(active)*gateWidth:]
		}
	}
	for i, b := range rows { // (3.4)
		copy(p.h[b*units:][:units], h[i*width:])
		copy(p.c[b*units:][:units], c[i*width:])
	}
}

// project fills z with the bias and the x part of (2.1) for some steps, row after row, step after step.
func (p *pass) project(z, x []float32, rows []int, first, last int) {
	inputs, gateWidth := p.inputSize, len(p.bias)
	n := 0
	for step := first; step < last; step++ {
		for _, b := range p.active(rows, step) {
			copy(x[n*inputs:][:inputs], p.in.at(p.time(step, b), b))
			copy(z[n*gateWidth:], p.bias)
			n++
		}
	}
	p.kernels.Affine(z, p.weightIH, x, inputs, n)
}

// active is the rows that take part in a step.
func (p *pass) active(rows []int, step int) []int {
	n := len(rows)
	for n > 0 && p.lengths[rows[n-1]] <= step {
		n--
	}
	return rows[:n]
}

// time is the position in the sequence of a row's step: the reverse direction starts at the row's own end (3.2).
func (p *pass) time(step, b int) int {
	if p.reverse {
		return p.lengths[b] - 1 - step
	}
	return step
}

func (p *pass) traceGates(to *Tensor, active []int, step int, z []float32) {
	units, gateWidth := p.config.HiddenSize, len(p.bias)
	for i, b := range active {
		kernel.Unpack(to.Data[(p.time(step, b)*p.batch+b)*4*units:], z[i*gateWidth:], units)
	}
}

func (p *pass) traceStates(active []int, step int, c, h []float32) {
	units, width := p.config.HiddenSize, kernel.Width(p.config.HiddenSize)
	for i, b := range active {
		at := (p.time(step, b)*p.batch + b) * units
		copy(p.trace.c.Data[at:], c[i*width:][:units])
		copy(p.trace.h.Data[at:], h[i*width:][:units])
	}
}
