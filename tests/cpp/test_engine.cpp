// The engine, with every instruction set of this machine, against the scalar reference.
#include <limits>

#include "engine_reference.hpp"

using namespace reference;
using lstm_ref::LSTM;

namespace {

void check_against_reference(const Model& model, const Case& one) {
  const Result wanted = run_reference(model, one);
  for (const std::string& isa : lstm_ref::available_isas()) {
    const LSTM lstm(model.config, model.views, {isa, 1});
    CHECK_EQ(lstm.isa(), isa);
    const Result got = run_engine(lstm, one);
    check_same(got, wanted);
    CHECK_EQ(got.trace.size(), wanted.trace.size());
    for (std::size_t i = 0; i < got.trace.size(); ++i) {
      check_same(got.trace[i].z, wanted.trace[i].z);
      check_same(got.trace[i].gates, wanted.trace[i].gates);
      check_same(got.trace[i].c, wanted.trace[i].c);
      check_same(got.trace[i].h, wanted.trace[i].h);
    }
  }
}

void test_sizes() {
  const std::int64_t sizes[] = {1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129};
  for (const std::int64_t I : sizes) {
    for (const std::int64_t H : sizes) {
      const Model model({I, H, 1, true, false, false}, I * 1000 + H);
      check_against_reference(model, random_case(model.config, 2, 1));
    }
  }
}

void test_batches_and_options() {
  for (const std::int64_t B : {1, 2, 3, 4, 5, 6, 7, 11, 13, 100}) {
    const Model model({5, 18, 1, true, false, false}, B);
    check_against_reference(model, random_case(model.config, 3, B));
  }
  for (int options = 0; options < 16; ++options) {
    const bool bias = options & 1, batch_first = options & 2, bidirectional = options & 4, with_state = options & 8;
    const Model model({6, 9, 3, bias, batch_first, bidirectional}, options);
    Case one = random_case(model.config, 5, 4);
    if (!with_state) one.h_0 = one.c_0 = {};
    check_against_reference(model, one);
    one.lengths = {2, 5, 0, 4};
    check_against_reference(model, one);
  }
}

// More steps than one block of the input projection holds, with rows that end within and between blocks.
void test_long_sequences() {
  for (const bool bidirectional : {false, true}) {
    const Model model({3, 5, 2, true, false, bidirectional});
    check_against_reference(model, random_case(model.config, 300, 1));
    Case one = random_case(model.config, 150, 3);
    one.lengths = {37, 150, 149};
    check_against_reference(model, one);
  }
}

// What x holds past a row's length is never read into a value.
void test_padding_is_not_read() {
  const Model model({3, 5, 2, true, false, true});
  Case one = random_case(model.config, 6, 3);
  one.lengths = {4, 0, 6};
  const LSTM lstm(model.config, model.views);
  const Result wanted = run_engine(lstm, one);
  for (std::int64_t t = 0; t < one.T; ++t) {
    for (std::int64_t b = 0; b < one.B; ++b) {
      for (int i = 0; t >= one.lengths[b] && i < 3; ++i) one.x[(t * one.B + b) * 3 + i] = i ? NAN : INFINITY;
    }
  }
  check_same(run_engine(lstm, one), wanted);
}

void test_hard_numbers() {
  // Whole patterns at random: NaN, infinities, subnormals, overflow to infinity and inf - inf.
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Model model({9, 7, 1, true, false, false}, seed);
    Case one = random_case(model.config, 3, 2);
    const auto scramble = [&](Floats& values, std::uint32_t exponents) {
      for (float& value : values) {
        const std::uint32_t pattern = to_bits(value);
        value = from_bits((pattern & 0x807fffffu) |
                          ((pattern * 2654435761u >> 16) % exponents + (exponents < 60 ? 0 : 256 - exponents)) << 23);
      }
    };
    const std::uint32_t exponents = seed % 2 ? 256 : 50;  // of all sizes; or near the smallest
    for (Floats& tensor : model.data) scramble(tensor, seed % 4 < 2 ? exponents : 150);
    scramble(one.x, exponents);
    scramble(one.h_0, exponents);
    scramble(one.c_0, exponents);
    check_against_reference(model, one);
  }
  // Every small pattern of the activations' inputs, through z = 0 * x + b.
  const std::int64_t H = 4096;
  Model model({1, H, 1, true, false, false});
  for (Floats& tensor : model.data) tensor.assign(tensor.size(), 0.0f);
  for (std::uint32_t j = 0; j < 4 * H; ++j)
    model.data[2][j] = from_bits(j * 0x40004u + j % 4);  // about all exponents and both signs
  const Case one = {1, 1, {1}, {}, {}, {}};
  const Floats h(H, 0.0f);
  Result wanted = {{}, {}, {}, {}};
  for (std::int64_t u = 0; u < H; ++u) {
    const float i = sigmoid(model.data[2][u]), g = tanh(model.data[2][2 * H + u]), o = sigmoid(model.data[2][3 * H + u]);
    const float c = fma(sigmoid(model.data[2][H + u]), 0, i * g);
    wanted.c_n.push_back(c);
    wanted.h_n.push_back(o * tanh(c));
  }
  wanted.y = wanted.h_n;
  for (const std::string& isa : lstm_ref::available_isas())
    check_same(run_engine(LSTM(model.config, model.views, {isa, 1}), one), wanted);
}

