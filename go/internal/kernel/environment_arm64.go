//go:build !purego

package kernel

const defaultControl = 0 // round to nearest, subnormals kept, no traps, NaN payloads kept

const happened = 0 // FPCR has no such flags
