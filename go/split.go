package lstmref

import (
	"runtime"
	"slices"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// split shares the work of a call among rows x stages x units goroutines; no bit depends on it. Groups of rows need
// nothing of each other. A stage takes some of the layers and follows the stage before it block by block or, when
// there are two directions, takes one of them. Within a stage a team shares the hidden units and meets at every step.
type split struct {
	rows, stages, units int
}

func (s split) goroutines() int { return s.rows * s.stages * s.units }

const (
	rowsEach   = 4       // rows that keep a goroutine busy
	panelsEach = 8       // panels of 16 units that are worth a meeting at every step
	workEach   = 1 << 20 // multiply-adds that are worth a goroutine
)

// chooseSplit never takes more goroutines than run at a time: they would wait for each other.
func (c *call[F]) chooseSplit() split {
	config := &c.config
	layers, directions, units := config.NumLayers, config.directions(), config.HiddenSize
	work := float64(c.steps) * float64(c.batch) * float64(layers*directions) * 4 * float64(units) * float64(config.InputSize+units)
	n := int(min(float64(min(c.threads, runtime.GOMAXPROCS(0))), work/workEach))
	switch {
	case n <= 1:
		return split{1, 1, 1}
	case c.batch >= rowsEach*n:
		return split{n, 1, 1}
	}
	stages := min(n, directions)
	if directions == 1 {
		stages = max(1, min(n, layers, c.steps/8))
	}
	if n /= stages; units >= panelsEach*16*n {
		return split{1, stages, n}
	}
	return split{min(n, c.batch), stages, 1}
}

const (
	blockRows  = 96 // rows whose products with W_ih are formed together at most: their z stay in the second-level cache
	enoughRows = 24 // rows of a single step that use each weight often enough
	maxRows    = 96 // rows that a goroutine takes together: their z and x of a panel stay in the first-level cache
)

// blockSteps is how many steps of that many rows make a block.
func (c *call[F]) blockSteps(rows, stages int) int {
	if rows >= enoughRows {
		return 1
	}
	steps := blockRows / rows
	if stages > 1 && !c.config.Bidirectional { // the last stage begins when the first has done stages-1 blocks
		steps = max(1, min(steps, c.steps/(8*stages)))
	}
	return min(steps, c.steps)
}

// rowGroups deals the rows out to that many groups or more, each with its longest rows first.
func (c *call[F]) rowGroups(count int) [][]int {
	count = min(count*((c.batch+count*maxRows-1)/(count*maxRows)), c.batch)
	groups := make([][]int, count)
	order := make([]int, c.batch)
	for b := range order {
		order[b] = b
	}
	if c.inputs.Lengths == nil {
		for g := range groups {
			groups[g] = order[c.batch*g/count : c.batch*(g+1)/count]
		}
		return groups
	}
	slices.SortStableFunc(order, func(a, b int) int { return c.length(b) - c.length(a) })
	for i, b := range order {
		groups[i%count] = append(groups[i%count], b)
	}
	return groups
}

// compute fills y and the final state, T and B being at least 1.
func (c *call[F]) compute(x, y view[F]) {
	if c.split == nil {
		split := c.chooseSplit()
		c.split = &split
	}
	memory := c.takeScratch()
	defer c.giveBack(memory)

	outs := c.outputs(y)
	workers := make([][]*share[F], c.split.goroutines())
	for g, rows := range c.rowGroups(c.split.rows) {
		var before, passes []*pass[F]
		for layer := range c.config.NumLayers {
			in := x // x_0 = x
			if layer > 0 {
				in = outs[layer-1] // x_{l+1} = y_l  (4.2)
			}
			before, passes = passes, nil
			for direction := range c.config.directions() {
				p := c.newPass(layer, direction, rows, in, outs[layer], before, memory)
				passes = append(passes, p)
				stage := layer * c.split.stages / c.config.NumLayers
				if c.config.Bidirectional {
					stage = direction % c.split.stages
				}
				for part := range p.team {
					worker := &workers[(g%c.split.rows*c.split.stages+stage)*c.split.units+part]
					*worker = append(*worker, p.share(part, memory))
				}
			}
		}
	}

	for first := 0; first < len(workers); first += c.split.units {
		giveWorkspace(workers[first:][:c.split.units], memory)
	}
	if len(workers) > 1 {
		others := c.inBackground(workers[1:])
		defer others.await(len(workers) - 1)
	}
	runShares(workers[0])
}

// inBackground starts a goroutine for each of the workers; counts those that are done.
func (c *call[F]) inBackground(workers [][]*share[F]) *counter {
	done := &counter{}
	done.init(c.spins())
	for _, shares := range workers {
		go func() {
			defer done.add(1)
			runShares(shares)
		}()
	}
	return done
}

// outputs is where each layer writes. With one direction all write to y, over their own inputs, block after block; the
// reverse direction needs all inputs to the end, so that with two the layers alternate between y and another array.
func (c *call[F]) outputs(y view[F]) []view[F] {
	outs := make([]view[F], c.config.NumLayers)
	var other []F
	if c.config.Bidirectional && len(outs) > 1 {
		other = make([]F, len(y.data))
	}
	for layer := range outs {
		outs[layer] = y
		if other != nil && (len(outs)-1-layer)%2 == 1 {
			outs[layer].data = other
		}
	}
	return outs
}

func (c *call[F]) newPass(layer, direction int, rows []int, in, out view[F], needs []*pass[F], memory *scratch[F]) *pass[F] {
	p := &memory.passes.take(1)[0]
	p.call, p.layer, p.direction, p.rows, p.in, p.out, p.needs = c, layer, direction, rows, in, out, needs
	p.block, p.team = c.blockSteps(len(rows), c.split.stages), min(c.split.units, c.panels(c.config.HiddenSize))
	p.outputs = c.config.OutputSize()
	p.out.data = out.data[direction*p.outputs:] // (4.1)
	if c.traces != nil {
		p.trace = c.traces[layer*c.config.directions()+direction]
	}
	p.fused = (p.block == 1 || p.isSmall()) && !p.inPlace() && p.trace == nil && c.cells[0].variant == nil
	p.read.init(c.spins())
	p.met.init(c.spins())
	p.done.init(c.spins())
	if !c.config.Bidirectional && layer < c.config.NumLayers-1 {
		for n := range p.kept {
			p.kept[n] = memory.floats.take(wholeLines(len(rows) * p.outputs))
		}
	}
	if v := c.cells[0].variant; v != nil && v.Phases() > 1 {
		p.middle = memory.takeRows(len(rows), c.config.HiddenSize)
	}
	p.prepareMasks(memory)
	return p
}

// spins is how often a goroutine of this call may look for another before it sleeps: not at all if they cannot run at the same
// time.
func (c *call[F]) spins() int {
	if c.split.goroutines() <= min(runtime.GOMAXPROCS(0), runtime.NumCPU()) {
		return patience
	}
	return 0
}

// giveWorkspace lets the shares of a goroutine, which never run at the same time, use the same memory; z is a team's, each of which
// writes its panels only.
func giveWorkspace[F Float](team [][]*share[F], memory *scratch[F]) {
	mostZ := 0
	for _, s := range team[0] {
		mostZ = max(mostZ, s.sizeOfZ())
	}
	z := memory.floats.take(wholeLines(mostZ))
	for _, shares := range team {
		mostX := 0
		for _, s := range shares {
			mostX = max(mostX, s.sizeOfX())
		}
		x := memory.rows.take(mostX)
		for _, s := range shares {
			s.x, s.z = x[:s.sizeOfX()], z[:s.sizeOfZ()]
		}
	}
}

// runShares does a goroutine's shares: with one direction block after block through its layers, so that the next stage
// can begin early, with two one whole pass after the other.
func runShares[F Float](shares []*share[F]) {
	defer kernel.EnterDefault().Leave()
	for len(shares) > 0 {
		together := 1
		if first := shares[0]; !first.config.Bidirectional {
			for together < len(shares) && shares[together].layer > shares[together-1].layer {
				together++ // the layers of one group of rows
			}
		}
		for first, steps := 0, shares[0].steps(); first < steps; first += shares[0].block {
			last := min(first+shares[0].block, steps)
			for _, s := range shares[:together] {
				s.await(last)
				s.run(first, last)
			}
		}
		for _, s := range shares[:together] {
			s.finish()
		}
		shares = shares[together:]
	}
}
