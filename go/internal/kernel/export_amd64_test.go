//go:build !purego

package kernel

var (
	ReadControl  = readControl
	WriteControl = writeControl
)
