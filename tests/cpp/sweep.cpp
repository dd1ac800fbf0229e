// sigmoid and tanh (spec N5, N6) over all 2^32 inputs, on every instruction set of this machine, against an oracle of higher
// precision. usage: lstm_ref_sweep [--isa NAME,NAME,...] [--sample N] [--threads N] [--json FILE]
//
// The first instruction set (the fastest, if none is named) is held against the oracle, the others against the first.
// The oracle is the C library's double precision. Where its error could change the float32 it rounds to, long double decides,
// then the series near 0; what even that leaves open is counted as undecided.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "dispatch.hpp"
#include "fills.hpp"
#include "lstm_ref/error.hpp"
#include "lstm_ref/isa.hpp"

namespace {

using fills::from_bits;

std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return x == x ? bits : 0x7fc00000;  // a NaN equals a NaN (N7)
}

// ---- The inputs, in ascending order: -inf ... -0, +0 ... +inf, then the NaNs ----

constexpr std::uint64_t kInputs = std::uint64_t{1} << 32;
constexpr std::uint32_t kInfinity = 0x7f800000, kSign = 0x80000000;

float input(std::uint64_t index) {
  constexpr std::uint64_t numbers = kInfinity + std::uint64_t{1}, nans = kSign - numbers;  // of each sign
  if (index < numbers) return from_bits(static_cast<std::uint32_t>(kSign + kInfinity - index));
  if (index < 2 * numbers) return from_bits(static_cast<std::uint32_t>(index - numbers));
  const auto nan = static_cast<std::uint32_t>(index - 2 * numbers);
  return from_bits(nan < nans ? kInfinity + 1 + nan : kSign + kInfinity + 1 + static_cast<std::uint32_t>(nan - nans));
}

constexpr std::size_t kBlock = 5 * 832;     // inputs computed at a time,
constexpr std::uint64_t kNew = kBlock - 1;  // of which the first repeats the last of the block before, to see every step
constexpr std::uint64_t kBlocks = (kInputs + kNew - 1) / kNew;

// ---- What is swept: the pointwise step of an instruction set, with x as the pre-activation of every gate ----

class Activations {
 public:
  explicit Activations(const lstm_ref::Kernels<float>& kernels)
      : sigmoid(kBlock), tanh(kBlock), kernels_(kernels), z_(4 * kBlock), c_(kBlock), h_(kBlock) {}

  void compute(const std::vector<float>& x) {
    const auto lanes = static_cast<std::size_t>(kernels_.lanes);
    for (std::size_t k = 0; k < kBlock; ++k) {
      for (std::size_t gate = 0; gate < 4; ++gate) z_[position(k, gate, lanes)] = x[k];
    }
    const auto panels = static_cast<std::int64_t>(kRowSize / lanes);
    std::array<float*, kRows> h_rows;
    for (std::size_t r = 0; r < kRows; ++r) h_rows[r] = h_.data() + r * kRowSize;
    kernels_.step(z_.data(), kRows, c_.data(), kRows, h_rows.data(), kRows, {0, panels});
    for (std::size_t k = 0; k < kBlock; ++k) {
      sigmoid[k] = z_[position(k, 0, lanes)];
      tanh[k] = z_[position(k, 2, lanes)];
    }
  }

  std::vector<float> sigmoid, tanh;

 private:
  static std::size_t position(std::size_t k, std::size_t gate, std::size_t lanes) {
    return (k / lanes * 4 + gate) * lanes + k % lanes;
  }

  // So many that some go through the kernel side by side, and one alone.
  static constexpr std::size_t kRows = 5, kRowSize = kBlock / kRows;
  static_assert(kBlock % (kRows * 64) == 0);

  const lstm_ref::Kernels<float>& kernels_;
  std::vector<float> z_, c_, h_;  // (P, rows, 4, V), (P, rows, V), (rows, P*V)
};

// ---- The oracle ----

