// However the threads of a call share out its work, the bits are the same.
#include <thread>

#include "dispatch.hpp"
#include "engine_reference.hpp"
#include "schedule.hpp"

using namespace reference;
using lstm_ref::LSTM;
using lstm_ref::Network;
using lstm_ref::Plan;
using lstm_ref::Recurrent;

namespace {

// The rows without a length of their own are not cleared here: that is Recurrent::forward's part.
template <class Real>
Result<Real> run_plan(const Network<Real>& network, const Case<Real>& one, const Plan& plan) {
  Result<Real> result = unwritten_result(network.config, one);
  std::fill(result.y.begin(), result.y.end(), Real(0));
  const lstm_ref::BasicInputs<Real> inputs = one.inputs();
  const lstm_ref::BasicOutputs<Real> outputs = {result.y.data(), result.h_n.data(), result.c_n.data()};
  lstm_ref::Call<Real> call = {network, inputs, outputs, nullptr, {network.config, inputs}, {}};
  const std::int64_t D = network.config.directions();
  if (D == 2) call.layer_buffer = lstm_ref::AlignedBuffer<Real>::uninitialized(one.T * one.B * D * network.config.output_size());
  lstm_ref::Schedule<Real> schedule(call, plan);
  std::vector<std::thread> threads;
  for (int part = 0; part < schedule.threads(); ++part) threads.emplace_back([&schedule, part] { schedule.run(part); });
  for (std::thread& thread : threads) thread.join();
  return result;
}

template <class Real>
void check_plans(const std::string& isa, const Config& config, const std::vector<std::int64_t>& batches) {
  const Model<Real> model(config);
  const Network<Real> network(model.config, model.views, lstm_ref::select_kernels<Real>(isa));
  const lstm_ref::BasicRecurrent<Real> single(model.config, model.views, {isa, 1});
  const std::int64_t most_lanes = config.bidirectional ? 2 : config.num_layers;
  for (const std::int64_t B : batches) {
    std::vector<Plan> plans;
    for (std::int64_t groups = 1; groups <= std::min<std::int64_t>(3, B); ++groups) {
      for (std::int64_t lanes = 1; lanes <= std::min<std::int64_t>(3, most_lanes); ++lanes) {
        for (std::int64_t members = 1; members <= std::min<std::int64_t>(3, network.panels()); ++members)
          plans.push_back({groups, lanes, members});
      }
    }
    Case<Real> one = random_case<Real>(config, B == 1 ? 110 : 17, B);
    for (const bool ragged : {false, true}) {
      for (std::int64_t b = 0; ragged && b < B; ++b) one.lengths.push_back((b * 11 + 15) % (one.T + 1));
      const Result<Real> wanted = run_engine(single, one);
      for (const Plan& plan : sampled(plans)) check_same(run_plan(network, one, plan), wanted);
    }
  }
}

void test_plans(const std::string& isa) {
  const std::vector<Config> plain = {
      {5, 70, 1, true, false, false},   // several panels with every instruction set, the last one not full
      {70, 33, 3, true, true, false},   // layers that overwrite each other's outputs
      {5, 20, 3, true, false, false},   // the same, so small that x is a part of each step
      {3, 130, 2, true, false, false},  // rows so long that y is written after the step
      {6, 40, 2, true, false, true},    // both directions
      {300, 20, 3, false, false, true}  // and an odd number of layers
  };
  for (const Config& config : sampled(plain)) {
    check_plans<float>(isa, config, {1, 3, 20});
    if (config.num_layers < 3) check_plans<double>(isa, config, {3});
  }
  for (const Config& config : sampled(cells({7, 130, 2, true, false, false}))) check_plans<float>(isa, config, {3});
  for (const int more_phases : sampled<int>({1, 4, 6, 8}))
    check_plans<float>(isa, cells({5, 33, 2, true, true, true})[more_phases], {9});
}

Plan planned(const Config& config, std::int64_t T, std::int64_t B, std::int64_t threads, bool with_trace = false) {
  const Model model(config);
  const Network<float> network(config, model.views, lstm_ref::select_kernels<float>("baseline"));
  std::vector<lstm_ref::Trace> trace;
  return lstm_ref::make_plan<float>({network, {T, B}, {}, with_trace ? &trace : nullptr, {}, {}}, threads);
}

void check_plan(const Plan& got, const Plan& wanted) {
  CHECK_EQ(got.groups, wanted.groups);
  CHECK_EQ(got.lanes, wanted.lanes);
  CHECK_EQ(got.members, wanted.members);
}

void test_planning() {
  const Config one = {8, 128, 1, true, false, false}, three = {8, 128, 3, true, false, false},
               both = {8, 128, 2, true, false, true};
  const Config small = {8, 16, 1, true, false, false};
  check_plan(planned(one, 1000, 64, 4), {4, 1, 1});        // rows first: they never wait for each other
  check_plan(planned(one, 1000, 1, 2), {1, 1, 2});         // one row, its units
  check_plan(planned(three, 1000, 1, 2), {1, 2, 1});       // layer behind layer
  check_plan(planned(both, 1000, 1, 4), {1, 2, 2});        // directions side by side, units
  check_plan(planned(both, 1000, 16, 8), {2, 2, 2});       // everything
  check_plan(planned(small, 100000, 1, 8), {1, 1, 1});     // steps too short to wait for each other
  check_plan(planned(one, 1, 1, 8), {1, 1, 1});            // done before another thread wakes up
  check_plan(planned(one, 1000, 64, 4, true), {1, 1, 1});  // a trace is written by one
  check_plan(planned(one, 0, 64, 4), {1, 1, 1});
  check_plan(planned(one, 1000, 0, 4), {1, 1, 1});
}

// Through the public interface, large enough for all threads.
void test_threads_of_forward() {
  const std::vector<Config> more_phases = cells({64, 128, 1});
  for (const Config& config : sampled<Config>({{40, 128, 1, true, false, false},
                                               {9, 64, 4, true, true, false},
                                               {64, 64, 2, true, false, true},
                                               more_phases[1],
                                               more_phases[4],
                                               more_phases[6],
                                               more_phases[7]})) {
    const Model model(config, 1, 0.1f);
    const Recurrent single(config, model.views, {"", 1});
    for (const std::int64_t B : {1, 19}) {
      const Case<> one = random_case(config, 400, B);
      const Result<> wanted = run_engine(single, one);
      for (const int num_threads : sampled<int>({2, 3, 5}))
        check_same(run_engine(Recurrent(config, model.views, {"", num_threads}), one), wanted);
    }
  }
}

// Several callers of one LSTM, whose teams wait for the same few threads.
void test_callers() {
  const Config config = {16, 128, 2, true, false, false};
  const Model model(config, 1, 0.1f);
  const Case<> one = random_case(config, 300, 2);
  const Result<> wanted = run_engine(LSTM(config, model.views, {"", 1}), one);
  const LSTM lstm(config, model.views, {"", 3});
  std::vector<Result<>> results(4);
  std::vector<std::thread> callers;
  for (Result<>& result : results) callers.emplace_back([&] { result = run_engine(lstm, one); });
  for (std::thread& caller : callers) caller.join();
  for (const Result<>& result : results) check_same(result, wanted);
}

}  // namespace

int main() {
  for (const std::string& isa : lstm_ref::available_isas()) test_plans(isa);
  test_planning();
  test_threads_of_forward();
  test_callers();
  return check::summary();
}
