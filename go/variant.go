package lstmref

import "github.com/lstm-ref/lstm_ref/go/internal/kernel"

// packVariant packs one layer and direction of anything but a plain LSTM (spec/variants.md); data gives tensors by the beginnings
// of their names.
func packVariant[F Float](k *kernel.Kernels[F], config *Config, data func(name string) []F, inputs int) *kernel.Variant[F] {
	h := config.HiddenSize
	outputs := config.OutputSize()
	rows := func(name string, gate, width int) []F { return data(name)[gate*h*width:][:h*width] }
	bias := func(name string, gate int) []F {
		if !config.Bias {
			return nil
		}
		return rows(name, gate, 1)
	}
	x := func(gate int) *kernel.Matrix[F] { return k.PackColumn(rows("weight_ih_", gate, inputs), h, inputs) }
	hh := func(gate int) *kernel.Matrix[F] { return k.PackColumn(rows("weight_hh_", gate, outputs), h, outputs) }
	start := func(gate int) []F { return k.PackStart(bias("bias_ih_", gate), bias("bias_hh_", gate), h) }

	var columns []kernel.Column[F]
	for gate := range ops[config.Op].gates {
		columns = append(columns, kernel.Column[F]{Start: start(gate), X: x(gate), H: hh(gate)})
	}
	act := func(a Activation) kernel.Activation[F] {
		return kernel.NewActivation(a.Name, F(a.Alpha), F(a.Beta), F(config.Clip))
	}
	options := kernel.Options[F]{Gate: act(config.GateActivation), Candidate: act(config.CandidateActivation)}
	switch config.Op {
	case GRU:
		const n = 2
		if config.ResetAfter { // (V8)
			columns[n].Start, columns[n].H = k.PackStart(bias("bias_ih_", n), nil, h), nil
			columns = append(columns, kernel.Column[F]{Start: k.PackStart(bias("bias_hh_", n), nil, h), H: hh(n)})
		} else { // (V11)
			columns[n].Late, columns[n].H = columns[n].H, nil
		}
		return kernel.NewGRU(columns, options)
	case RNN:
		return kernel.NewRNN(columns, options)
	}
	options.Output, options.InputForget = act(config.OutputActivation), config.InputForget
	if config.Peephole {
		options.Peephole = &[3][]F{}
		for n := range options.Peephole {
			options.Peephole[n] = k.PackStart(rows("weight_peephole_", n, 1), nil, h)
		}
	}
	var project kernel.Column[F]
	if config.ProjSize > 0 {
		project = kernel.Column[F]{Start: k.PackStart(nil, nil, outputs), Late: k.PackColumn(data("weight_hr_"), outputs, h)}
	}
	return kernel.NewLSTM(columns, options, project)
}
