package kernel

// A matrix of bfloat16 has, instead of its numbers, words of 32 bits: vector by vector in the order of the numbers, of each two
// vectors the first in the low halves of the words and the second in the high halves. Chunk by chunk they become the numbers, in
// room that stays in the first-level cache, and everything that reads weights reads those.
//
// A chunk but the last of a panel has an even number of vectors, so that it begins with a word.

// widenFunc writes the numbers of so many words, which are whole vectors, to wide.
type widenFunc[F Float] func(wide *F, words *uint32, n int)

// AsBFloat16 is a matrix whose numbers are bfloat16 values, which it keeps as such.
func (k *Kernels[F]) AsBFloat16(m *Matrix[F]) *Matrix[F] {
	pair := 2 * k.Lanes
	words := make([]uint32, (len(m.data)+pair-1)/pair*k.Lanes)
	for at, v := range m.data {
		word, half := at/pair*k.Lanes+at%k.Lanes, at/k.Lanes%2
		words[word] |= uint32(bfloat16(toBits(v))) << (16 * half)
	}
	return &Matrix[F]{inputs: m.inputs, vectors: m.vectors, words: words}
}

// bfloat16 is the upper half of a float32's pattern; a NaN stays one.
func bfloat16(u uint64) uint16 {
	if u&0x7fffffff > 0x7f800000 {
		u |= 0x00400000
	}
	return uint16(u >> 16)
}

// WideFor is how much room widening takes: none where no matrix is of bfloat16.
func (k *Kernels[F]) WideFor(isBFloat16 bool) int {
	if !isBFloat16 {
		return 0
	}
	return kChunk*gates*k.Lanes + gates // and what affineBaseline reads beyond
}

// wordsAt is the words of panel p for so many terms from term k on, which is the first of a chunk.
func (m *Matrix[F]) wordsAt(p, k, terms, lanes int) []uint32 {
	pairs := (terms*m.width(p, lanes)/lanes + 1) / 2
	return m.words[m.at(p, k, lanes)/2:][:pairs*lanes]
}

// widenInGo is for one lane.
func widenInGo[F Float](wide []F, words []uint32) {
	for n, word := range words {
		wide[2*n], wide[2*n+1] = fromBits[F](uint64(word<<16)), fromBits[F](uint64(word&0xffff0000))
	}
}
