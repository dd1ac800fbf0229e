#include "machine.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "aligned_buffer.hpp"
#include "thread_pool.hpp"
#include "timing.hpp"

namespace lstm_ref::bench {
namespace {

// The sum of what `measure` returns on each of some threads, all at the same time.
double on_threads(int num_threads, const std::function<double(int)>& measure) {
  std::vector<double> results(num_threads);
  ThreadPool(num_threads).run(num_threads, [&](int thread) { results[thread] = measure(thread); });
  return std::accumulate(results.begin(), results.end(), 0.0);
}

// One for each thread, of memory like that of the weights.
std::vector<AlignedBuffer<float>> buffers(int num_threads, std::int64_t size) {
  std::vector<AlignedBuffer<float>> all;
  for (int i = 0; i < num_threads; ++i) all.push_back(AlignedBuffer<float>::zeros_to_keep(size));
  return all;
}

}  // namespace

double fma_peak(const InstructionSet& isa, double seconds, int num_threads) {
  constexpr std::int64_t kCount = 2000;
  const auto results = buffers(num_threads, isa.lanes);
  double best = 0;
  for (const FmaLoop& loop : isa.fma_loops) {
    const double flops = 2.0 * isa.lanes * loop.sums * kCount;
    best = std::max(best, on_threads(num_threads, [&](int thread) {
                      const auto samples = sample(seconds / kFmaLoops, [&] { loop.run(kCount, results[thread].data()); });
                      return 1e-9 * flops / quartiles(samples).median;
                    }));
  }
  return best;
}

double read_bandwidth(const InstructionSet& isa, std::int64_t bytes, double seconds, int num_threads) {
  const std::int64_t floats = bytes / static_cast<std::int64_t>(sizeof(float)) / num_threads;
  const std::int64_t count = std::max(floats / kReadGranularity, std::int64_t{1}) * kReadGranularity;  // of one thread
  const auto data = buffers(num_threads, count), results = buffers(num_threads, isa.lanes);
  double best = 0;
  for (const ReadLoop& loop : isa.read_loops) {
    best = std::max(best, on_threads(num_threads, [&](int thread) {
                      const auto samples = sample(seconds / kReadLoops, [&] {
                        loop.forth(data[thread].data(), count, results[thread].data());
                        loop.back(data[thread].data(), count, results[thread].data());
                      });
                      return 1e-9 * 2 * static_cast<double>(count * sizeof(float)) / quartiles(samples).median;
                    }));
  }
  return best;
}

StepTimes step_times(const InstructionSet& isa, double seconds) {
  constexpr std::int64_t kCount = 4096, kChain = 256, kApart = 512;  // floats between x and y: not the same place in two pages
  const AlignedBuffer<float> values = AlignedBuffer<float>::zeros(2 * kCount + kApart);
  const FmaLoop& one_sum = isa.fma_loops[0];
  const auto ns = [&](std::int64_t count, const auto& work) {
    return 1e9 * quartiles(sample(seconds / 5, work)).median / static_cast<double>(count);
  };
  const auto element = [&](const Activation& f) {
    return ns(kCount, [&] { f.array(values.data(), values.data() + kCount + kApart, kCount); });
  };
  const auto in_turn = [&](const Activation& f) { return ns(kChain, [&] { f.chain(kChain, values.data()); }); };
  return {3 * element(isa.sigmoid) + 2 * element(isa.tanh), in_turn(isa.sigmoid) + in_turn(isa.tanh),
          ns(kCount, [&] { one_sum.run(kCount, values.data()); })};
}

}  // namespace lstm_ref::bench
