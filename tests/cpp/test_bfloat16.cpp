// Weights packed as bfloat16 give the bits of the same weights in float32; rounding to bfloat16.
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "dispatch.hpp"
#include "engine_reference.hpp"
#include "lstm_ref/bfloat16.hpp"

using namespace reference;
using lstm_ref::Recurrent;

namespace {

// K and H odd and even, below and above a chunk, one panel and many.
const Config kSizes[] = {{1, 1, 1, true, false, false},
                         {5, 18, 2, false, false, true},
                         {65, 33, 1, true, false, false},
                         {64, 130, 1, true, true, false}};

// As random weights, but for what must come through unharmed: signed zeros, subnormals, infinities and NaNs of any payload.
void make_bfloat16(Model<>* model, bool with_specials) {
  const std::uint32_t specials[] = {0x80000000, 0x00010000, 0x807f0000, 0x00000000,
                                    0x7f7f0000, 0x7f800000, 0x7f800001, 0xffff0000};
  for (std::size_t i = 0; i < model->data.size(); ++i) {
    if (model->views[i].shape.size() < 2) continue;
    std::vector<float>& matrix = model->data[i];
    for (std::size_t k = 0; k < matrix.size(); ++k) matrix[k] = lstm_ref::round_to_bfloat16(matrix[k]);
    for (std::size_t k = i; with_specials && k < matrix.size(); k += 29)
      matrix[k] = from_bits(specials[k / 29 % (k % 2 ? 5 : 8)]);
  }
}

void check_streams(const Recurrent& got, const Recurrent& wanted) {
  const std::int64_t B = 3, I = got.config().input_size, R = got.config().output_size();
  lstm_ref::Stream streams[] = {got.stream(B), wanted.stream(B)};
  for (std::uint64_t t = 0; t < 4; ++t) {
    const std::vector<float> x = random_numbers<float>(t, B * I);
    std::vector<float> y[] = {std::vector<float>(B * R), std::vector<float>(B * R)};
    for (int which = 0; which < 2; ++which) streams[which].step(x.data(), y[which].data());
    check_same(y[0], y[1]);
  }
}

void test_same_bits(const std::string& isa) {
  const lstm_ref::Kernels<float>& kernels = lstm_ref::select_kernels<float>(isa);
  for (const Config& sizes : kSizes) {
    for (const Config& config : sampled(cells(sizes))) {
      for (const bool with_specials : {false, true}) {
        Model<> model(config);
        make_bfloat16(&model, with_specials);
        const Recurrent wanted(config, model.views, kernels, 1);
        for (const std::int64_t B : {1, 2, 3, 4, 5, 6, 7, 13}) {
          Case<> one = random_case(config, 4, B);
          for (std::int64_t b = 0; b < B; ++b) one.lengths.push_back(4 - b % 4);
          const Result<> result = run_engine(wanted, one);
          for (const int num_threads : {1, 3}) {
            const Result<> got = run_engine(Recurrent(config, model.views, *kernels.for_bfloat16, num_threads), one);
            check_same(got, result);
            for (std::size_t i = 0; i < result.trace.size(); ++i) check_same(got.trace[i].z, result.trace[i].z);
          }
        }
        if (!config.bidirectional) check_streams(Recurrent(config, model.views, *kernels.for_bfloat16, 1), wanted);
      }
    }
  }
}

// Large networks read bfloat16, small ones do not.
void test_choice(const std::string& isa) {
  const lstm_ref::Kernels<float>& kernels = lstm_ref::select_kernels<float>(isa);
  CHECK_EQ(&lstm_ref::for_bfloat16(kernels, {512, 512, 1}), kernels.for_bfloat16);
  CHECK_EQ(&lstm_ref::for_bfloat16(kernels, {256, 256, 4}), &kernels);
  CHECK(kernels.for_bfloat16->reads_bfloat16 && !kernels.reads_bfloat16);
}

// Each upper half with the lower halves at which something changes.
void test_rounding() {
  for (std::uint32_t high = 0; high < 0x10000; ++high) {
    for (const std::uint32_t low : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const float value = from_bits(high << 16 | low), rounded = lstm_ref::round_to_bfloat16(value);
      CHECK_EQ(to_bits(rounded) & 0xffff, 0u);
      CHECK_EQ(lstm_ref::is_bfloat16(value), low == 0 || std::isnan(value));
      CHECK_BITS(lstm_ref::from_bfloat16(lstm_ref::to_bfloat16(value)), rounded);
      if (std::isnan(value)) {
        CHECK_EQ(to_bits(rounded) >> 16, high | 0x40);
      } else {  // patterns of one sign follow each other as their values do, up to infinity
        CHECK_EQ(to_bits(rounded) >> 16, high + (low > 0x8000 || (low == 0x8000 && high % 2 == 1)));
      }
    }
  }
}

// The same where subnormal numbers count as 0.
void test_rounding_without_subnormals() {
#if defined(__x86_64__)
  const unsigned callers = _mm_getcsr();
  _mm_setcsr(callers | 0x8040);
  test_rounding();
  _mm_setcsr(callers);
#endif
}

}  // namespace

int main() {
  for (const std::string& isa : lstm_ref::available_isas()) {
    test_same_bits(isa);
    test_choice(isa);
  }
  test_rounding();
  test_rounding_without_subnormals();
  return check::summary();
}
