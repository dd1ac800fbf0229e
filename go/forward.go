package lstmref

// Option changes how Forward works.
type Option func(*options)

type options struct {
	lengths  []int
	threads  int
	split    *split   // of the work; nil: the best for that many threads
	y, trace argument // *TensorOf[F] and *TraceOf[F], or nil
	seed     *int64
	masks    argument // map[string]*TensorOf[F], or nil
}

// Lengths gives each row of the batch its own number of steps; shape (B,).
func Lengths(lengths []int) Option { return func(o *options) { o.lengths = lengths } }

// Seed makes a training run: dropout and zoneout have their masks from the seed, which is at least 0 (spec/variants.md, section 8).
func Seed(seed int64) Option { return func(o *options) { o.seed = &seed } }

// Masks makes a training run with masks of the caller's, by name, all that the configuration has; nil changes nothing.
func Masks[F Float](masks map[string]*TensorOf[F]) Option {
	return func(o *options) { o.masks = argument{typeName[F](), masks} }
}

// NumThreads lets up to n goroutines, and no more than run at a time, share the work: batch rows, directions, layers or,
// for few rows of a large model, hidden units. 1 when not given. No bit depends on it.
func NumThreads(n int) Option { return func(o *options) { o.threads = n } }

// Output has y written to a tensor of the caller's instead of a new one; it must not share memory with x.
func Output[F Float](y *TensorOf[F]) Option {
	return func(o *options) { o.y = argument{typeName[F](), y} }
}

// chosen is what a list of options, some of them nil perhaps, comes to.
func chosen(list []Option) options {
	o := options{threads: 1}
	for _, option := range list {
		if option != nil {
			option(&o)
		}
	}
	return o
}

// WithTrace collects every intermediate of the call; what trace held before is dropped.
func WithTrace[F Float](trace *TraceOf[F]) Option {
	return func(o *options) { o.trace = argument{typeName[F](), trace} }
}

// TraceOf is the intermediates of a call, time-major: z_l{l} and gates_l{l} (T, B, 4*H), c_l{l} and h_l{l} (T, B, H) for
// each layer, and the same with _reverse for the reverse direction (spec/runner.md); of variants as in spec/variants.md.
type TraceOf[F Float] []NamedTensorOf[F]

// Forward runs the model over sequences: x (T, B, I), or (B, T, I) when BatchFirst, from state, or from zeros when
// that is nil. It gives the last layer's output y (T, B, D*R) or (B, T, D*R), and the final state. The arguments are
// only read.
func (m *ModelOf[F]) Forward(x *TensorOf[F], state *StateOf[F], list ...Option) (y *TensorOf[F], final *StateOf[F], err error) {
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	c := &call[F]{ModelOf: m, options: chosen(list)}
	masks, err := typed[map[string]*TensorOf[F]]("masks", c.options.masks, typeName[F]())
	if err != nil {
		return nil, nil, err
	}
	c.inputs = InputsOf[F]{x, state, c.lengths, c.seed, masks}
	if err := m.checkInputs(&c.inputs); err != nil {
		return nil, nil, err
	}
	if c.threads < 1 || c.threads > maxThreads {
		return nil, nil, invalid("num_threads", "an integer from 1 to 1024", "%d", c.threads)
	}
	if err := m.checkOutputs(x.Shape); err != nil {
		return nil, nil, err
	}
	if c.y, err = typed[*TensorOf[F]]("y", c.options.y, typeName[F]()); err != nil {
		return nil, nil, err
	}
	if err := m.checkY(c.y, &c.inputs); err != nil {
		return nil, nil, err
	}
	if c.trace, err = typed[*TraceOf[F]]("trace", c.options.trace, typeName[F]()); err != nil {
		return nil, nil, err
	}
	y, final = c.run()
	return y, final, nil
}

const maxThreads = 1024

// typed is the argument, unless it is of another type.
func typed[T any](name string, a argument, want string) (value T, err error) {
	value, ok := a.value.(T)
	if a.value != nil && !ok {
		return value, invalid(name, want, "dtype %s", a.dtype)
	}
	return value, nil
}

