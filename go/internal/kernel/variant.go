package kernel

// A Variant is any cell but the plain LSTM (spec/variants.md).
//
// Its units are dealt out in panels of 4*V, the last with as many vectors as there are. Every column of z is a matrix of its own,
// so that what a panel has of it for some rows, (rows, 4*V), is one list. So are the states.
type Variant[F Float] struct {
	Columns        []Column[F] // in the order of z; then those that are added to one of them (V18)
	ofX            sums[F]
	phases         []phase[F]
	options        Options[F]
	groups         int  // of lists that are normalised together
	usual          bool // the activations of an LSTM are those of the plain one
	units, outputs int  // H and R, as there is room for in panels

	cells, hidden group // c' and h'; or none
	carriesH      bool  // the state in panels is h
}

// A Column is what one pre-activation is the sum of, or, when the parts of x and of h are normalised by themselves (V18), one part.
type Column[F Float] struct {
	Start []F        // as PackStart makes it
	X, H  *Matrix[F] // as PackColumn makes them; nil where the sum has no such term
	Late  *Matrix[F] // of Cell.Middle, when the other sums are complete

	Norm  *Norm[F] // of the sum; nil where it is not normalised
	Group int      // neighbours of the same number are normalised together
	Bias  []F      // is added then, as PackStart makes it; or nil
	Into  int      // the column of z that this is a part of; its own place where it is one
}

// Norm is the gain and the shift of N units, as PackStart makes them.
type Norm[F Float] struct{ Gain, Shift []F }

// Options are the sizes, and what the pointwise parts read.
type Options[F Float] struct {
	Units, Outputs, Lanes   int // H, R, V
	Gate, Candidate, Output Activation[F]
	InputForget             bool
	Peephole                *[3][]F   // p_i, p_o, p_f, each (H,), as PackStart makes them
	Project                 Column[F] // Late (R, H): the projection of an LSTM (V7); or none
	CellNorm, HiddenNorm    *Norm[F]  // of c and h; nil where they are not normalised
	CarriesNorm             bool      // the c that is carried on is the normalised one (V19)
	Epsilon                 F         // of all normalisations
	Masked                  bool      // there may be masks
}

// NewLSTM has the columns i, f, g, o.
func NewLSTM[F Float](columns []Column[F], o Options[F]) *Variant[F] {
	v := &Variant[F]{Columns: columns, options: o}
	v.usual = o.Gate.is("sigmoid") && o.Candidate.is("tanh") && o.Output.is("tanh")
	all := []int{0, 1, 2, 3}
	if o.CellNorm == nil {
		v.reduce(false, all, lstm)
	} else {
		v.reduce(false, all, lstmState)
		v.cells = v.newGroup(v.Lists(), o.Units, o.CellNorm)
		v.normalise(phase[F]{part: lstmOutput}, v.cells)
	}
	v.gatesEnd()
	if o.Project.Late != nil {
		v.then(phase[F]{part: project, ofH: true})
	}
	return v.end()
}

// NewGRU has the columns r, u, n_x, n_h or, resetting before, r, u, n.
func NewGRU[F Float](columns []Column[F], resetAfter bool, o Options[F]) *Variant[F] {
	v := &Variant[F]{Columns: columns, options: o, carriesH: true}
	if resetAfter {
		v.reduce(false, []int{0, 1, 2, 3}, gru)
	} else {
		v.reduce(false, []int{0, 1}, gruReset)
		v.reduce(true, []int{2}, gruCandidate)
	}
	v.gatesEnd()
	return v.end()
}

// NewRNN has the column n.
func NewRNN[F Float](columns []Column[F], o Options[F]) *Variant[F] {
	v := &Variant[F]{Columns: columns, options: o}
	v.reduce(false, []int{0}, rnn)
	return v.end()
}
