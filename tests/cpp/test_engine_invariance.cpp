// What must not matter: the batch, the split, the threads, the alignment, the caller's floating-point environment.
#include <algorithm>
#include <cfenv>
#include <limits>
#include <thread>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "allocations.hpp"
#include "engine_reference.hpp"

using namespace reference;

namespace {

template <class Real>
using Recurrent = lstm_ref::BasicRecurrent<Real>;

const Config kConfigs[] = {{5, 18, 1, true, false, false}, {6, 17, 2, true, false, true}, {3, 9, 3, true, true, false}};

template <class Real>
std::vector<Config> all_configs() {
  std::vector<Config> all;
  for (const Config& sizes : kConfigs) {
    for (const Config& config : cells(sizes)) all.push_back(of_real<Real>(config));
  }
  return sampled(all);
}

// Rows [begin, begin + count) of an array (outer, B, inner).
template <class T>
std::vector<T> rows(const std::vector<T>& array, std::int64_t outer, std::int64_t B, std::int64_t begin, std::int64_t count) {
  const std::int64_t inner = array.size() / (outer * B);
  std::vector<T> part;
  for (std::int64_t o = 0; o < outer; ++o) {
    part.insert(part.end(), &array[(o * B + begin) * inner], &array[(o * B + begin) * inner] + count * inner);
  }
  return part;
}

// The masks of some rows, and of some steps.
template <class Real>
std::vector<std::vector<Real>> masks_of(const Config& config, const Case<Real>& whole, std::int64_t begin, std::int64_t count,
                                        std::int64_t first, std::int64_t steps) {
  std::vector<std::vector<Real>> masks;
  for (std::size_t i = 0; i < whole.masks.size(); ++i) {
    const bool each_step = mask_spec(config, i, whole.T, whole.B).shape.size() == 3;
    const std::int64_t T = each_step ? whole.T : 1, t = each_step ? first : 0, n = each_step ? steps : 1;
    const std::vector<Real> part = rows(whole.masks[i], T, whole.B, begin, count);
    const std::int64_t step_size = part.size() / T;
    masks.emplace_back(part.begin() + t * step_size, part.begin() + (t + n) * step_size);
  }
  return masks;
}

template <class Real>
void test_batch(const std::string& isa) {
  for (const Config& config : all_configs<Real>()) {
    const Model<Real> model(config);
    const Recurrent<Real> lstm(model.config, model.views, {isa, 1});
    const std::int64_t T = 4, B = 23, S = config.state_rows();
    const std::int64_t outer = config.batch_first ? 1 : T;  // axes of x and y before B
    Case<Real> whole = random_case<Real>(config, T, B);
    for (std::int64_t b = 0; b < B; ++b) whole.lengths.push_back(b % (T + 1));
    const Result<Real> wanted = run_engine(lstm, whole);
    for (std::int64_t count = 1; count <= 9; ++count) {
      for (std::int64_t begin = 0; begin + count <= B; begin += 5) {
        const Case<Real> part = {T,
                                 count,
                                 rows(whole.x, outer, B, begin, count),
                                 rows(whole.h_0, S, B, begin, count),
                                 config.has_c() ? rows(whole.c_0, S, B, begin, count) : std::vector<Real>{},
                                 rows(whole.lengths, 1, B, begin, count),
                                 masks_of(config, whole, begin, count, 0, T)};
        check_same(run_engine(lstm, part),
                   Result<Real>{rows(wanted.y, outer, B, begin, count),
                                rows(wanted.h_n, S, B, begin, count),
                                config.has_c() ? rows(wanted.c_n, S, B, begin, count) : std::vector<Real>{},
                                {}});
      }
    }
  }
}

template <class Real>
void test_split(const std::string& isa) {
  for (const Config& config : cells({4, 19, 2, true, false, false})) {
    const Model<Real> model(config);
    const Recurrent<Real> lstm(model.config, model.views, {isa, 1});
    const std::int64_t T = 130, B = 2;
    const Case<Real> whole = random_case<Real>(config, T, B);
    const Result<Real> wanted = run_engine(lstm, whole);
    for (const std::int64_t cut : {0, 1, 47, 48, 129, 130}) {
      const Case<Real> first = {cut,
                                B,
                                {whole.x.begin(), whole.x.begin() + cut * B * 4},
                                whole.h_0,
                                whole.c_0,
                                {},
                                masks_of(config, whole, 0, B, 0, cut)};
      Result<Real> got = run_engine(lstm, first);
      const Case<Real> second = {T - cut, B,  {whole.x.begin() + cut * B * 4, whole.x.end()}, got.h_n,
                                 got.c_n, {}, masks_of(config, whole, 0, B, cut, T - cut)};
      const Result<Real> rest = run_engine(lstm, second);
      got.y.insert(got.y.end(), rest.y.begin(), rest.y.end());
      check_same(Result<Real>{got.y, rest.h_n, rest.c_n, {}}, wanted);
    }
  }
}

template <class Real>
void test_threads(const std::string& isa) {
  for (const Config& config : all_configs<Real>()) {
    const Model<Real> model(config);
    Case<Real> one = random_case<Real>(config, 7, 13);
    one.lengths = {7, 0, 3, 7, 2, 1, 5, 6, 7, 7, 4, 0, 1};
    const Result<Real> wanted = run_engine(Recurrent<Real>(model.config, model.views, {isa, 1}), one);
    for (const int num_threads : {2, 3, 13, 40}) {
      const Recurrent<Real> lstm(model.config, model.views, {isa, num_threads});
      CHECK_EQ(lstm.num_threads(), num_threads);
      const Result<Real> got = run_engine(lstm, one);
      check_same(got, wanted);
      for (std::size_t i = 0; i < wanted.trace.size(); ++i) check_same(got.trace[i].z, wanted.trace[i].z);
    }
    // Several callers at once.
    const Recurrent<Real> lstm(model.config, model.views, {isa, 3});
    std::vector<Result<Real>> results(4);
    std::vector<std::thread> callers;
    for (Result<Real>& result : results) callers.emplace_back([&] { result = run_engine(lstm, one); });
    for (std::thread& caller : callers) caller.join();
    for (const Result<Real>& result : results) check_same(result, wanted);
  }
}

// An array inside a larger one, at any number's offset from a cache line, between sentinels.
template <class Real>
struct Guarded {
  static constexpr std::int64_t kMargin = 64;
  std::vector<Real> memory;
  std::int64_t shift, size;

