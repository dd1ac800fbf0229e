//go:build (!amd64 && !arm64) || purego

package kernel

// available lists the instruction sets of this build that this machine has, the fastest last.
func available() []isa { return []isa{baseline} }

// block is what only assembly needs.
type block struct{}
