// Measured times: samples, and what is said about them.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace lstm_ref::bench {

// The quartiles of some samples; not a number when there are none.
struct Quartiles {
  double low, median, high;
};
Quartiles quartiles(std::vector<double> samples);

inline double now() {  // seconds
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// How long one sample lasts at least: so long that reading the clock, some 20 to 50 ns, is nothing.
constexpr double kSampleSeconds = 50e-6;
constexpr int kLeastSamples = 5, kMostSamples = 1000;

// Calls work() for about `seconds`, and a fifth of that beforehand to warm up. A sample is the seconds of one call, measured
// over as many calls as fill a sample's time: one, when a call takes that long by itself.
template <class Work>
std::vector<double> sample(double seconds, const Work& work) {
  const auto time_calls = [&](std::int64_t calls) {
    const double start = now();
    for (std::int64_t i = 0; i < calls; ++i) work();
    return now() - start;
  };
  const double enough = seconds / kMostSamples > kSampleSeconds ? seconds / kMostSamples : kSampleSeconds;
  std::int64_t calls = 1;
  const double begin = now();
  for (double took = time_calls(calls); took < enough || now() - begin < seconds / 5; took = time_calls(calls)) {
    if (took < enough) calls = took < enough / 16 ? 8 * calls : static_cast<std::int64_t>(1.2 * calls * enough / took) + 1;
  }
  std::vector<double> samples;
  const double end = now() + seconds;
  while (samples.size() < kLeastSamples || (now() < end && samples.size() < kMostSamples)) {
    samples.push_back(time_calls(calls) / static_cast<double>(calls));
  }
  return samples;
}

}  // namespace lstm_ref::bench