struct Sigmoid {
  static constexpr const char* name = "sigmoid";
  static constexpr float lowest = 0, highest = 1;
  template <class Real>
  static Real exact(Real x) {
    const Real e = std::exp(-std::fabs(x));
    return (x < 0 ? e : Real(1)) / (1 + e);
  }
  // Near 0 it is 1/2 + x/4 - x^3/48 + ...: the first two terms may lie exactly halfway, and then the sign of the third decides.
  static bool round_halfway(float x, float& rounded) {
    rounded = static_cast<float>(std::nextafter(0.5 + x / 4.0, x > 0 ? 0.0 : 1.0));
    return std::fabs(x) < 0x1p-10f;
  }
};

struct Tanh {
  static constexpr const char* name = "tanh";
  static constexpr float lowest = -1, highest = 1;
  template <class Real>
  static Real exact(Real x) {
    return std::tanh(x);
  }
  static bool round_halfway(float, float&) { return false; }
};

// The float32 nearest to v, if no other one is nearest to a number within v's error.
template <class Real>
bool round_surely(Real v, float& rounded) {
  const Real error = 16 * std::numeric_limits<Real>::epsilon();
  rounded = static_cast<float>(v * (1 - error));
  return rounded == static_cast<float>(v * (1 + error));
}

// The distance of neighbouring float32 numbers around v.
double ulp(double v) { return std::ldexp(1.0, std::max(v == 0 ? -1000 : std::ilogb(v), -126) - 23); }

struct Statistics {
  std::uint64_t inputs = 0, misrounded = 0, undecided = 0, not_monotone = 0, bad_nan = 0, not_odd = 0;
  double max_ulp = 0;
  std::uint32_t max_ulp_input = 0;
  float smallest = std::numeric_limits<float>::infinity(), largest = -smallest;

  void add(const Statistics& other) {
    inputs += other.inputs, misrounded += other.misrounded, undecided += other.undecided;
    not_monotone += other.not_monotone, bad_nan += other.bad_nan, not_odd += other.not_odd;
    if (other.max_ulp > max_ulp || (other.max_ulp == max_ulp && other.max_ulp_input < max_ulp_input)) {
      max_ulp = other.max_ulp, max_ulp_input = other.max_ulp_input;
    }
    smallest = std::min(smallest, other.smallest), largest = std::max(largest, other.largest);
  }

  template <class Function>
  void judge(float x, float y, float previous_x, float previous_y) {
    ++inputs;
    if (x != x) {
      bad_nan += y == y;
      return;
    }
    smallest = std::min(smallest, y), largest = std::max(largest, y);
    not_monotone += !(y >= previous_y) && previous_x == previous_x;
    const double exact = Function::template exact<double>(x);
    float rounded;
    undecided += !round_surely(exact, rounded) && !round_surely(Function::template exact<long double>(x), rounded) &&
                 !Function::round_halfway(x, rounded);
    misrounded += bits_of(y) != bits_of(rounded);
    const double distance = std::fabs(y - exact) / ulp(exact);
    if (!(distance <= max_ulp)) max_ulp = distance, max_ulp_input = bits_of(x);
  }
};

// Of one instruction set: a sum over all inputs, which does not depend on their order, and how many results differ from the first
// one's.
struct Agreement {
  std::uint64_t digest = 0, differences = 0;
};

struct Report {
  Statistics sigmoid, tanh;
  std::vector<Agreement> agreements;

  void add(const Report& other) {
    sigmoid.add(other.sigmoid), tanh.add(other.tanh);
    for (std::size_t i = 0; i < agreements.size(); ++i) {
      agreements[i].digest += other.agreements[i].digest, agreements[i].differences += other.agreements[i].differences;
    }
  }
};

class Sweeper {
 public:
  explicit Sweeper(const std::vector<std::string>& isas) : x_(kBlock), minus_x_(kBlock) {
    for (const std::string& isa : isas) activations_.emplace_back(lstm_ref::select_kernels<float>(isa));
    report.agreements.resize(isas.size());
  }