// argument is one that is of float32 or of float64.
type argument struct {
	dtype string
	value any
}

// call is one call of Forward.
type call[F Float] struct {
	*ModelOf[F]
	options
	inputs InputsOf[F]
	y      *TensorOf[F] // nil: a new one
	trace  *TraceOf[F]

	steps, batch int
	state        *StateOf[F]             // the initial state, row by row overwritten by the final one
	masks        map[string]*TensorOf[F] // of a training run
	traces       []*passTrace[F]
}

// length is the number of steps of row b.
func (c *call[F]) length(b int) int {
	if c.inputs.Lengths == nil {
		return c.steps
	}
	return c.inputs.Lengths[b]
}

// view is an array indexed by step and row, whatever the order of these axes in memory.
type view[F Float] struct {
	data      []F
	step, row int // distance of neighbours
}

func (v view[F]) at(t, b int) []F { return v.data[t*v.step+b*v.row:] }

// run is sections 3 and 4 of spec/lstm.md.
func (c *call[F]) run() (y *TensorOf[F], final *StateOf[F]) {
	config := &c.config
	c.steps, c.batch = c.dims(c.inputs.X.Shape)
	c.state = c.zeroState(c.batch)
	if initial := c.inputs.State; !initial.isZero() {
		copy(c.state.H.Data, initial.H.Data)
		if c.state.C != nil {
			copy(c.state.C.Data, initial.C.Data)
		}
	}
	outputs := config.OutputSize()
	width := config.directions() * outputs
	if y = c.y; y == nil {
		y = zerosOf[F](c.inputs.X.Shape[0], c.inputs.X.Shape[1], width)
	}
	if c.trace != nil {
		c.newTraces()
	}
	if c.steps > 0 && c.batch > 0 {
		c.masks = c.training()
		out := c.view(y.Data, width)
		c.compute(c.view(c.inputs.X.Data, config.InputSize), out)
		for b := range c.batch {
			for t := c.length(b); t < c.steps; t++ {
				clear(out.at(t, b)[:width]) // (3.3)
			}
		}
	}
	return y, c.state
}

// zeroState is a state of all zeros.
func (m *ModelOf[F]) zeroState(batch int) *StateOf[F] {
	state := &StateOf[F]{}
	for n, want := range m.expectedState(batch) {
		*state.parts()[n] = zerosOf[F](want.shape...)
	}
	return state
}

// view of an array of the caller's, in the order of axes that BatchFirst says.
func (c *call[F]) view(data []F, width int) view[F] {
	if c.config.BatchFirst {
		return view[F]{data, width, c.steps * width}
	}
	return view[F]{data, c.batch * width, width}
}

// passTrace is where a pass leaves its intermediates: z and gates (T, B, 4*H), c (T, B, H) and h (T, B, R), or nil where the cell
// has none.
type passTrace[F Float] struct {
	z, gates, c, h *TensorOf[F]
}

// newTraces fills the caller's trace with tensors, which the passes then fill.
func (c *call[F]) newTraces() {
	*c.trace = nil
	for layer := range c.config.NumLayers {
		for direction := range c.config.directions() {
			trace := &passTrace[F]{}
			values := func(name string, tensor **TensorOf[F], width int) {
				*tensor = zerosOf[F](c.steps, c.batch, width)
				*c.trace = append(*c.trace, NamedTensorOf[F]{name + "_" + suffix(layer, direction), *tensor})
			}
			h := c.config.HiddenSize
			outputs := c.config.OutputSize()
			values("z", &trace.z, c.config.columns()*h)
			if c.config.Op != RNN { // whose only gate is h itself
				values("gates", &trace.gates, ops[c.config.Op].gates*h)
			}
			if c.config.hasC() {
				values("c", &trace.c, h)
			}
			values("h", &trace.h, outputs)
			c.traces = append(c.traces, trace)
		}
	}
}
