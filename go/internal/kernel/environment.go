//go:build (amd64 || arm64) && !purego

package kernel

import "runtime"

func readControl() uint32
func writeControl(control uint32)

// Environment is the floating-point setting (MXCSR, FPCR) that a thread had before EnterDefault.
type Environment struct{ control uint32 }

// EnterDefault ties the goroutine to its thread and gives that the setting the arithmetic needs (N7), whatever foreign
// code in the same process left behind. Leave must follow on the same goroutine.
func EnterDefault() Environment {
	runtime.LockOSThread()
	e := Environment{readControl()}
	if e.isForeign() {
		writeControl(defaultControl)
	}
	return e
}

// Leave restores the thread's setting and frees the goroutine.
func (e Environment) Leave() {
	if e.isForeign() {
		writeControl(e.control)
	}
	runtime.UnlockOSThread()
}

// isForeign tells whether the setting has to be changed at all, which would take as long as a tenth of a small step.
func (e Environment) isForeign() bool { return e.control&^happened != defaultControl }
