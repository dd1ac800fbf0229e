package lstmref

import (
	"sync"
	"sync/atomic"
)

// counter is a number that only grows, and that goroutines wait for: the barrier of a team, and the progress that the
// next layer follows.
type counter struct {
	_       [64]byte // keeps what others only read out of this cache line
	spins   int      // how often a waiting goroutine looks before it sleeps
	value   atomic.Int64
	waiting atomic.Int32
	mutex   sync.Mutex
	grown   sync.Cond
	_       [64]byte
}

// A goroutine that waits for one that runs at the same time looks looks times (a microsecond or two), then lets others on
// its processor between the looks, patience times (milliseconds). It stays ready to run meanwhile: were it asleep, the
// system would see a single busy thread on that processor, and never move the other one that waits there to a free one.
const looks, patience = 2_000, 20_000

func (c *counter) init(spins int) {
	c.spins = spins
	c.grown.L = &c.mutex
}

func (c *counter) add(n int) {
	c.value.Add(int64(n))
	if c.waiting.Load() > 0 { // after the addition: whoever waits from now on sees it
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.grown.Broadcast()
	}
}

// await returns when the number is at least n.
func (c *counter) await(n int) {
	for spin := range c.spins {
		if c.value.Load() >= int64(n) {
			return
		}
		if spin >= looks {
			yield()
		}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.waiting.Add(1)
	for c.value.Load() < int64(n) {
		c.grown.Wait()
	}
	c.waiting.Add(-1)
}
