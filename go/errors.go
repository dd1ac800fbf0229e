package lstmref

import (
	"fmt"
	"strings"
)

// Error is about an argument or a file (spec/errors.md); its text is "PARAMETER: GOT, want WANTED".
type Error struct {
	Parameter, Got, Want string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s, want %s", e.Parameter, e.Got, e.Want) }

// invalid makes an Error; got is a format.
func invalid(parameter, want, got string, args ...any) error {
	return &Error{parameter, fmt.Sprintf(got, args...), want}
}

// formatShape writes a shape as Python does: (), (5,), (5, 2).
func formatShape(shape []int) string {
	if len(shape) == 1 {
		return fmt.Sprintf("(%d,)", shape[0])
	}
	return "(" + strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]") + ")"
}
