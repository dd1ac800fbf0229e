//go:build !linux

package lstmref

import "runtime"

// yield lets other goroutines on this thread.
func yield() { runtime.Gosched() }
