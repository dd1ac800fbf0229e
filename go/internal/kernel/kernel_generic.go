//go:build (!amd64 && !arm64) || purego

package kernel

// Available lists the implementations of this build that this machine can run, the fastest last.
func Available() []*Kernels { return []*Kernels{&Baseline} }

// block is what only assembly needs.
type block struct{}
