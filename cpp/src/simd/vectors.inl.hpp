// Vectors, and M of them in lockstep: an activation is one long chain of dependent operations, and others beside it keep the
// processor busy meanwhile.
#pragma once

namespace lstm_ref {
namespace {

constexpr Bits kSign = Bits{1} << (8 * sizeof(Real) - 1);

typedef Bits UVec __attribute__((vector_size(sizeof(Vec))));
typedef Real UnalignedVec __attribute__((vector_size(sizeof(Vec)), aligned(sizeof(Real)), may_alias));

#define LSTM_REF_INLINE inline __attribute__((always_inline))

LSTM_REF_INLINE Vec load(const Real* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
LSTM_REF_INLINE void store(Real* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }

// copy(from number, so many), in powers of two, of the first `count` numbers of a vector, 0 <= count < kLanes: a call of memcpy
// would take longer than the rest of a small step's end.
template <class Copy>
LSTM_REF_INLINE void in_powers_of_two(int64_t count, const Copy& copy) {
  int64_t done = 0;
#pragma GCC unroll 4
  for (int size = kLanes / 2; size > 0; size /= 2) {
    if (!(count & size)) continue;
    copy(done, size);
    done += size;
  }
}

// As many as there are of a vector's numbers, all or fewer; +0 in the other lanes.
LSTM_REF_INLINE Vec load_some(const Real* p, int64_t left) {
  if (left >= kLanes) return load(p);
  Real numbers[kLanes] = {};
  if (left > 0)
    in_powers_of_two(left, [&](int64_t at, int size) { __builtin_memcpy(numbers + at, p + at, size * sizeof(Real)); });
  return load(numbers);
}
LSTM_REF_INLINE void store_some(Real* p, Vec v, int64_t left) {
  if (left >= kLanes) return store(p, v);
  Real numbers[kLanes];
  store(numbers, v);
  if (left > 0)
    in_powers_of_two(left, [&](int64_t at, int size) { __builtin_memcpy(p + at, numbers + at, size * sizeof(Real)); });
}

template <int M>
struct Wide {
  Vec v[M];
};

template <int M, class Operation>
LSTM_REF_INLINE Wide<M> each(Operation operation) {
  Wide<M> r;
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) r.v[m] = operation(m);
  return r;
}

// clang-format off
template <int M> LSTM_REF_INLINE Wide<M> operator+(Wide<M> a, Wide<M> b) { return each<M>([&](int m) { return a.v[m] + b.v[m]; }); }
template <int M> LSTM_REF_INLINE Wide<M> operator-(Wide<M> a, Wide<M> b) { return each<M>([&](int m) { return a.v[m] - b.v[m]; }); }
template <int M> LSTM_REF_INLINE Wide<M> operator*(Wide<M> a, Wide<M> b) { return each<M>([&](int m) { return a.v[m] * b.v[m]; }); }
template <int M> LSTM_REF_INLINE Wide<M> operator/(Wide<M> a, Wide<M> b) { return each<M>([&](int m) { return a.v[m] / b.v[m]; }); }
template <int M> LSTM_REF_INLINE Wide<M> fma(Wide<M> a, Wide<M> b, Wide<M> c) { return each<M>([&](int m) { return fma(a.v[m], b.v[m], c.v[m]); }); }
template <int M> LSTM_REF_INLINE Wide<M> fnma(Wide<M> a, Wide<M> b, Wide<M> c) { return each<M>([&](int m) { return fnma(a.v[m], b.v[m], c.v[m]); }); }
template <int M> LSTM_REF_INLINE Wide<M> max(Wide<M> k, Wide<M> x) { return each<M>([&](int m) { return max(k.v[m], x.v[m]); }); }
// clang-format on

LSTM_REF_INLINE UVec bits(Vec x) { return (UVec)x; }
LSTM_REF_INLINE Vec to_real(UVec u) { return (Vec)u; }

template <int M>
LSTM_REF_INLINE Wide<M> constant(Bits pattern) {
  return each<M>([&](int) { return to_real(UVec{} + pattern); });
}
template <int M>
LSTM_REF_INLINE Wide<M> negate(Wide<M> x) {
  return each<M>([&](int m) { return -x.v[m]; });
}
template <int M>
LSTM_REF_INLINE Wide<M> minus_abs(Wide<M> x) {
  return each<M>([&](int m) { return to_real(bits(x.v[m]) | kSign); });
}
template <int M>  // a where x < 0, else b
LSTM_REF_INLINE Wide<M> where_negative(Wide<M> x, Wide<M> a, Wide<M> b) {
  return each<M>([&](int m) { return x.v[m] < Vec{} ? a.v[m] : b.v[m]; });
}
template <int M>  // (N1), its signed zeros included: where k may be 0, that the shim's max will not do
LSTM_REF_INLINE Wide<M> at_least(Vec k, Wide<M> x) {
  return each<M>([&](int m) { return x.v[m] <= k ? k : x.v[m]; });
}
template <int M>  // (N1)'s min
LSTM_REF_INLINE Wide<M> at_most(Vec k, Wide<M> x) {
  return each<M>([&](int m) { return x.v[m] >= k ? k : x.v[m]; });
}
template <int M>  // magnitude >= 0 with the sign of x
LSTM_REF_INLINE Wide<M> with_sign(Wide<M> magnitude, Wide<M> x) {
  return each<M>([&](int m) { return to_real(bits(magnitude.v[m]) | (bits(x.v[m]) & kSign)); });
}

}  // namespace
}  // namespace lstm_ref
