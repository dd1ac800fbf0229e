package lstmref

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
)

// StateOf is the state of every layer and direction: H (L*D, B, R), C (L*D, B, H). A GRU and a plain RNN have no C: it is nil.
type StateOf[F Float] struct {
	H, C *TensorOf[F]
}

// InputsOf are the arguments of one call of Forward, as an inputs file holds them.
type InputsOf[F Float] struct {
	X       *TensorOf[F] // (T, B, I), or (B, T, I) when BatchFirst
	State   *StateOf[F]  // nil: zeros
	Lengths []int        // (B,); nil: T for every row

	Seed  *int64                  // of a training run; nil in others
	Masks map[string]*TensorOf[F] // of a training run without a seed, by name (spec/variants.md, section 8)
}

// Options are what Forward is to be told beside x and the state.
func (in *InputsOf[F]) Options() []Option {
	list := []Option{Lengths(in.Lengths), Masks(in.Masks)}
	if in.Seed != nil {
		list = append(list, Seed(*in.Seed))
	}
	return list
}

// OpenInputs reads an inputs file.
func (m *ModelOf[F]) OpenInputs(path string) (*InputsOf[F], error) {
	if err := m.check(); err != nil { // not the file's fault
		return nil, err
	}
	return readAt(path, m.ParseInputs)
}

// ParseInputs reads the bytes of an inputs file, strictly: checks 1 to 4 and 9 to 13 of spec/model-file.md.
func (m *ModelOf[F]) ParseInputs(file []byte) (*InputsOf[F], error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	c, err := readContainer(file)
	if err != nil {
		return nil, err
	}
	inputs := &InputsOf[F]{}
	x := c.byName["x"]
	if x == nil { // check 9
		return nil, m.missingX()
	}
	if want := dtype[F](); x.dtype != want {
		return nil, invalid("x", want, "dtype %s", x.dtype)
	}
	if err := m.checkX(x.shape); err != nil {
		return nil, err
	}
	steps, batch := m.dims(x.shape)
	inputs.X = tensorOf[F](x)

	if c.byName["h_0"] != nil || m.config.hasC() && c.byName["c_0"] != nil { // check 10
		inputs.State = &StateOf[F]{}
		parts := inputs.State.parts()
		for n, want := range m.expectedState(batch) {
			e := c.byName[want.name]
			if e == nil {
				return nil, invalid(want.name, want.String(), "missing")
			}
			if err := want.check(e.dtype, e.shape); err != nil {
				return nil, err
			}
			*parts[n] = tensorOf[F](e)
		}
	}

	if e := c.byName["lengths"]; e != nil { // check 11
		if e.dtype != "I64" {
			return nil, invalid("lengths", "I64", "dtype %s", e.dtype)
		}
		if !slices.Equal(e.shape, []int{batch}) {
			return nil, invalid("lengths", fmt.Sprintf("(B,) = (%d,)", batch), "shape %s", formatShape(e.shape))
		}
		lengths := e.integers()
		if err := checkLengths(lengths, steps); err != nil {
			return nil, err
		}
		inputs.Lengths = make([]int, batch)
		for b, length := range lengths {
			inputs.Lengths[b] = int(length)
		}
	}

	if err := m.parseTraining(c, inputs, steps, batch); err != nil {
		return nil, err
	}
	names := m.inputNames()
	for _, e := range c.entries { // check 12
		if !slices.Contains(names, e.name) && inputs.Masks[e.name] == nil {
			return nil, m.unexpected(e.name)
		}
	}
	if err := m.checkOutputs(x.shape); err != nil { // check 13
		return nil, err
	}
	return inputs, nil
}

// checkInputs makes checks 9 to 12 on the arguments of Forward, and one more: a tensor's data must fill its shape.
func (m *ModelOf[F]) checkInputs(in *InputsOf[F]) error {
	if in.X == nil {
		return m.missingX()
	}
	if err := m.checkX(in.X.Shape); err != nil {
		return err
	}
	if err := checkData("x", in.X); err != nil {
		return err
	}
	steps, batch := m.dims(in.X.Shape)
	if err := m.checkState(in.State, batch); err != nil {
		return err
	}
	if in.Lengths != nil {
		if len(in.Lengths) != batch {
			return invalid("lengths", fmt.Sprintf("(B,) = (%d,)", batch), "shape (%d,)", len(in.Lengths))
		}
		if err := checkLengths(in.Lengths, steps); err != nil {
			return err
		}
	}
	return m.checkTraining(in, steps, batch)
}

// inputNames are the tensors that an inputs file may have, beside masks.
func (m *ModelOf[F]) inputNames() []string {
	names := []string{"x", "h_0"}
	if m.config.hasC() {
		names = append(names, "c_0")
	}
	names = append(names, "lengths")
	if m.config.isRandom() {
		names = append(names, "seed")
	}
	return names
}

// unexpected is check 12.
func (m *ModelOf[F]) unexpected(name string) error {
	names := m.inputNames()
	if m.config.isRandom() {
		names = append(names, "masks")
	}
	return invalid(name, "only "+strings.Join(names, ", "), "unexpected tensor")
}

// parts are h and c, in the order of expectedState.
func (s *StateOf[F]) parts() [2]**TensorOf[F] { return [2]**TensorOf[F]{&s.H, &s.C} }