// z of one unit for the weights w and inputs x. The chunk of h underflows to -0, which changes no sum.
float affine(const std::string& isa, const Floats& w, const Floats& x, float bias = 0) {
  const std::int64_t K = w.size();
  Model model({K, 1, 1, true, false, false});
  for (Floats& tensor : model.data) tensor.assign(tensor.size(), 0.0f);
  model.data[1].assign(4, 0x1p-149f);
  for (int gate = 0; gate < 4; ++gate) {
    std::copy(w.begin(), w.end(), model.data[0].begin() + gate * K);
    model.data[2][gate] = model.data[3][gate] = bias;
  }
  return run_engine(LSTM(model.config, model.views, {isa, 1}), {1, 1, x, {-0.25f}, {0}, {}}).trace[0].z[0];
}

void test_fma() {
  const float third = from_bits(0x97800000);  // (N2): unfused and double-rounded arithmetic both give 0x3fc00002
  for (const std::string& isa : lstm_ref::available_isas()) {
    CHECK_BITS(affine(isa, {third, from_bits(0x3f800001)}, {1, from_bits(0x3fc00000)}), from_bits(0x3fc00001));
    CHECK_BITS(affine(isa, {from_bits(0x17800000), from_bits(0x3f800003)}, {1, from_bits(0x3fc00000)}), from_bits(0x3fc00005));
    CHECK_BITS(affine(isa, {0x1p-149f, 0x1p-149f}, {1, 0x1.8p-1f}), 0x1p-148f);  // 1.75 units, in the subnormal range
    CHECK_BITS(affine(isa, {0x1p-149f, 0x1p-149f, 0x1p-149f}, {2, 0x1p-1f, -0x1p-140f}), 0x1p-148f);
    CHECK_BITS(affine(isa, {0x1.fffffep127f, 0x1p103f}, {1, 1}), INFINITY);  // halfway to 2^128
    CHECK_BITS(affine(isa, {0x1.fffffep127f, 0x1.fffffep102f}, {1, 1}), 0x1.fffffep127f);
    CHECK_BITS(affine(isa, {0x1p-149f}, {-0.25f}, -0.0f), -0.0f);            // (N3): nothing is padded
    CHECK_BITS(affine(isa, {0x1p-149f, 1}, {-0.25f, -0.0f}, -0.0f), -0.0f);  // x keeps the sign of its zero
    CHECK_BITS(affine(isa, {INFINITY, 1}, {1, -INFINITY}), NAN);
  }
}

}  // namespace

int main() {
  test_sizes();
  test_batches_and_options();
  test_long_sequences();
  test_padding_is_not_read();
  test_hard_numbers();
  test_fma();
  return check::summary();
}