  Guarded(std::int64_t shift, const std::vector<Real>& values)
      : memory(values.size() + 2 * kMargin, -77), shift(shift), size(values.size()) {
    std::copy(values.begin(), values.end(), data());
  }
  Real* data() { return memory.data() + kMargin - 16 + shift; }
  std::vector<Real> values() { return {data(), data() + size}; }
  void check_sentinels() {
    for (Real* p = memory.data(); p < memory.data() + memory.size(); ++p) {
      if (p < data() || p >= data() + size) CHECK_BITS(*p, -77);
    }
  }
};

template <class Real>
void test_alignment_and_bounds(const std::string& isa) {
  for (const Config& config : all_configs<Real>()) {
    const Model<Real> model(config);
    const Recurrent<Real> lstm(model.config, model.views, {isa, 2});
    Case<Real> one = random_case<Real>(config, 3, 5);
    one.lengths = {1, 3, 0, 3, 2};
    const Result<Real> wanted = run_engine(lstm, one);
    for (std::int64_t shift = 0; shift < 16; ++shift) {
      Guarded<Real> x(shift, one.x), h_0((shift + 5) % 16, one.h_0), c_0((shift + 9) % 16, one.c_0);
      Guarded<Real> y((shift + 3) % 16, std::vector<Real>(wanted.y.size())),
          h_n((shift + 7) % 16, std::vector<Real>(wanted.h_n.size()));
      Guarded<Real> c_n((shift + 11) % 16, std::vector<Real>(wanted.c_n.size()));
      std::vector<Guarded<Real>> masks;
      lstm_ref::BasicInputs<Real> inputs = {
          3, 5, x.data(), h_0.data(), config.has_c() ? c_0.data() : nullptr, one.lengths.data()};
      for (const std::vector<Real>& mask : one.masks) inputs.masks.push_back(masks.emplace_back((shift + 13) % 16, mask).data());
      lstm.forward(inputs, {y.data(), h_n.data(), c_n.data()});
      check_same(Result<Real>{y.values(), h_n.values(), c_n.values(), {}}, wanted);
      for (Guarded<Real>* array : {&x, &h_0, &c_0, &y, &h_n, &c_n}) array->check_sentinels();
      check_same(x.values(), one.x);
      check_same(h_0.values(), one.h_0);
    }
    // The final state may overwrite the initial one; and need not be asked for.
    std::vector<Real> h = one.h_0, c = one.c_0, y(wanted.y.size());
    lstm_ref::BasicInputs<Real> inputs = one.inputs();
    inputs.h_0 = h.data(), inputs.c_0 = config.has_c() ? c.data() : nullptr;
    lstm.forward(inputs, {y.data(), h.data(), c.data()});
    check_same(Result<Real>{y, h, c, {}}, wanted);
    std::fill(y.begin(), y.end(), Real(0));
    lstm.forward(one.inputs(), {y.data(), nullptr, nullptr});
    check_same(y, wanted.y);
  }
}

// Weights may stand at any byte, as they do in a file.
template <class Real>
void test_unaligned_weights(const std::string& isa) {
  const Model<Real> model(kConfigs[0]);
  const Case<Real> one = random_case<Real>(model.config, 2, 2);
  std::vector<std::vector<char>> bytes;
  std::vector<lstm_ref::TensorView> views = model.views;
  for (std::size_t i = 0; i < views.size(); ++i) {
    bytes.emplace_back(model.data[i].size() * sizeof(Real) + 1);
    std::memcpy(bytes[i].data() + 1, model.data[i].data(), bytes[i].size() - 1);
    views[i].data = bytes[i].data() + 1;
  }
  check_same(run_engine(Recurrent<Real>(model.config, views, {isa, 1}), one),
             run_engine(Recurrent<Real>(model.config, model.views, {isa, 1}), one));
}

template <class Real>
void test_empty(const std::string& isa) {
  const Config config = kConfigs[1];
  const Model<Real> model(config);
  const Recurrent<Real> lstm(model.config, model.views, {isa, 2});
  for (const std::int64_t B : {0, 3}) {
    Case<Real> one = random_case<Real>(config, 0, B);
    if (B) one.h_0[1] = -std::nan("0x12345");  // a NaN stays as it is
    const Result<Real> got = run_engine(lstm, one);
    CHECK_EQ(got.y.size(), std::size_t{0});
    CHECK(B == 0 || std::memcmp(got.h_n.data(), one.h_0.data(), one.h_0.size() * sizeof(Real)) == 0);
    check_same(got.c_n, one.c_0);
    one.h_0 = one.c_0 = {};
    check_same(run_engine(lstm, one).h_n, std::vector<Real>(config.state_rows() * B * config.hidden_size));
  }
  lstm.forward({5, 0}, {});
  lstm.forward({std::int64_t{1} << 53, 0}, {});
  lstm.forward({0, 5}, {});
  Case<Real> one = random_case<Real>(config, 2, 3);
  one.lengths = {0, 0, 0};
  check_same(run_engine(lstm, one), Result<Real>{std::vector<Real>(2 * 3 * 2 * 17), one.h_0, one.c_0, {}});
}

// A file of 100 bytes may claim any number of rows without steps: the call takes no memory for them, whatever the cell.
template <class Real>
void test_rows_without_steps(const std::string& isa) {
  for (const Config& config : cells({2, 6, 2, true, true, true})) {
    const Model<Real> model(config);
    const Recurrent<Real> network(model.config, model.views, {isa, 2});
    std::size_t taken[2];
    for (const int large : {0, 1}) {
      const std::int64_t B = large ? 1000 : 1;
      const Case<Real> one = {0, B, {}, {}, {}, {}};
      lstm_ref::BasicInputs<Real> inputs = one.inputs();
      if (config.is_random()) inputs.seed = 1;
      Result<Real> result = unwritten_result(config, one);
      const std::size_t before = allocations::bytes;
      network.forward(inputs, {nullptr, result.h_n.data(), result.c_n.data()});
      taken[large] = allocations::bytes - before;
      check_same(result.h_n, std::vector<Real>(result.h_n.size()));
      check_same(result.c_n, std::vector<Real>(result.c_n.size()));
    }
    CHECK_EQ(taken[1], taken[0]);
  }
}

// Subnormal weights, inputs, sums and results, computed under a hostile environment of the caller's.
template <class Real>
void test_fp_environment(const std::string& isa) {
  const Config config = {3, 18, 1, true, false, false};
  const Real smallest = std::numeric_limits<Real>::min();  // of the normal ones
  Model<Real> model(config, 1, smallest / 16);
  Case<Real> one = random_case<Real>(config, 3, 4);
  for (Real& value : one.c_0) value *= smallest;
  const Result<Real> wanted = run_reference(model, one);
  CHECK(std::any_of(wanted.c_n.begin(), wanted.c_n.end(), [&](Real c) { return c != 0 && std::fabs(c) < smallest; }));
  for (const int num_threads : {1, 3}) {
#if defined(__x86_64__)
    const unsigned callers = _mm_getcsr();
    const unsigned hostile = (callers & ~0x3fu) | 0x8040u | 0x6000u;  // flush to zero, denormals are zero, towards zero
    _mm_setcsr(hostile);
    const Recurrent<Real> lstm(model.config, model.views, {isa, num_threads});
    const unsigned after_constructor = _mm_getcsr();
    Result<Real> got = unwritten_result(config, one);
    lstm.forward(one.inputs(), {got.y.data(), got.h_n.data(), got.c_n.data()});
    const unsigned after_forward = _mm_getcsr();
    _mm_setcsr(callers);
    CHECK_EQ(after_constructor, hostile);
    CHECK_EQ(after_forward & ~0x3fu, hostile);  // but for what happened
#else
    std::fesetround(FE_TOWARDZERO);
    const Recurrent<Real> lstm(model.config, model.views, {isa, num_threads});
    Result<Real> got = run_engine(lstm, one);
    CHECK_EQ(std::fegetround(), FE_TOWARDZERO);
    std::fesetround(FE_TONEAREST);
#endif
    check_same(got, wanted);
  }
}

// Masks of a seed, and what is normalised, under the same environment.
template <class Real>
void test_fp_environment_of_masks(const std::string& isa) {
#if defined(__x86_64__)
  for (const int which : {6, 8}) {
    const Config config = cells({3, 18, 2, true, false, false})[which];
    const Model<Real> model(config);
    const Recurrent<Real> network(model.config, model.views, {isa, 1});
    Case<Real> one = random_case<Real>(config, 3, 4);
    one.masks = {};
    lstm_ref::BasicInputs<Real> inputs = one.inputs();
    inputs.seed = 17;
    Result<Real> wanted = unwritten_result(config, one), got = wanted;
    network.forward(inputs, {wanted.y.data(), wanted.h_n.data(), wanted.c_n.data()});
    const unsigned callers = _mm_getcsr();
    _mm_setcsr((callers & ~0x3fu) | 0x8040u | 0x6000u);
    network.forward(inputs, {got.y.data(), got.h_n.data(), got.c_n.data()});
    _mm_setcsr(callers);
    check_same(got, wanted);
  }
#else
  static_cast<void>(isa);
#endif
}

template <class Real>
void test_all(const std::string& isa) {
  test_batch<Real>(isa);
  test_split<Real>(isa);
  test_threads<Real>(isa);
  test_alignment_and_bounds<Real>(isa);
  test_unaligned_weights<Real>(isa);
  test_empty<Real>(isa);
  test_rows_without_steps<Real>(isa);
  test_fp_environment<Real>(isa);
  test_fp_environment_of_masks<Real>(isa);
}

}  // namespace

int main() {
  for (const std::string& isa : lstm_ref::available_isas()) test_all<float>(isa), test_all<double>(isa);
  return check::summary();
}
