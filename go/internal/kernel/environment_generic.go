//go:build (!amd64 && !arm64) || purego

package kernel

// Environment stands for the floating-point setting of a thread. Pure Go has no way to read or to change it: a Go
// thread starts with the default one, which is what the arithmetic needs (N7), and only foreign code in the same
// process (cgo) could leave another behind.
type Environment struct{}

// EnterDefault does nothing here.
func EnterDefault() Environment { return Environment{} }

// Leave does nothing here.
func (Environment) Leave() {}
