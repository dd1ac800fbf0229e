// One step at a time: in each layer x and h meet their weights in one pass.
#include <algorithm>
#include <array>

#include "engine.hpp"
#include "fp_environment.hpp"

namespace lstm_ref {
namespace {

struct LayerState {
  LayerState(const Network& network, std::int64_t batch) : h(network, batch), c(AlignedBuffer::zeros(network.c_floats(batch))) {}

  HiddenStates h;
  AlignedBuffer c;                          // (P, B, V)
  std::array<CellStep, kMaxPhases> phases;  // of a step, all but what changes from step to step
};

std::int64_t checked_batch(const Config& config, std::int64_t batch) {
  if (config.bidirectional) throw Error("bidirectional", "true", "false: a stream has no reverse direction");
  if (batch < 1) throw Error("batch", std::to_string(batch), "an integer of at least 1");
  check_output_sizes(config, 1, batch);
  return batch;
}

}  // namespace

struct Stream::Impl {
  Impl(std::shared_ptr<const Recurrent::Engine> shared, std::int64_t batch)
      : engine(std::move(shared)),
        network(engine->network),
        batch(checked_batch(network.config, batch)),
        x(batch),
        y(batch),
        z(AlignedBuffer::uninitialized(checked_product(std::max(batch, kSideBySide), 4 * network.kernels.lanes))) {
    for (std::int64_t layer = 0; layer < network.config.num_layers; ++layer) {
      LayerState& state = layers.emplace_back(network, batch);
      const bool is_last_layer = layer + 1 == network.config.num_layers;
      for (std::size_t phase = 0; phase < network.phases.size(); ++phase) {
        CellStep& cell = state.phases[phase] = network.step(layer, phase, network.config.layer_input_size(layer));
        cell.rows = cell.c_rows = batch;
        cell.panels = {0, network.panels(phase)};
        cell.start = network.bias(layer, phase);
        cell.z = z.data();
        cell.c = state.c.data();
        cell.y = is_last_layer && phase + 1 == network.phases.size() ? y.data() : nullptr;
      }
    }
  }

  // (L, B, R) and the states within: visit(index of a row's first unit, h, number of units).
  template <class Visit>
  void for_each_h(const Visit& visit) const {
    const std::int64_t R = network.config.output_size();
    for (std::size_t l = 0; l < layers.size(); ++l) {
      for (std::int64_t b = 0; b < batch; ++b) visit((l * batch + b) * R, layers[l].h.of(step)[b], R);
    }
  }

  // (L, B, H), one vector of units at a time.
  template <class Visit>
  void for_each_c(const Visit& visit) const {
    const std::int64_t H = network.config.hidden_size, lanes = network.kernels.lanes;
    for (std::size_t l = 0; network.config.has_c() && l < layers.size(); ++l) {
      for (std::int64_t b = 0; b < batch; ++b) {
        for (std::int64_t unit = 0; unit < H; unit += lanes) {
          visit((l * batch + b) * H + unit, layers[l].c.data() + (unit / lanes * batch + b) * lanes, std::min(lanes, H - unit));
        }
      }
    }
  }

  const std::shared_ptr<const Recurrent::Engine> engine;
  const Network& network;
  const std::int64_t batch;
  std::int64_t step = 0;
  std::vector<LayerState> layers;
  std::vector<const float*> x;  // (I,) of each row
  std::vector<float*> y;        // (R,) of each row
  AlignedBuffer z;              // (B, 4, V)
};

Stream::Stream(const Recurrent& network, std::int64_t batch) : impl_(std::make_unique<Impl>(network.engine_, batch)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

std::int64_t Stream::batch() const { return impl_->batch; }

void Stream::step(const float* x, float* y) {
  const FpEnvironment fp_environment;
  Impl& self = *impl_;
  const Network& network = self.network;
  const std::int64_t I = network.config.input_size, R = network.config.output_size(), L = network.config.num_layers;
  for (std::int64_t b = 0; b < self.batch; ++b) {
    self.x[b] = x + b * I;
    self.y[b] = y + b * R;
  }
  const float* const* inputs = self.x.data();  // x_0 = x
  for (std::int64_t l = 0; l < L; ++l) {
    LayerState& layer = self.layers[l];
    for (std::size_t phase = 0; phase < network.phases.size(); ++phase) {
      CellStep& cell = layer.phases[phase];
      cell.backwards = self.step % 2;
      cell.products[0].inputs = inputs;
      layer.h.connect(&cell, phase, network.phases.size(), self.step);
      network.compute(cell);
    }
    inputs = layer.h.of(self.step + 1);  // (4.2)
  }
  ++self.step;
}

void Stream::state(float* h, float* c) const {
  impl_->for_each_h([&](std::int64_t at, const float* from, std::int64_t count) { std::copy_n(from, count, h + at); });
  impl_->for_each_c([&](std::int64_t at, const float* from, std::int64_t count) { std::copy_n(from, count, c + at); });
}

void Stream::set_state(const float* h, const float* c) {
  check_state(impl_->network.config, impl_->batch, h, c);
  const auto put = [](const float* from, std::int64_t at, float* to, std::int64_t count) {
    from ? std::copy_n(from + at, count, to) : std::fill_n(to, count, 0.0f);
  };
  impl_->for_each_h([&](std::int64_t at, float* to, std::int64_t count) { put(h, at, to, count); });
  impl_->for_each_c([&](std::int64_t at, float* to, std::int64_t count) { put(c, at, to, count); });
}

}  // namespace lstm_ref
