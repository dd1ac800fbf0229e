// lstm-ref-bench-variants: a step of each variant and number type beside the plain LSTM, one thread, as JSON.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "lstm_ref/lstm.hpp"
#include "options.hpp"
#include "timing.hpp"

namespace {

using namespace lstm_ref;
using bench::quartiles;

constexpr const char* kHelp =
    "usage: lstm-ref-bench-variants [--isa ISA] [--rounds N] [--seconds S] [--up-to H]\n\n"
    "Prints [{\"hidden_size\": H, \"batch\": B, \"variants\": [{\"name\": NAME, \"seconds\": x, \"ratio\": x, \"products\": x,\n"
    "\"pointwise\": x}, ...]}, ...]: seconds of a step; the ratio to the plain LSTM's, which comes first, as the median\n"
    "over the rounds, in each of which every network takes its turn; the ratio of the multiply-adds of the matrices; and\n"
    "what the variant takes beyond the plain LSTM where matrices have one column only, as a part of the plain LSTM's step.\n"
    "--isa ISA     an instruction set (the fastest)\n"
    "--rounds N    so many rounds (11)\n"
    "--seconds S   time of a network in a round (0.02)\n"
    "--up-to H     only sizes up to that one\n";

struct Variant {
  const char* name;
  std::function<void(Config&)> choose;
};

const std::vector<Variant> kVariants = {
    {"plain LSTM", [](Config&) {}},
    {"projection to H/2", [](Config& c) { c.proj_size = c.hidden_size / 2; }},
    {"peepholes", [](Config& c) { c.peephole = true; }},
    {"coupled gates", [](Config& c) { c.input_forget = true; }},
    {"clip", [](Config& c) { c.clip = 1; }},
    {"hard_sigmoid, softsign",
     [](Config& c) {
       c.gate_activation = {Function::kHardSigmoid, 0.2f, 0.5f};
       c.candidate_activation = {Function::kSoftsign};
     }},
    {"GRU", [](Config& c) { c.op = Op::kGru; }},
    {"GRU, reset before", [](Config& c) { c.op = Op::kGru, c.reset_after = false; }},
    {"plain RNN", [](Config& c) { c.op = Op::kRnn; }},
    {"layer norm, joint", [](Config& c) { c.layer_norm = LayerNorm::kJoint; }},
    {"layer norm, gate", [](Config& c) { c.layer_norm = LayerNorm::kGate; }},
    {"layer norm, separate", [](Config& c) { c.layer_norm = LayerNorm::kSeparate; }},
    {"norm of c, given out", [](Config& c) { c.cell_norm = CellNorm::kOutput; }},
    {"norm of h", [](Config& c) { c.hidden_norm = true; }},
    {"zoneout, evaluation", [](Config& c) { c.zoneout_h = c.zoneout_c = 0.1f; }},
    {"float64", [](Config& c) { c.dtype = Dtype::kFloat64; }},
    {"bfloat16 weights", [](Config& c) { c.dtype = Dtype::kBfloat16; }},
};

struct Size {
  std::int64_t hidden_size, batch;
};
constexpr Size kSizes[] = {{16, 1}, {64, 1}, {256, 1}, {1024, 1}, {64, 32}, {256, 32}};
constexpr std::int64_t kSteps = 100, kManySteps = 25;  // of a sequence; the latter where a step takes long

std::int64_t steps_of(const Size& size) { return size.hidden_size * size.batch > 1000 ? kManySteps : kSteps; }

// Kernels whose products have one term each: the rest of a step is as it is.
template <class Real>
struct OneTerm {
  static inline const Kernels<Real>* whole = nullptr;

  static CellStep<Real> shortened(CellStep<Real> step) {
    for (Product<Real>& product : step.products) product.K = std::min<std::int64_t>(product.K, 1);
    return step;
  }
  static void affine(Real* z, std::int64_t z_rows, const Start<Real>& start, const Product<Real>& product, std::int64_t rows,
                     PanelRange panels) {
    Product<Real> short_one = product;
    short_one.K = 1;
    whole->affine(z, z_rows, start, short_one, rows, panels);
  }
  static void cell(const CellStep<Real>& step) { whole->cell(shortened(step)); }
  static void phase(const CellStep<Real>& step) { whole->phase(shortened(step)); }
  static void sums(const CellStep<Real>& step) { whole->sums(shortened(step)); }