  void sweep(std::uint64_t block) {
    const std::uint64_t first = block * kNew, count = std::min(kNew, kInputs - first);
    for (std::uint64_t k = 0; k < kBlock; ++k) {
      x_[k] = input(std::min(first + k - (first + k > 0), kInputs - 1));
      minus_x_[k] = from_bits(raw_bits(x_[k]) ^ kSign);
    }
    Activations& own = activations_.front();
    own.compute(minus_x_);
    const std::vector<float> mirrored = own.tanh;
    for (Activations& activations : activations_) activations.compute(x_);

    for (std::uint64_t k = 1; k <= count; ++k) {
      report.sigmoid.judge<Sigmoid>(x_[k], own.sigmoid[k], x_[k - 1], own.sigmoid[k - 1]);
      report.tanh.judge<Tanh>(x_[k], own.tanh[k], x_[k - 1], own.tanh[k - 1]);
      report.tanh.not_odd += bits_of(-mirrored[k]) != bits_of(own.tanh[k]);
      for (std::size_t i = 0; i < activations_.size(); ++i) {
        const std::uint32_t sigmoid = bits_of(activations_[i].sigmoid[k]), tanh = bits_of(activations_[i].tanh[k]);
        Agreement& agreement = report.agreements[i];
        agreement.digest += fills::mix((std::uint64_t{sigmoid} << 32 | tanh) + fills::mix(raw_bits(x_[k])));
        agreement.differences += sigmoid != bits_of(own.sigmoid[k]) || tanh != bits_of(own.tanh[k]);
      }
    }
  }

  Report report;

 private:
  static std::uint32_t raw_bits(float x) {
    std::uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
  }

  std::vector<Activations> activations_;
  std::vector<float> x_, minus_x_;
};

Report sweep_all(const std::vector<std::string>& isas, std::uint64_t inputs, unsigned threads) {
  const std::uint64_t blocks = std::min(kBlocks, (inputs + kNew - 1) / kNew);  // evenly spread over all when a sample
  std::vector<Sweeper> sweepers(threads, Sweeper(isas));
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> workers;
  for (Sweeper& sweeper : sweepers) {
    workers.emplace_back([&] {
      for (std::uint64_t n; (n = next++) < blocks;) sweeper.sweep(n * kBlocks / blocks);
    });
  }
  for (std::uint64_t done; (done = std::min(next.load(), blocks)) < blocks;
       std::this_thread::sleep_for(std::chrono::milliseconds(200))) {
    const int width = static_cast<int>(40 * done / blocks);
    std::fprintf(stderr, "\r[%-40s] %5.1f %%", std::string(width, '#').c_str(),
                 100.0 * static_cast<double>(done) / static_cast<double>(blocks));
  }
  for (std::thread& worker : workers) worker.join();
  std::fprintf(stderr, "\r%52s\r", "");
  Report report = sweepers.front().report;
  for (std::size_t i = 1; i < sweepers.size(); ++i) report.add(sweepers[i].report);
  return report;
}

