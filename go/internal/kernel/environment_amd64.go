//go:build !purego

package kernel

const defaultControl = 0x1f80 // round to nearest, subnormals kept, every exception masked

const happened = 0x3f // the flags of exceptions so far, which change nothing
