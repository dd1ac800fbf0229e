package lstmref

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// Option changes how Forward works.
type Option func(*call)

// Lengths gives each row of the batch its own number of steps; shape (B,).
func Lengths(lengths []int) Option { return func(c *call) { c.inputs.Lengths = lengths } }

// NumThreads lets up to n goroutines share the work; 1 when not given. No bit depends on it.
func NumThreads(n int) Option { return func(c *call) { c.threads = n } }

// WithTrace collects every intermediate of the call; what trace held before is dropped.
func WithTrace(trace *Trace) Option { return func(c *call) { c.trace = trace } }

// Trace is the intermediates of a call, time-major: z_l{l} and gates_l{l} (T, B, 4*H), c_l{l} and h_l{l} (T, B, H) for
// each layer, and the same with _reverse for the reverse direction (spec/runner.md).
type Trace []NamedTensor

// Forward runs the model over sequences: x (T, B, I), or (B, T, I) when BatchFirst, from state, or from zeros when
// that is nil. It gives the last layer's output y (T, B, D*H) or (B, T, D*H), and the final state. The arguments are
// only read.
func (m *Model) Forward(x *Tensor, state *State, options ...Option) (y *Tensor, final *State, err error) {
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	c := &call{Model: m, inputs: Inputs{X: x, State: state}, threads: 1}
	for _, option := range options {
		if option != nil {
			option(c)
		}
	}
	if err := m.checkInputs(&c.inputs); err != nil {
		return nil, nil, err
	}
	if c.threads < 1 || c.threads > maxThreads {
		return nil, nil, invalid("num_threads", "an integer from 1 to 1024", "%d", c.threads)
	}
	if err := m.checkOutputs(x.Shape); err != nil {
		return nil, nil, err
	}
	y, final = c.run()
	return y, final, nil
}

const maxThreads = 1024

// call is one call of Forward.
type call struct {
	*Model
	inputs  Inputs
	threads int
	trace   *Trace

	steps, batch int
	lengths      []int  // (B,)
	state        *State // the initial state, row by row overwritten by the final one
}

// view is an array indexed by step and row, whatever the order of these axes in memory.
type view struct {
	data      []float32
	step, row int // distance of neighbours
}

func (v view) at(t, b int) []float32 { return v.data[t*v.step+b*v.row:] }

// run is sections 3 and 4 of spec/lstm.md.
func (c *call) run() (y *Tensor, final *State) {
	config := &c.config
	c.steps, c.batch = c.dims(c.inputs.X.Shape)
	c.lengths = c.inputs.Lengths
	if c.lengths == nil {
		c.lengths = slices.Repeat([]int{c.steps}, c.batch)
	}
	if c.trace != nil {
		*c.trace = nil
	}
	stateShape := c.expectedState(0, c.batch).shape
	c.state = &State{zeros(stateShape...), zeros(stateShape...)}
	if initial := c.inputs.State; initial != nil && initial.H != nil {
		copy(c.state.H.Data, initial.H.Data)
		copy(c.state.C.Data, initial.C.Data)
	}

	width := config.directions() * config.HiddenSize
	in := c.view(c.inputs.X, config.InputSize) // x_0 = x
	for layer := range config.NumLayers {
		if last := layer == config.NumLayers-1; last && config.BatchFirst {
			y = zeros(c.batch, c.steps, width)
		} else {
			y = zeros(c.steps, c.batch, width)
		}
		out := view{y.Data, c.batch * width, width}
		if layer == config.NumLayers-1 {
			out = c.view(y, width)
		}
		c.layer(layer, in, out)
		in = out // x_{l+1} = y_l  (4.2)
	}
	return y, c.state
}

// view of a tensor of the caller's, in the order of axes that BatchFirst says.
func (c *call) view(tensor *Tensor, width int) view {
	if c.config.BatchFirst {
		return view{tensor.Data, width, c.steps * width}
	}
	return view{tensor.Data, c.batch * width, width}
}

// rowsTogether is how many rows one task takes at most: enough to use each weight often, few enough that their states
// stay near.
const rowsTogether = 96

// layer runs both directions of a layer; each writes its own columns of out (4.1).
func (c *call) layer(layer int, in, out view) {
	order := make([]int, c.batch) // longest rows first, so that those still running are always the first ones
	for b := range order {
		order[b] = b
	}
	slices.SortStableFunc(order, func(a, b int) int { return c.lengths[b] - c.lengths[a] })

	var tasks []func()
	for direction := range c.config.directions() {
		columns := out
		columns.data = out.data[min(direction*c.config.HiddenSize, len(out.data)):]
		pass := c.newPass(layer, direction, in, columns)
		group := min(rowsTogether, (c.batch+c.threads-1)/c.threads)
		for rows := range slices.Chunk(order, max(group, 1)) {
			tasks = append(tasks, func() { pass.run(rows) })
		}
	}
	parallel(c.threads, tasks)
}

// parallel runs the tasks on up to n goroutines, each with the floating-point setting that the arithmetic needs.
func parallel(n int, tasks []func()) {
	var next atomic.Int64
	work := func() {
		defer kernel.EnterDefault().Leave()
		for {
			if i := int(next.Add(1)) - 1; i < len(tasks) {
				tasks[i]()
			} else {
				return
			}
		}
	}
	var others sync.WaitGroup
	for range min(n, len(tasks)) - 1 {
		others.Add(1)
		go func() {
			defer others.Done()
			work()
		}()
	}
	work()
	others.Wait()
}
