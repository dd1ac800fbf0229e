package kernel

// Weights are the parameters of one layer and direction, as Pack and PackBias make them.
type Weights[F Float] struct {
	IH, HH *Matrix[F] // (4*H, I_l), (4*H, H)
	Bias   []F        // b_ih + b_hh (2.5)
}

// A Cell is one layer and direction for some rows, in the panels First to Last of H = Units. Advance takes it from step
// to step. What stands before the empty line stays the same in all of them.
type Cell[F Float] struct {
	*Kernels[F]
	*Weights[F]
	Units, First, Last int
	C                  []F // (Last-First, rows, V); of a variant (Last-First, rows, 4*V), h where there is no c
	CPanel, ZPanel     int // distances from panel to panel, in C and Z
	Room               []F // as much as the method says
	Wide               []F // WideFor the weights

	X         [][]F // (I_l,) of each row; nil, in all steps or none, where
	Z         []F   // (Last-First, rows, 4, V) holds the bias and the x part of (2.1)
	H, Next   [][]F // (H,) of each row, before and after the step
	Backwards bool  // the order of the panels
	block     block

	*Variant[F]         // nil for the plain LSTM, which has nothing of the following
	ZRow, ZColumn int   // where the step begins in Z (P, lists, rows, 4*V), and the distance from column to column
	Middle        [][]F // (H,) of each row, between two phases
	HFirst, HLast int   // the panels of h that the share has

	Statistics []F // (StatisticsSize,)

	MaskH, MaskCandidate, KeepH, KeepC [][]F // (R,) or (H,) of each row, of the step; nil where there is none
	Seen, SeenNext                     [][]F // (R,) of each row: h~ (V22), before and after the step, if there is a MaskH
}

// PanelUnits is how many units a panel has, but for the last.
func (c *Cell[F]) PanelUnits() int {
	if c.Variant != nil {
		return gates * c.Lanes
	}
	return c.Lanes
}

// Width is how many units panel p has room for.
func (c *Cell[F]) Width(p int) int { return c.widthOf(p, c.Units) }

// widthOf is Width of so many units.
func (c *Cell[F]) widthOf(p, units int) int {
	return min(c.PanelUnits(), c.Kernels.Panels(units)*c.Lanes-p*c.PanelUnits())
}

// PanelsFor is P for so many units of a variant, or of the plain LSTM (nil).
func (k *Kernels[F]) PanelsFor(v *Variant[F], units int) int {
	if v != nil {
		return (k.Panels(units) + gates - 1) / gates
	}
	return k.Panels(units)
}

// mostPanels of one row are computed side by side.
const mostPanels = 3

// RoomFor is how much room a Cell of so many rows needs.
func (k *Kernels[F]) RoomFor(v *Variant[F], rows int) int {
	list := max(rows, mostPanels) * gates * k.Lanes
	if v != nil {
		return v.rooms() * list
	}
	return list
}

// Advance is a step (2.1)-(2.4) of the first rows. The next one takes the panels in the opposite order: what the
// second-level cache still holds of the weights is used first.
func (c *Cell[F]) Advance(rows int) {
	if rows > 0 && c.First < c.Last {
		c.advance(c, rows)
	}
	c.Backwards = !c.Backwards
}

// eachPanel is Advance for any number of rows.
func (c *Cell[F]) eachPanel(rows int) {
	for n := range c.Last - c.First {
		if c.Backwards {
			n = c.Last - c.First - 1 - n
		}
		p, z := c.First+n, c.Room
		if c.X != nil {
			c.Affine(z, 0, c.Bias, c.IH, c.X[:rows], p, p+1, c.Wide)
		} else {
			z = c.Z[n*c.ZPanel:]
		}
		c.Affine(z, 0, nil, c.HH, c.H[:rows], p, p+1, c.Wide)             // (2.1)
		c.Step(z, 0, c.C[n*c.CPanel:], 0, c.Next[:rows], c.Units, p, p+1) // (2.2)-(2.4)
	}
}
