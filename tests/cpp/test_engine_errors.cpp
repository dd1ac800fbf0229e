// The engine's errors, word for word (spec/errors.md).
#if defined(__linux__)
#include <sys/resource.h>
#endif

#include <cstdlib>
#include <iostream>

#include "engine_reference.hpp"

using namespace reference;
using lstm_ref::LSTM;

namespace {

void test_config() {
  const char* const want = ", want an integer from 1 to 16777216";
  const Model model({3, 4, 1, true, false, false});
  CHECK_THROWS(LSTM({0, 4, 1}, model.views), std::string("input_size: 0") + want);
  CHECK_THROWS(LSTM({3, 16777217, 1}, model.views), std::string("hidden_size: 16777217") + want);
  CHECK_THROWS(LSTM({3, 4, -1}, model.views), std::string("num_layers: -1") + want);
  CHECK_THROWS(LSTM({3, 4, 16777216}, model.views), "weight_ih_l1: missing, want (4*H, D*H) = (16, 4)");
  CHECK_THROWS(LSTM(model.config, model.views, {"", 0}), "num_threads: 0, want an integer from 1 to 1024");
  CHECK_THROWS(LSTM(model.config, model.views, {"", 1025}), "num_threads: 1025, want an integer from 1 to 1024");
}

void test_choices() {
  using lstm_ref::Function, lstm_ref::GRU, lstm_ref::Op, lstm_ref::Recurrent, lstm_ref::RNN;
  const Model model({3, 4, 1, true, false, false});
  const auto with = [&](auto change) {
    Config config = model.config;
    change(config);
    return Recurrent(config, model.views);
  };
  CHECK_THROWS(with([](Config& c) { c.proj_size = 4; }), "proj_size: 4, want an integer from 0 to hidden_size - 1 = 3");
  CHECK_THROWS(with([](Config& c) { c.proj_size = -1; }), "proj_size: -1, want 0, or an integer from 1 to 16777216");
  CHECK_THROWS(with([](Config& c) { c.clip = -1; }),
               "clip: a number, want 0, or a number > 0 that is finite and not 0 in float32");
  CHECK_THROWS(with([](Config& c) { c.clip = std::nanf(""); }),
               "clip: a number, want 0, or a number > 0 that is finite and not 0 in float32");
  CHECK_THROWS(with([](Config& c) { c.gate_activation = {Function::kHardSigmoid, 1, INFINITY}; }),
               "gate_activation[2]: a number, want a number that is finite in float32");
  CHECK_THROWS(with([](Config& c) { c.op = Op::kGru, c.peephole = true; }),
               "peephole: not for op \"gru\", want no such key: a GRU has no cell state to look at");
  CHECK_THROWS(with([](Config& c) { c.op = Op::kRnn, c.gate_activation = {Function::kRelu}; }),
               "gate_activation: not for op \"rnn\", want no such key: a plain RNN has no gates");
  CHECK_THROWS(with([](Config& c) { c.reset_after = false; }),
               "reset_after: not for op \"lstm\", want no such key: an LSTM has no reset gate");
  CHECK_THROWS(with([](Config& c) { c.op = Op::kGru; }), "weight_ih_l0: shape (16, 3), want (3*H, I) = (12, 3)");
  CHECK_THROWS(with([](Config& c) { c.peephole = true; }), "weight_peephole_l0: missing, want (3*H,) = (12,)");
  CHECK_THROWS(GRU(model.config, model.views), "op: \"lstm\", want \"gru\"");
  const Model rnn(cells(model.config)[5]);
  CHECK_THROWS(LSTM(rnn.config, rnn.views), "op: \"rnn\", want \"lstm\"");
  const float x[3] = {}, state[4] = {};
  float y[4];
  CHECK_THROWS(RNN(rnn.config, rnn.views).forward({1, 1, x, state, state}, {y}),
               "c_0: unexpected tensor, want only x, h_0, lengths");
}

void test_normalisation() {
  using lstm_ref::CellNorm, lstm_ref::LayerNorm, lstm_ref::Op;
  const auto with = [&](auto change) {
    Config config = {3, 4, 1};
    change(config);
    config.check();
    return 0;
  };
  CHECK_THROWS(with([](Config& c) { c.op = Op::kGru, c.layer_norm = LayerNorm::kJoint; }),
               "layer_norm: \"joint\", want \"none\", \"gate\" or \"separate\": the candidate of a GRU waits for its reset gate");
  CHECK_THROWS(with([](Config& c) { c.op = Op::kRnn, c.layer_norm = LayerNorm::kGate; }),
               "layer_norm: \"gate\", want \"none\", \"joint\" or \"separate\": a plain RNN has no gates");
  CHECK_THROWS(with([](Config& c) { c.input_forget = true, c.layer_norm = LayerNorm::kSeparate; }),
               "layer_norm: \"separate\", want \"none\" or \"gate\": coupled gates have no forget gate to normalise");
  CHECK_THROWS(with([](Config& c) { c.op = Op::kGru, c.cell_norm = CellNorm::kState; }),
               "cell_norm: not for op \"gru\", want no such key: a GRU has no cell state to normalise");
  const std::string want_epsilon = "norm_epsilon: a number, want a number > 0 that is finite and not 0 in float32";
  CHECK_THROWS(with([](Config& c) { c.hidden_norm = true, c.norm_epsilon = 0; }), want_epsilon);
  CHECK_THROWS(with([](Config& c) { c.hidden_norm = true, c.norm_epsilon = std::nanf(""); }), want_epsilon);
  CHECK_THROWS(with([](Config& c) { c.norm_epsilon = 1; }), "norm_epsilon: a number, want 1e-05: nothing is normalised");
  CHECK_THROWS(with([](Config& c) { c.zoneout_c = 1; }), "zoneout_c: a number, want a number from 0 to less than 1 in float32");
  CHECK_THROWS(with([](Config& c) { c.dropout = std::nanf(""); }),
               "dropout: a number, want a number from 0 to less than 1 in float32");
  CHECK_THROWS(with([](Config& c) { c.dropout = 0.5f; }), "dropout: a number, want 0: nothing is between the layers of one");
}

void test_masks() {
  Config config = {3, 4, 2, true, true, true};
  const Model plain(config);
  config.dropout = config.zoneout_h = 0.5f;
  const Model model(config);
  const lstm_ref::Recurrent network(config, model.views), without(plain.config, plain.views);
  const Case<> one = random_case(config, 2, 3);
  std::vector<float> y(2 * 3 * 8, -7);
  const auto forward = [&](const lstm_ref::Recurrent& which, auto change) {
    lstm_ref::Inputs inputs = one.inputs();
    change(inputs);
    which.forward(inputs, {y.data()});
    return 0;
  };
  CHECK_THROWS(forward(without, [](auto&) {}), "masks: unexpected tensor, want only x, h_0, c_0, lengths");
  CHECK_THROWS(forward(without, [](auto& inputs) { inputs.masks = {}, inputs.seed = 1; }),
               "seed: unexpected tensor, want only x, h_0, c_0, lengths");
  CHECK_THROWS(forward(network, [](auto& inputs) { inputs.seed = -1; }), "seed: -1, want an integer of at least 0");
  CHECK_THROWS(forward(network, [](auto& inputs) { inputs.seed = 1; }), "seed: given with masks, want a seed or masks");
  CHECK_THROWS(forward(network, [](auto& inputs) { inputs.masks.pop_back(); }), "masks: 4 arrays, want 5");
  CHECK_THROWS(forward(network, [](auto& inputs) { inputs.masks[1] = nullptr; }),
               "keep_h_l0_reverse: missing, want (T, B, H) = (2, 3, 4)");
  CHECK_THROWS(forward(network, [](auto& inputs) { inputs.masks[2] = nullptr; }),
               "mask_y_l0: missing, want (T, B, D*H) = (2, 3, 8)");
  check_same(y, std::vector<float>(y.size(), -7));  // nothing was written
}

// The stacks of so many threads have no place in so little memory.
void test_refused_threads() {
#if defined(__SANITIZE_ADDRESS__)
  std::cout << "skipped: threads that have no place: AddressSanitizer ends a program that has no memory\n";
#elif defined(__linux__)
  const Model model({3, 4, 1, true, false, false});
  rlimit before;
  getrlimit(RLIMIT_AS, &before);
  rlimit little = before;
  little.rlim_cur = rlim_t{1} << 30;
  setrlimit(RLIMIT_AS, &little);
  void* volatile more = std::malloc(std::size_t{1} << 31);  // volatile: or the compiler would leave it out
  std::free(more);
  if (more) {
    std::cout << "skipped: threads that have no place: here RLIMIT_AS limits nothing (an emulator may ignore it)\n";
  } else {
    CHECK_THROWS(LSTM(model.config, model.views, {"", 1024}), "num_threads: 1024, want fewer");
  }
  setrlimit(RLIMIT_AS, &before);
  check_same(run_engine(LSTM(model.config, model.views, {"", 4}), random_case(model.config, 2, 2)),
             run_engine(LSTM(model.config, model.views), random_case(model.config, 2, 2)));
#endif
}

void test_isa() {
  std::string names;
  for (const std::string& isa : lstm_ref::available_isas()) names += (names.empty() ? "" : ", ") + isa;
  const Model model({3, 4, 1, true, false, false});
  CHECK_THROWS(LSTM(model.config, model.views, {"sse9", 1}), "isa: \"sse9\", want one of " + names);
  setenv("LSTM_REF_ISA", "sse9", 1);
  CHECK_THROWS(LSTM(model.config, model.views), "LSTM_REF_ISA: \"sse9\", want one of " + names);
  for (const std::string& isa : lstm_ref::available_isas()) {
    setenv("LSTM_REF_ISA", isa.c_str(), 1);
    CHECK_EQ(LSTM(model.config, model.views).isa(), isa);
    CHECK_EQ(LSTM(model.config, model.views, {"baseline", 1}).isa(), std::string("baseline"));
  }
  setenv("LSTM_REF_ISA", "", 1);
  CHECK_EQ(LSTM(model.config, model.views).isa(), lstm_ref::available_isas().back());
  unsetenv("LSTM_REF_ISA");
  CHECK_EQ(LSTM(model.config, model.views).isa(), lstm_ref::available_isas().back());
}

void test_tensors() {
  const Model model({3, 4, 2, true, false, true});
  const auto construct = [&](auto change) {
    std::vector<lstm_ref::TensorView> views = model.views;
    change(views);
    return LSTM(model.config, views);
  };
  construct([](auto& views) { std::swap(views[0], views[9]); });  // any order will do
  CHECK_THROWS(construct([](auto& views) { views.erase(views.begin() + 4); }),
               "weight_ih_l0_reverse: missing, want (4*H, I) = (16, 3)");
  CHECK_THROWS(construct([](auto& views) { views[8].shape = {16, 3}; }),
               "weight_ih_l1: shape (16, 3), want (4*H, D*H) = (16, 8)");
  CHECK_THROWS(construct([](auto& views) { views[1].shape = {12, 4}; }), "weight_hh_l0: shape (12, 4), want (4*H, H) = (16, 4)");
  CHECK_THROWS(construct([](auto& views) { views[3].shape = {16, 1}; }), "bias_hh_l0: shape (16, 1), want (4*H,) = (16,)");
  CHECK_THROWS(construct([](auto& views) { views[2].shape = {}; }), "bias_ih_l0: shape (), want (4*H,) = (16,)");
  CHECK_THROWS(construct([](auto& views) { views[2].dtype = lstm_ref::Dtype::kInt64; }), "bias_ih_l0: dtype I64, want F32");
  CHECK_THROWS(construct([](auto& views) { views.push_back(views[5]); }), "weight_hh_l0_reverse: duplicate tensor, want one");
  CHECK_THROWS(construct([](auto& views) { views.insert(views.begin(), {"extra", lstm_ref::Dtype::kFloat32, {1}, nullptr}); }),
               "extra: unexpected tensor, want only the tensors of the configuration");
  Config without_bias = model.config;
  without_bias.bias = false;
  CHECK_THROWS(LSTM(without_bias, model.views), "bias_ih_l0: unexpected tensor, want only the tensors of the configuration");
}

void test_arguments() {
  const Config config = {3, 4, 2, true, true, true};
  const Model model(config);
  const LSTM lstm(config, model.views);
  Case<> one = random_case(config, 2, 3);
  std::vector<float> y(2 * 3 * 8, -7), state(4 * 3 * 4);
  const auto forward = [&](auto change) {
    lstm_ref::Inputs inputs = one.inputs();
    lstm_ref::Outputs outputs = {y.data(), nullptr, nullptr};
    change(inputs, outputs);
    lstm.forward(inputs, outputs);
    return 0;
  };
  CHECK_THROWS(forward([](auto& inputs, auto&) { inputs.T = -1; }), "T: -1, want an integer of at least 0");
  CHECK_THROWS(forward([](auto& inputs, auto&) { inputs.B = -5; }), "B: -5, want an integer of at least 0");
  CHECK_THROWS(forward([](auto& inputs, auto&) { inputs.x = nullptr; }), "x: missing, want (B, T, I) with I = 3");
  CHECK_THROWS(forward([](auto& inputs, auto&) { inputs.h_0 = nullptr; }), "h_0: missing, want (L*D, B, H) = (4, 3, 4)");
  CHECK_THROWS(forward([](auto& inputs, auto&) { inputs.c_0 = nullptr; }), "c_0: missing, want (L*D, B, H) = (4, 3, 4)");
  CHECK_THROWS(forward([](auto&, auto& outputs) { outputs.y = nullptr; }), "y: missing, want (B, T, D*H) = (3, 2, 8)");
  const std::string memory = "memory: too little for this case, want a smaller one";
  CHECK_THROWS(lstm.forward({std::int64_t{1} << 62, 0}, {}), memory);
  CHECK_THROWS(lstm.forward({0, std::int64_t{1} << 40}, {}), memory);
  auto views = model.views;
  views[1].data = nullptr;
  CHECK_THROWS(LSTM(model.config, views), "weight_hh_l0: missing, want (4*H, H) = (16, 4)");
  one.lengths = {2, 3, -1};
  CHECK_THROWS(forward([](auto&, auto&) {}), "lengths[1]: 3, want 0 <= length <= T = 2");
  one.lengths = {2, 0, -1};
  CHECK_THROWS(forward([](auto&, auto&) {}), "lengths[2]: -1, want 0 <= length <= T = 2");
  check_same(y, std::vector<float>(y.size(), -7));  // nothing was written
}

}  // namespace

int main() {
  test_config();
  test_choices();
  test_normalisation();
  test_masks();
  test_refused_threads();
  test_isa();
  test_tensors();
  test_arguments();
  return check::summary();
}