// isZero tells whether the state is absent, which means zero.
func (s *StateOf[F]) isZero() bool { return s == nil || s.H == nil && s.C == nil }

// checkState makes check 10 on a state.
func (m *ModelOf[F]) checkState(state *StateOf[F], batch int) error {
	if state.isZero() {
		return nil
	}
	for n, want := range m.expectedState(batch) {
		tensor := *state.parts()[n]
		if tensor == nil {
			return invalid(want.name, want.String(), "missing")
		}
		if err := want.checkShape(tensor.Shape); err != nil {
			return err
		}
		if err := checkData(want.name, tensor); err != nil {
			return err
		}
	}
	if state.C != nil && !m.config.hasC() {
		return m.unexpected("c_0")
	}
	return nil
}

func (m *ModelOf[F]) missingX() error {
	return invalid("x", fmt.Sprintf("%s with I = %d", m.config.axes(), m.config.InputSize), "missing")
}

func (m *ModelOf[F]) checkX(shape []int) error {
	c := &m.config
	if len(shape) != 3 {
		return invalid("x", "3 "+c.axes(), "rank %d", len(shape))
	}
	if min(shape[0], shape[1]) < 0 {
		return invalid("x", "no negative size", "shape %s", formatShape(shape))
	}
	if want := []int{shape[0], shape[1], c.InputSize}; shape[2] != want[2] {
		return invalid("x", c.axes()+" = "+formatShape(want), "shape %s", formatShape(shape))
	}
	return nil
}

// maxUnseen bounds the bytes for rows of which no data is at hand: x with T = 0 may claim any number, and a new stream.
const maxUnseen = 1 << 32

// checkOutputs makes check 13, given the shape of x; before it, nothing is allocated for a row that no file holds.
func (m *ModelOf[F]) checkOutputs(shape []int) error {
	steps, batch := m.dims(shape)
	size, outputs := uint64(kernel.Size[F]()), m.config.OutputSize()
	y, fits := sizeInBytes([]int{steps, batch, m.config.directions() * outputs}, size)
	row := outputs // of the state
	if m.config.hasC() {
		row += m.config.HiddenSize
	}
	states, alsoFits := sizeInBytes([]int{len(m.cells), batch, row}, size)
	limit := uint64(math.MaxInt)
	if steps == 0 || batch == 0 {
		limit = min(limit, maxUnseen)
	}
	if !fits || !alsoFits || y > math.MaxInt || states > limit {
		return invalid("memory", "a smaller one", "too little for this case")
	}
	return nil
}

// checkY makes sure that y, when given, is room for the output.
func (m *ModelOf[F]) checkY(y *TensorOf[F], in *InputsOf[F]) error {
	if y == nil {
		return nil
	}
	outputs, letter := m.config.OutputSize(), m.config.outputSymbol()
	shape := []int{in.X.Shape[0], in.X.Shape[1], m.config.directions() * outputs}
	if !slices.Equal(y.Shape, shape) {
		axes := strings.Replace(m.config.axes(), "I)", "D*"+letter+")", 1)
		return expectation{"y", axes, dtype[F](), slices.Clone(shape)}.checkShape(y.Shape)
	}
	if err := checkData("y", y); err != nil {
		return err
	}
	if overlap(y.Data, in.X.Data) {
		return invalid("y", "memory of its own", "overlaps x")
	}
	for _, name := range slices.Sorted(maps.Keys(in.Masks)) {
		if overlap(y.Data, in.Masks[name].Data) {
			return invalid("y", "memory of its own", "overlaps %s", name)
		}
	}
	return nil
}

// overlap tells whether two slices share an element.
func overlap[F Float](a, b []F) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	address := func(p *F) uintptr { return uintptr(unsafe.Pointer(p)) }
	return address(&a[0]) <= address(&b[len(b)-1]) && address(&b[0]) <= address(&a[len(a)-1])
}

// dims is T and B, given the shape of x.
func (m *ModelOf[F]) dims(shape []int) (steps, batch int) {
	if m.config.BatchFirst {
		return shape[1], shape[0]
	}
	return shape[0], shape[1]
}

// expectedState is h_0 and, where there is one, c_0 as they should be.
func (m *ModelOf[F]) expectedState(batch int) []expectation {
	outputs, letter := m.config.OutputSize(), m.config.outputSymbol()
	list := []expectation{{"h_0", "(L*D, B, " + letter + ")", dtype[F](), []int{len(m.cells), batch, outputs}}}
	if m.config.hasC() {
		list = append(list, expectation{"c_0", "(L*D, B, H)", dtype[F](), []int{len(m.cells), batch, m.config.HiddenSize}})
	}
	return list
}

func checkLengths[Int int | int64](lengths []Int, steps int) error {
	for b, length := range lengths {
		if length < 0 || int64(length) > int64(steps) {
			return invalid(fmt.Sprintf("lengths[%d]", b), fmt.Sprintf("0 <= length <= T = %d", steps), "%d", length)
		}
	}
	return nil
}

func checkData[F Float](name string, tensor *TensorOf[F]) error {
	size, ok := sizeInBytes(tensor.Shape, 1)
	if slices.Contains(tensor.Shape, 0) { // however large the others are
		size, ok = 0, true
	}
	if !ok || size != uint64(len(tensor.Data)) {
		return invalid(name, "as many as its shape "+formatShape(tensor.Shape), "%d elements", len(tensor.Data))
	}
	return nil
}
