// A stream's steps against a sequence's.
#include <thread>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "allocations.hpp"
#include "engine_reference.hpp"

using namespace reference;
using lstm_ref::Error;
using lstm_ref::LSTM;
using lstm_ref::Recurrent;
using lstm_ref::Stream;

namespace {

template <class Real>
Result<Real> run_stream(const lstm_ref::BasicRecurrent<Real>& lstm, const Case<Real>& one) {
  const Config& config = lstm.config();
  Result<Real> result = unwritten_result(config, one);
  lstm_ref::BasicStream<Real> stream = lstm.stream(one.B);
  CHECK_EQ(stream.batch(), one.B);
  stream.set_state(one.h_0.empty() ? nullptr : one.h_0.data(), one.c_0.empty() ? nullptr : one.c_0.data());
  const long before = allocations::count;
  for (std::int64_t t = 0; t < one.T; ++t) {
    stream.step(one.x.data() + t * one.B * config.input_size, result.y.data() + t * one.B * config.output_size());
  }
  CHECK_EQ(allocations::count, before);
  stream.state(result.h_n.data(), result.c_n.data());
  return result;
}

template <class Real>
void test_steps(const std::string& isa) {
  std::vector<Config> configs;
  for (const Config& sizes : {Config{1, 16, 1, true, false, false},
                              {5, 1, 1, true, false, false},
                              {8, 33, 2, true, false, false},
                              {70, 100, 1, false, false, false},
                              {17, 64, 3, true, false, false},
                              {65, 130, 1, true, false, false}}) {
    for (const Config& config : cells(sizes)) configs.push_back(config);
  }
  for (const Config& config : sampled(configs)) {
    const Model<Real> model(config);
    const lstm_ref::BasicRecurrent<Real> lstm(model.config, model.views, {isa, 1});
    for (const std::int64_t B : sampled<std::int64_t>({1, 2, 3, 4, 5, 6, 7, 8, 9, 20})) {
      Case<Real> one = random_case<Real>(config, 6, B);
      one.masks = {};
      check_same(run_stream(lstm, one), run_engine(lstm, one));
      one.h_0 = one.c_0 = {};
      check_same(run_stream(lstm, one), run_engine(lstm, one));
    }
  }
}

// One step, then the rest from its state by another stream; batch_first says nothing about a step.
void test_state() {
  const Config config = {4, 21, 2, true, true, false};
  const Model model(config);
  const LSTM lstm(config, model.views);
  const Case<> one = random_case(config, 1, 3);
  Result<> first = run_stream(lstm, one);
  check_same(first, run_engine(lstm, one));
  const Case<> next = {1, 3, one.x, first.h_n, first.c_n, {}};
  Stream stream = lstm.stream(3);
  stream.set_state(one.h_0.data(), one.c_0.data());
  Result<> second = unwritten_result(config, one);
  stream.step(one.x.data(), second.y.data());
  stream.step(one.x.data(), second.y.data());
  stream.state(second.h_n.data(), second.c_n.data());
  check_same(second, run_engine(lstm, next));

  stream.set_state(nullptr, nullptr);
  Stream fresh = std::move(stream);
  fresh.step(one.x.data(), second.y.data());
  fresh.state(second.h_n.data(), second.c_n.data());
  check_same(second, run_engine(lstm, Case<>{1, 3, one.x, {}, {}, {}}));
}

// Streams outlive their LSTM, and do not disturb each other, on one thread or on several.
void test_independence() {
  const Config config = {7, 40, 1, true, false, false};
  const Model model(config);
  std::vector<Case<>> cases;
  std::vector<Result<>> wanted;
  std::vector<Stream> streams;
  {
    const LSTM lstm(config, model.views);
    for (std::uint64_t n = 0; n < 4; ++n) {
      cases.push_back(random_case(config, 50, 1 + n, n));
      wanted.push_back(run_engine(lstm, cases.back()));
      streams.push_back(lstm.stream(1 + n));
      streams.back().set_state(cases.back().h_0.data(), cases.back().c_0.data());
    }
  }
  std::vector<Result<>> got = wanted;
  const auto step = [&](std::size_t n, std::int64_t t) {
    streams[n].step(cases[n].x.data() + t * cases[n].B * 7, got[n].y.data() + t * cases[n].B * 40);
  };
  for (std::int64_t t = 0; t < 25; ++t) {
    for (std::size_t n = 0; n < 4; ++n) step(n, t);
  }
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < 4; ++n) {
    threads.emplace_back([&, n] {
      for (std::int64_t t = 25; t < 50; ++t) step(n, t);
      streams[n].state(got[n].h_n.data(), got[n].c_n.data());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t n = 0; n < 4; ++n) check_same(got[n], wanted[n]);
}

void test_fp_environment() {
#if defined(__x86_64__)
  const Config config = {3, 18, 1, true, false, false};
  const Model model(config, 1, 0x1p-130f);
  const LSTM lstm(config, model.views);
  Case<> one = random_case(config, 3, 2);
  for (float& value : one.c_0) value *= 0x1p-126f;
  const Result<> wanted = run_reference(model, one);
  const unsigned callers = _mm_getcsr(), hostile = (callers & ~0x3fu) | 0x8040u | 0x6000u;
  _mm_setcsr(hostile);
  const Result<> got = run_stream(lstm, one);
  const unsigned after = _mm_getcsr();
  _mm_setcsr(callers);
  CHECK_EQ(after, hostile);
  check_same(got, wanted);
#endif
}

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::bad_alloc&) {
    return "bad_alloc";
  }
  return "no error";
}

void test_errors() {
  const Config config = {2, 3, 1, true, false, false}, both = {2, 3, 1, true, false, true};
  const Model model(config), bidirectional(both);
  const LSTM lstm(config, model.views);
  CHECK_EQ(error_of([&] { LSTM(both, bidirectional.views).stream(); }),
           std::string("bidirectional: true, want false: a stream has no reverse direction"));
  CHECK_EQ(error_of([&] { lstm.stream(0); }), std::string("batch: 0, want an integer of at least 1"));
  CHECK_EQ(error_of([&] { lstm.stream(-5); }), std::string("batch: -5, want an integer of at least 1"));
  CHECK(error_of([&] { lstm.stream(std::int64_t{1} << 60); }) != "no error");
  Stream stream = lstm.stream(2);
  const std::vector<float> state(6);
  CHECK_EQ(error_of([&] { stream.set_state(state.data(), nullptr); }), std::string("c_0: missing, want (L*D, B, H) = (1, 2, 3)"));
  CHECK_EQ(error_of([&] { stream.set_state(nullptr, state.data()); }), std::string("h_0: missing, want (L*D, B, H) = (1, 2, 3)"));

  const Config projected = cells(config)[1], gru = cells(config)[3];
  const Model small(projected), without_c(gru);
  CHECK_EQ(error_of([&] { Recurrent(projected, small.views).stream(2).set_state(nullptr, state.data()); }),
           std::string("h_0: missing, want (L*D, B, R) = (1, 2, 1)"));
  CHECK_EQ(error_of([&] { Recurrent(gru, without_c.views).stream(2).set_state(state.data(), state.data()); }),
           std::string("c_0: unexpected tensor, want only x, h_0, lengths"));
}

}  // namespace

int main() {
  for (const std::string& isa : lstm_ref::available_isas()) test_steps<float>(isa), test_steps<double>(isa);
  test_state();
  test_independence();
  test_fp_environment();
  test_errors();
  return check::summary();
}
