//go:build !purego

package kernel

import "runtime"

const defaultControl = 0x1f80 // round to nearest, subnormals kept, every exception masked

func readControl() uint32
func writeControl(control uint32)

// Environment is the floating-point setting (MXCSR) that a thread had before EnterDefault.
type Environment struct{ control uint32 }

// EnterDefault ties the goroutine to its thread and gives that the setting the arithmetic needs (N7), whatever foreign
// code in the same process left behind. Leave must follow on the same goroutine.
func EnterDefault() Environment {
	runtime.LockOSThread()
	e := Environment{readControl()}
	writeControl(defaultControl)
	return e
}

// Leave restores the thread's setting and frees the goroutine.
func (e Environment) Leave() {
	writeControl(e.control)
	runtime.UnlockOSThread()
}
