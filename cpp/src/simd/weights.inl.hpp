// How weights lie in memory, a word beside a word, and how a kernel reads a vector of them.
#pragma once

#include "simd/vectors.inl.hpp"

namespace lstm_ref {
namespace {

// As they are: a word is a term.
struct PlainWeights {
  using Word = Real;
  static constexpr int kTerms = 1;  // in a word
  static constexpr int kPanels = lstm_ref::kPanels;
  static LSTM_REF_INLINE Vec read(const Word* words, int) { return load(words); }
};

// Float32 as bfloat16, two terms in a word: the even one in the low half, the odd one in the high half. One load gives two
// vectors, and each takes one operation to widen; a float32's high half is the bfloat16, and its low half is 0.
struct Bfloat16Weights {
  using Word = uint32_t;
  typedef Word UnalignedWords __attribute__((vector_size(sizeof(Vec)), aligned(sizeof(Word)), may_alias));
  static constexpr int kTerms = 2;
  static constexpr int kPanels = 3;  // words come faster than their sums are done
  static LSTM_REF_INLINE Vec read(const Word* words, int term) {
    const UVec both = (UVec) * reinterpret_cast<const UnalignedWords*>(words);
    return to_real(term == 0 ? both << 16 : both & 0xffff0000u);
  }
};

// Words from one column's first term to the end of K of them.
template <class W>
constexpr int64_t words_of(int64_t K) {
  return (K + W::kTerms - 1) / W::kTerms;
}

// Those of panel p: (words of K, G, V).
template <class W>
LSTM_REF_INLINE const typename W::Word* panel_weights(const Product<Real>& product, int64_t G, int64_t p) {
  return static_cast<const typename W::Word*>(product.weights) + p * words_of<W>(product.K) * G * kLanes;
}

}  // namespace
}  // namespace lstm_ref