// ---- Results ----

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}
std::string hex(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

template <class Function>
bool good(const Statistics& s) {
  return s.inputs > 0 && s.max_ulp <= 2 && s.smallest >= Function::lowest && s.largest <= Function::highest && s.undecided == 0 &&
         s.bad_nan == 0 && s.not_odd == 0;
}

void print_row(const char* name, const Statistics& s) {
  std::cout << "| " << name << " | " << s.inputs << " | " << format("%.4f", s.max_ulp) << " at " << hex(s.max_ulp_input, 8)
            << " | " << s.misrounded << " ("
            << format("%.4f", 100.0 * static_cast<double>(s.misrounded) / static_cast<double>(s.inputs)) << " %) | "
            << (s.not_monotone ? "no, " + std::to_string(s.not_monotone) + " steps back" : "yes") << " | "
            << format("%.9g", s.smallest) << " ... " << format("%.9g", s.largest) << " | " << (s.bad_nan ? "no" : "yes")
            << " |\n";
}

std::string json_object(const Statistics& s) {
  return "{\"inputs\": " + std::to_string(s.inputs) + ", \"max_ulp\": " + format("%.6f", s.max_ulp) + ", \"max_ulp_input\": \"" +
         hex(s.max_ulp_input, 8) + "\", \"misrounded\": " + std::to_string(s.misrounded) +
         ", \"undecided\": " + std::to_string(s.undecided) + ", \"not_monotone\": " + std::to_string(s.not_monotone) +
         ", \"smallest\": " + format("%.9g", s.smallest) + ", \"largest\": " + format("%.9g", s.largest) +
         ", \"bad_nan\": " + std::to_string(s.bad_nan) + ", \"not_odd\": " + std::to_string(s.not_odd) + "}";
}

struct Arguments {
  std::vector<std::string> isas = lstm_ref::available_isas();
  std::string json;
  std::uint64_t inputs = kInputs;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
};

Arguments parse_arguments(int argc, char** argv) {
  Arguments arguments;
  std::reverse(arguments.isas.begin(), arguments.isas.end());
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    const auto number = [&](std::uint64_t most) {
      char* end;
      const std::uint64_t n = std::strtoull(value.c_str(), &end, 10);
      if (value.empty() || *end || n < 1 || n > most)
        throw lstm_ref::Error(option, value, "an integer from 1 to " + std::to_string(most));
      return n;
    };
    if (option == "--isa") {
      arguments.isas.clear();
      std::istringstream names(value);
      for (std::string name; std::getline(names, name, ',');)
        arguments.isas.push_back(lstm_ref::select_kernels<float>(name).name);
    } else if (option == "--json")
      arguments.json = value;
    else if (option == "--sample")
      arguments.inputs = number(kInputs);
    else if (option == "--threads")
      arguments.threads = static_cast<unsigned>(number(1024));
    else
      throw lstm_ref::Error("option", option, "one of --isa, --sample, --threads, --json");
  }
  if (arguments.isas.empty()) throw lstm_ref::Error("--isa", "no name", "one or more instruction sets");
  return arguments;
}

int run(const Arguments& arguments) {
  const std::vector<std::string>& isas = arguments.isas;
  const Report report = sweep_all(isas, arguments.inputs, arguments.threads);

  bool ok = good<Sigmoid>(report.sigmoid) && good<Tanh>(report.tanh);
  std::cout << "| function | inputs | max ulp, at input | misrounded | monotone | values | NaN to NaN "
               "|\n|---|---|---|---|---|---|---|\n";
  print_row(Sigmoid::name, report.sigmoid);
  print_row(Tanh::name, report.tanh);
  std::cout << "\ntanh(-x) = -tanh(x): " << (report.tanh.not_odd ? "no" : "for every input")
            << "; undecided by the oracle: " << report.sigmoid.undecided + report.tanh.undecided
            << "\n\n| instruction set | inputs where it differs from " << isas.front() << " | digest |\n|---|---|---|\n";
  std::string instruction_sets;
  for (std::size_t i = 0; i < isas.size(); ++i) {
    const Agreement& agreement = report.agreements[i];
    ok = ok && agreement.differences == 0;
    std::cout << "| " << isas[i] << " | " << agreement.differences << " | " << hex(agreement.digest, 16) << " |\n";
    instruction_sets += (i ? ", \"" : "\"") + isas[i] + "\": {\"differences\": " + std::to_string(agreement.differences) +
                        ", \"digest\": \"" + hex(agreement.digest, 16) + "\"}";
  }
  std::cout << (ok ? "\nok\n" : "\nFAILED\n");
  if (!arguments.json.empty()) {
    std::ofstream file(arguments.json);
    file << "{\"ok\": " << (ok ? "true" : "false") << ", \"sigmoid\": " << json_object(report.sigmoid)
         << ", \"tanh\": " << json_object(report.tanh) << ", \"instruction_sets\": {" << instruction_sets << "}}\n";
    if (!file.flush()) throw lstm_ref::Error("--json", arguments.json, "a writable file");
  }
  return ok ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse_arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
