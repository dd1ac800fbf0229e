// The engine, with every instruction set of this machine, against the scalar reference.
#include <limits>

#include "engine_reference.hpp"

using namespace reference;
using lstm_ref::LSTM;

namespace {

template <class Real>
using LSTMOf = lstm_ref::RecurrentOf<lstm_ref::Op::kLstm, Real>;

template <class Real>
void check_against_reference(const Model<Real>& model, const Case<Real>& one) {
  const Result<Real> wanted = run_reference(model, one);
  for (const std::string& isa : lstm_ref::available_isas()) {
    const LSTMOf<Real> lstm(model.config, model.views, {isa, 1});
    CHECK_EQ(lstm.isa(), isa);
    const Result<Real> got = run_engine(lstm, one);
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

template <class Real>
void test_sizes() {
  const std::int64_t sizes[] = {1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129};
  for (const std::int64_t I : sizes) {
    for (const std::int64_t H : sizes) {
      const Model<Real> model({I, H, 1, true, false, false}, I * 1000 + H);
      check_against_reference(model, random_case<Real>(model.config, 2, 1));
    }
  }
}

template <class Real>
void test_batches_and_options() {
  for (const std::int64_t B : {1, 2, 3, 4, 5, 6, 7, 11, 13, 100}) {
    const Model<Real> model({5, 18, 1, true, false, false}, B);
    check_against_reference(model, random_case<Real>(model.config, 3, B));
  }
  for (int options = 0; options < 16; ++options) {
    const bool bias = options & 1, batch_first = options & 2, bidirectional = options & 4, with_state = options & 8;
    const Model<Real> model({6, 9, 3, bias, batch_first, bidirectional}, options);
    Case one = random_case<Real>(model.config, 5, 4);
    if (!with_state) one.h_0 = one.c_0 = {};
    check_against_reference(model, one);
    one.lengths = {2, 5, 0, 4};
    check_against_reference(model, one);
  }
}

// More steps than one block of the input projection holds, with rows that end within and between blocks.
template <class Real>
void test_long_sequences() {
  for (const bool bidirectional : {false, true}) {
    const Model<Real> model({3, 5, 2, true, false, bidirectional});
    check_against_reference(model, random_case<Real>(model.config, 300, 1));
    Case one = random_case<Real>(model.config, 150, 3);
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
  const Result<> wanted = run_engine(lstm, one);
  for (std::int64_t t = 0; t < one.T; ++t) {
    for (std::int64_t b = 0; b < one.B; ++b) {
      for (int i = 0; t >= one.lengths[b] && i < 3; ++i) one.x[(t * one.B + b) * 3 + i] = i ? NAN : INFINITY;
    }
  }
  check_same(run_engine(lstm, one), wanted);
}

template <class Real>
void test_hard_numbers() {
  constexpr int fraction_bits = Number<Real>::kFractionBits, exponents_there_are = sizeof(Real) == 8 ? 2048 : 256;
  // Whole patterns at random: NaN, infinities, subnormals, overflow to infinity and inf - inf.
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Model<Real> model({9, 7, 1, true, false, false}, seed);
    Case one = random_case<Real>(model.config, 3, 2);
    const auto scramble = [&](std::vector<Real>& values, std::uint32_t exponents) {
      for (Real& value : values) {
        const Bits<Real> pattern = to_bits(value), fraction = (Bits<Real>{1} << fraction_bits) - 1;
        const auto mixed = static_cast<std::uint32_t>(pattern ^ pattern >> fraction_bits / 2) * 2654435761u >> 16;
        const Bits<Real> exponent = mixed % exponents + (exponents < 60 ? 0 : exponents_there_are - exponents);
        value = from_bits<Real>((pattern & (kSign<Real> | fraction)) | exponent << fraction_bits);
      }
    };
    // of all sizes; or near the smallest
    const std::uint32_t exponents = seed % 2 ? exponents_there_are : 50, some = exponents_there_are * 75 / 128;
    for (std::vector<Real>& tensor : model.data) scramble(tensor, seed % 4 < 2 ? exponents : some);
    scramble(one.x, exponents);
    scramble(one.h_0, exponents);
    scramble(one.c_0, exponents);
    check_against_reference(model, one);
  }
  // Every small pattern of the activations' inputs, through z = 0 * x + b.
  const std::int64_t H = 4096;
  Model<Real> model({1, H, 1, true, false, false});
  for (std::vector<Real>& tensor : model.data) tensor.assign(tensor.size(), Real(0));
  for (std::uint32_t j = 0; j < 4 * H; ++j) {  // about all exponents and both signs
    model.data[2][j] = from_bits<Real>((Bits<Real>{j * 0x40004u} << (8 * sizeof(Real) - 32)) + j % 4);
  }
  const Case<Real> one = {1, 1, {1}, {}, {}, {}};
  Result<Real> wanted = {{}, {}, {}, {}};
  for (std::int64_t u = 0; u < H; ++u) {
    const Real i = sigmoid(model.data[2][u]), g = reference::tanh(model.data[2][2 * H + u]),
               o = sigmoid(model.data[2][3 * H + u]);
    const Real c = fma(sigmoid(model.data[2][H + u]), Real(0), i * g);
    wanted.c_n.push_back(c);
    wanted.h_n.push_back(o * reference::tanh(c));
  }
  wanted.y = wanted.h_n;
  for (const std::string& isa : lstm_ref::available_isas())
    check_same(run_engine(LSTMOf<Real>(model.config, model.views, {isa, 1}), one), wanted);
}

// z of one unit for the weights w and inputs x. The chunk of h underflows to -0, which changes no sum.
template <class Real = float>
Real affine(const std::string& isa, const std::vector<Real>& w, const std::vector<Real>& x, Real bias = 0) {
  const std::int64_t K = w.size();
  Model<Real> model({K, 1, 1, true, false, false});
  for (std::vector<Real>& tensor : model.data) tensor.assign(tensor.size(), Real(0));
  model.data[1].assign(4, from_bits<Real>(1));
  for (int gate = 0; gate < 4; ++gate) {
    std::copy(w.begin(), w.end(), model.data[0].begin() + gate * K);
    model.data[2][gate] = model.data[3][gate] = bias;
  }
  return run_engine(LSTMOf<Real>(model.config, model.views, {isa, 1}), Case<Real>{1, 1, x, {-0.25f}, {0}, {}}).trace[0].z[0];
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

void test_fma64() {
  const auto z = [](const std::string& isa, const std::vector<double>& w, const std::vector<double>& x, double bias = 0) {
    return affine<double>(isa, w, x, bias);
  };
  for (const std::string& isa : lstm_ref::available_isas()) {
    CHECK_BITS(z(isa, {-0x1p-52, 1 + 0x1p-52}, {1, 1 + 0x1p-52}), 1 + 0x1p-52);       // unfused: 1
    CHECK_BITS(z(isa, {0x1p-106, 1 + 0x1p-52}, {1, 1.5}), 1.5 + 0x1p-51);             // just above halfway
    CHECK_BITS(z(isa, {0x1p-1074, 0x1p-1074}, {1, 0x1.8p-1}), 0x1p-1073);             // 1.75 units, subnormal
    CHECK_BITS(z(isa, {0x1p-1074, 0x1p-1074}, {1, 0x1p-1}), 0x1p-1073);               // 1.5 units, ties to even
    CHECK_BITS(z(isa, {0x1.fffffffffffffp1023, 0x1p970}, {1, 1}), double{INFINITY});  // halfway to 2^1024
    CHECK_BITS(z(isa, {0x1.fffffffffffffp1023, 0x1.fffffffffffffp969}, {1, 1}), 0x1.fffffffffffffp1023);
    CHECK_BITS(z(isa, {-0x1p1023, 0x1p1000}, {1, 0x1p24}), 0x1p1023);  // a product beyond all numbers
    CHECK_BITS(z(isa, {0x1p-1074}, {-0.25}, -0.0), -0.0);
    CHECK_BITS(z(isa, {0x1p-1074, 1}, {-0.25, -0.0}, -0.0), -0.0);
    CHECK_BITS(z(isa, {INFINITY, 1}, {1, -INFINITY}), double{NAN});
  }
}

}  // namespace

int main() {
  test_sizes<float>(), test_sizes<double>();
  test_batches_and_options<float>(), test_batches_and_options<double>();
  test_long_sequences<float>(), test_long_sequences<double>();
  test_padding_is_not_read();
  test_hard_numbers<float>(), test_hard_numbers<double>();
  test_fma(), test_fma64();
  return check::summary();
}
