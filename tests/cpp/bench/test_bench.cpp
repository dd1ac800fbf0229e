// The parts that the benchmark programs share.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "compare.hpp"
#include "instruction_sets.hpp"
#include "lstm_ref/isa.hpp"
#include "machine.hpp"
#include "options.hpp"
#include "timing.hpp"

using namespace lstm_ref::bench;

namespace {

std::int64_t difference(const std::vector<float>& got, const std::vector<float>& wanted) {
  return first_difference(got.data(), wanted.data(), static_cast<std::int64_t>(got.size()));
}

void test_comparison() {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  CHECK_EQ(difference({}, {}), -1);
  CHECK_EQ(difference({1, -2, 0, inf, nan}, {1, -2, 0, inf, -nan}), -1);
  CHECK_EQ(difference({1, 2, 3}, {1, 2, std::nextafter(3.0f, 4.0f)}), 2);
  CHECK_EQ(difference({1, -0.0f, 3}, {1, 0.0f, 4}), 1);
  CHECK_EQ(difference({nan}, {inf}), 0);
  CHECK_EQ(difference({1}, {nan}), 0);
}

void test_quartiles() {
  const Quartiles five = quartiles({5, 1, 4, 2, 3});
  CHECK_EQ(five.low, 2.0);
  CHECK_EQ(five.median, 3.0);
  CHECK_EQ(five.high, 4.0);
  const Quartiles two = quartiles({3, 1});
  CHECK_EQ(two.low, 1.5);
  CHECK_EQ(two.median, 2.0);
  CHECK_EQ(two.high, 2.5);
  CHECK_EQ(quartiles({7}).high, 7.0);
  CHECK(std::isnan(quartiles({}).median));
}

void test_samples() {
  volatile std::int64_t calls = 0;  // counted one by one
  const std::vector<double> samples = sample(1e-4, [&] { calls = calls + 1; });
  CHECK(samples.size() >= static_cast<std::size_t>(kLeastSamples));
  CHECK(samples.size() <= static_cast<std::size_t>(kMostSamples));
  CHECK(calls > 100 * static_cast<std::int64_t>(samples.size()));  // many of these calls fill a sample's time
  for (const double seconds : samples) CHECK(seconds > 0 && seconds < kSampleSeconds);

  double last = 0;  // work of a known length: its own sample, and never shorter than that
  const auto wait = [&] {
    const double start = now();
    while (now() - start < 2 * kSampleSeconds) last = now();
  };
  const std::vector<double> long_samples = sample(1e-4, wait);
  CHECK_EQ(long_samples.size(), static_cast<std::size_t>(kLeastSamples));
  for (const double seconds : long_samples) CHECK(seconds >= 2 * kSampleSeconds);
  CHECK(last > 0);
}

void test_options() {
  const char* arguments[] = {"program", "--seconds", "0.5", "--json", "--threads", "3"};
  const auto parse = [](std::vector<const char*> list) {
    list.insert(list.begin(), "program");
    return Options(static_cast<int>(list.size()), const_cast<char**>(list.data()), {"--seconds", "--threads"}, {"--json"});
  };
  const Options options(6, const_cast<char**>(arguments), {"--seconds", "--threads"}, {"--json"});
  CHECK(options.has("--json"));
  CHECK_EQ(options.seconds("--seconds", 1), 0.5);
  CHECK_EQ(options.integer("--threads", 1, 1024, 1), 3);
  CHECK_EQ(parse({}).seconds("--seconds", 0.25), 0.25);
  CHECK_EQ(parse({}).integer("--threads", 1, 1024, 7), 7);
  CHECK_THROWS(parse({"--fast"}), "--fast: unknown option, want one of --seconds, --threads, --json");
  CHECK_THROWS(parse({"--seconds"}), "--seconds: missing, want a value");
  CHECK_THROWS(parse({"--json", "--json"}), "--json: written twice, want once");
  for (const char* seconds : {"", "x", "1x", "0", "-1", "nan", "inf", "1e9"}) {
    CHECK_THROWS(parse({"--seconds", seconds}).seconds("--seconds", 1),
                 "--seconds: \"" + std::string(seconds) + "\", want seconds, above 0 and at most 3600");
  }
  for (const char* threads : {"", "two", "0", "1025", "1.5", "99999999999999999999"}) {
    CHECK_THROWS(parse({"--threads", threads}).integer("--threads", 1, 1024, 1),
                 "--threads: \"" + std::string(threads) + "\", want an integer from 1 to 1024");
  }
}

void test_instruction_sets() {
  const auto names = lstm_ref::available_isas();
  const auto sets = instruction_sets();
  CHECK_EQ(sets.size(), names.size());
  for (std::size_t i = 0; i < sets.size(); ++i) {
    CHECK_EQ(std::string(sets[i]->name), names[i]);
    CHECK_EQ(std::string(sets[i]->unchunked.name), names[i]);
    CHECK(fma_peak(*sets[i], 1e-4) > 0);
    const StepTimes times = step_times(*sets[i], 1e-4);
    CHECK(times.unit > 0 && times.term > 0 && times.latency > times.unit);  // a vector in turn waits for its own operations
    for (const std::int64_t bytes : {1, 512, 5000}) CHECK(read_bandwidth(*sets[i], bytes, 1e-4, 2) > 0);
  }
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  CHECK_THROWS(find_instruction_set("mmx"), "isa: \"mmx\", want one of " + all);
}

}  // namespace

int main() {
  test_comparison();
  test_quartiles();
  test_samples();
  test_options();
  test_instruction_sets();
  return check::summary();
}
