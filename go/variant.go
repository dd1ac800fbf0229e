package lstmref

import "github.com/lstm-ref/lstm_ref/go/internal/kernel"

// packVariant packs one layer and direction of anything but a plain LSTM (spec/variants.md); data gives tensors by the beginnings
// of their names, and matrix how one is kept.
func packVariant[F Float](k *kernel.Kernels[F], config *Config, data func(name string) []F, inputs int, matrix func(*kernel.Matrix[F]) *kernel.Matrix[F]) *kernel.Variant[F] {
	h := config.HiddenSize
	outputs := config.OutputSize()
	rows := func(name string, gate, width int) []F { return data(name)[gate*h*width:][:h*width] }
	bias := func(name string, gate int) []F {
		if !config.Bias {
			return nil
		}
		return rows(name, gate, 1)
	}
	x := func(gate int) *kernel.Matrix[F] {
		return matrix(k.PackColumn(rows("weight_ih_", gate, inputs), h, inputs))
	}
	hh := func(gate int) *kernel.Matrix[F] {
		return matrix(k.PackColumn(rows("weight_hh_", gate, outputs), h, outputs))
	}
	start := func(gate int) []F { return k.PackStart(bias("bias_ih_", gate), bias("bias_hh_", gate), h) }
	norm := func(name string, list, size int) *kernel.Norm[F] {
		part := func(of string) []F { return k.PackStart(data(of + name)[list*size:][:size], nil, size) }
		return &kernel.Norm[F]{Gain: part("weight_"), Shift: part("bias_")}
	}
	normalised := func(columns []kernel.Column[F]) []kernel.Column[F] { return normaliseColumns(k, config, columns, norm) }

	var columns []kernel.Column[F]
	for gate := range ops[config.Op].gates {
		columns = append(columns, kernel.Column[F]{Start: start(gate), X: x(gate), H: hh(gate), Into: gate})
	}
	act := func(a Activation) kernel.Activation[F] {
		return kernel.NewActivation(a.Name, F(a.Alpha), F(a.Beta), F(config.Clip))
	}
	options := kernel.Options[F]{
		Units: h, Outputs: outputs, Lanes: k.Lanes, Gate: act(config.GateActivation), Candidate: act(config.CandidateActivation),
		Epsilon: F(config.NormEpsilon), Masked: config.isRandom(),
	}
	if config.HiddenNorm {
		options.HiddenNorm = norm("norm_h_", 0, outputs)
	}
	switch config.Op {
	case GRU:
		const n = 2
		if config.ResetAfter { // (V8)
			columns[n].Start, columns[n].H = k.PackStart(bias("bias_ih_", n), nil, h), nil
			columns = append(columns, kernel.Column[F]{Start: k.PackStart(bias("bias_hh_", n), nil, h), H: hh(n), Into: n + 1})
		} else { // (V11)
			columns[n].Late, columns[n].H = columns[n].H, nil
		}
		return kernel.NewGRU(normalised(columns), config.ResetAfter, options)
	case RNN:
		return kernel.NewRNN(normalised(columns), options)
	}
	options.Output, options.InputForget = act(config.OutputActivation), config.InputForget
	if config.Peephole {
		options.Peephole = &[3][]F{}
		for n := range options.Peephole {
			options.Peephole[n] = k.PackStart(rows("weight_peephole_", n, 1), nil, h)
		}
	}
	if config.normalisesC() {
		options.CellNorm, options.CarriesNorm = norm("norm_c_", 0, h), config.CellNorm == "state"
	}
	if config.ProjSize > 0 {
		options.Project = kernel.Column[F]{Start: k.PackStart(nil, nil, outputs), Late: matrix(k.PackColumn(data("weight_hr_"), outputs, h))}
	}
	return kernel.NewLSTM(normalised(columns), options)
}

// normaliseColumns is (V16) to (V18) of the columns of z; norm gives the gain and the shift of one of some lists of units.
func normaliseColumns[F Float](k *kernel.Kernels[F], config *Config, columns []kernel.Column[F],
	norm func(name string, list, size int) *kernel.Norm[F]) []kernel.Column[F] {
	h := config.HiddenSize
	switch config.LayerNorm {
	case "joint", "gate":
		for n := range columns {
			columns[n].Norm = norm("norm_", n, h)
			if config.LayerNorm == "gate" {
				columns[n].Group = n
			}
		}
	case "separate":
		return separate(k, config, columns, norm)
	}
	return columns
}

// separate has a column for each product (V18): in the place of one of z that of x, behind them those of h. Each group is of one
// product and, of a GRU, of r and u or of n.
func separate[F Float](k *kernel.Kernels[F], config *Config, columns []kernel.Column[F],
	norm func(name string, list, size int) *kernel.Norm[F]) []kernel.Column[F] {
	h, gates := config.HiddenSize, ops[config.Op].gates
	nothing := k.PackStart(nil, nil, h)
	var ofH []kernel.Column[F]
	for n := range columns {
		c := &columns[n]
		gate := min(n, gates-1) // of n_h that is n
		group := 0
		if config.Op == GRU && gate == 2 {
			group = 1
		}
		part := *c // of h
		part.Start, part.X, part.Norm, part.Group = nothing, nil, norm("norm_hh_", gate, h), group+2
		c.Bias, c.Start = c.Start, nothing
		if c.X == nil { // n_h
			c.Norm, c.Group = part.Norm, part.Group
			continue
		}
		c.H, c.Late, c.Norm, c.Group = nil, nil, norm("norm_ih_", gate, h), group
		if part.H != nil || part.Late != nil {
			ofH = append(ofH, part)
		}
	}
	return append(columns, ofH...)
}