  static Kernels<Real> of(const Kernels<Real>& kernels) {
    whole = &kernels;
    Kernels<Real> some = kernels;
    some.affine = affine, some.cell = cell, some.phase = phase, some.sums = sums;
    return some;
  }
};

// All tensors of a configuration: numbers of 7 bits, so that they are bfloat16 values, too.
template <class Real>
struct Tensors {
  explicit Tensors(const Config& config) {
    const int exponent = static_cast<int>(std::ceil(std::log2(static_cast<double>(config.hidden_size)) / 2));
    const Real unit = static_cast<Real>(std::ldexp(1, -6 - exponent));
    std::uint64_t state = 1;  // of a linear congruential generator
    for (std::int64_t i = 0; i < tensor_count(config); ++i) {
      const TensorSpec spec = tensor_spec(config, i);
      std::int64_t size = 1;
      for (const std::int64_t n : spec.shape) size *= n;
      if (spec.shape.size() == 2) products += size;
      std::vector<Real>& values = data.emplace_back(size);
      for (Real& value : values) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        value = static_cast<Real>(static_cast<int>(state >> 57) - 64) * unit;
      }
      views.push_back({spec.name, sizeof(Real) == 8 ? Dtype::kFloat64 : Dtype::kFloat32, spec.shape, values.data()});
    }
  }

  std::vector<std::vector<Real>> data;
  std::vector<TensorView> views;
  std::int64_t products = 0;  // multiply-adds of a step of one row
};

// Seconds of a step.
template <class Real>
double time_step(const BasicRecurrent<Real>& network, const Size& size, double seconds) {
  const std::int64_t T = steps_of(size), B = size.batch;
  std::vector<Real> x(T * B * network.config().input_size), y(T * B * network.config().output_size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<Real>(static_cast<int>(i * 37 % 64) - 32) / 32;
  const auto samples = bench::sample(seconds, [&] { network.forward({T, B, x.data()}, {y.data()}); });
  return quartiles(samples).median / static_cast<double>(T);
}

struct Times {
  double whole, one_term;  // seconds of a step
  double products;
};

// Each time with memory of its own: where that lies makes a difference to a cache.
template <class Real>
Times time_variant(const Config& config, const Size& size, const std::string& isa, double seconds) {
  const Tensors<Real> tensors(config);
  const Kernels<Real>& fastest = select_kernels<Real>(isa);
  const Kernels<Real>& kernels = config.dtype == Dtype::kBfloat16 ? for_bfloat16(fastest, config) : fastest;
  const Kernels<Real> one_term = OneTerm<Real>::of(kernels);
  return {time_step(BasicRecurrent<Real>(config, tensors.views, kernels, 1), size, seconds),
          time_step(BasicRecurrent<Real>(config, tensors.views, one_term, 1), size, seconds / 4),
          static_cast<double>(tensors.products)};
}

void measure(const Size& size, const std::string& isa, std::int64_t rounds, double seconds) {
  const std::size_t count = kVariants.size();
  std::vector<std::vector<Times>> times(count);  // round by round
  for (std::size_t round = 0; round < static_cast<std::size_t>(rounds); ++round) {
    for (std::size_t turn = 0; turn < count; ++turn) {
      const std::size_t k = (round + turn) % count;
      Config config;
      config.input_size = config.hidden_size = size.hidden_size;
      kVariants[k].choose(config);
      times[k].push_back(with_real(config, [&](auto real) { return time_variant<decltype(real)>(config, size, isa, seconds); }));
    }
  }
  const auto median = [&](std::size_t k, const auto& value) {  // value(times, the plain LSTM's in the same round)
    std::vector<double> values;
    for (std::size_t round = 0; round < times[k].size(); ++round) values.push_back(value(times[k][round], times[0][round]));
    return quartiles(values).median;
  };
  std::printf("{\"hidden_size\": %lld, \"batch\": %lld, \"variants\": [", static_cast<long long>(size.hidden_size),
              static_cast<long long>(size.batch));
  for (std::size_t k = 0; k < count; ++k) {
    std::printf("%s{\"name\": \"%s\", \"seconds\": %.4g, \"ratio\": %.4f, \"products\": %.4f, \"pointwise\": %.4f}",
                k ? ", " : "", kVariants[k].name, median(k, [](const Times& own, const Times&) { return own.whole; }),
                median(k, [](const Times& own, const Times& plain) { return own.whole / plain.whole; }),
                times[k][0].products / times[0][0].products,
                median(k, [](const Times& own, const Times& plain) { return (own.one_term - plain.one_term) / plain.whole; }));
  }
  std::printf("]}");
}

int program(int argc, char** argv) {
  const bench::Options options(argc, argv, {"--isa", "--rounds", "--seconds", "--up-to"}, {"--help"});
  if (options.has("--help")) {
    std::cout << kHelp;
    return 0;
  }
  const std::int64_t rounds = options.integer("--rounds", 1, 1000, 11), most = options.integer("--up-to", 1, 1 << 20, 1 << 20);
  const double seconds = options.seconds("--seconds", 0.02);
  const char* separator = "";
  std::printf("[");
  for (const Size& size : kSizes) {
    if (size.hidden_size > most) continue;
    std::printf("%s", separator);
    measure(size, options.text("--isa"), rounds, seconds);
    separator = ",\n ";
  }
  std::printf("]\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return lstm_ref::bench::run_program("lstm-ref-bench-variants", argc, argv, program); }
