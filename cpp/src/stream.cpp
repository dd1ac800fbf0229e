// One step at a time: in each layer x and h meet their weights in one pass.
#include <algorithm>

#include "engine.hpp"
#include "fp_environment.hpp"

namespace lstm_ref {
namespace {

struct LayerState {
  LayerState(const Network& network, std::int64_t batch)
      : h(network, batch), c(AlignedBuffer::zeros(network.panel_floats(batch))) {}

  HiddenStates h;
  AlignedBuffer c;  // (P, B, V)
};

std::int64_t checked_batch(const Config& config, std::int64_t batch) {
  if (config.bidirectional) throw Error("bidirectional", "true", "false: a stream has no reverse direction");
  if (batch < 1) throw Error("batch", std::to_string(batch), "an integer of at least 1");
  check_output_sizes(config, 1, batch);
  return batch;
}

}  // namespace

struct Stream::Impl {
  Impl(std::shared_ptr<const LSTM::Engine> shared, std::int64_t batch)
      : engine(std::move(shared)),
        network(engine->network),
        batch(checked_batch(network.config, batch)),
        x(batch),
        y(batch),
        z(AlignedBuffer::uninitialized(checked_product(batch, 4 * network.kernels.lanes))) {
    for (std::int64_t layer = 0; layer < network.config.num_layers; ++layer) layers.emplace_back(network, batch);
  }

  // (L, B, H) and the states within, one vector of units at a time: visit(index of its first unit, h, c, number of units).
  template <class Visit>
  void for_each_vector(const Visit& visit) const {
    const std::int64_t H = network.config.hidden_size, lanes = network.kernels.lanes;
    for (std::int64_t l = 0; l < network.config.num_layers; ++l) {
      for (std::int64_t b = 0; b < batch; ++b) {
        for (std::int64_t unit = 0; unit < H; unit += lanes) {
          visit((l * batch + b) * H + unit, layers[l].h.of(step)[b] + unit,
                layers[l].c.data() + (unit / lanes * batch + b) * lanes, std::min(lanes, H - unit));
        }
      }
    }
  }

  const std::shared_ptr<const LSTM::Engine> engine;
  const Network& network;
  const std::int64_t batch;
  std::int64_t step = 0;
  std::vector<LayerState> layers;
  std::vector<const float*> x;  // (I,) of each row
  std::vector<float*> y;        // (H,) of each row
  AlignedBuffer z;              // (B, 4, V)
};

Stream::Stream(const LSTM& lstm, std::int64_t batch) : impl_(std::make_unique<Impl>(lstm.engine_, batch)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

std::int64_t Stream::batch() const { return impl_->batch; }

void Stream::step(const float* x, float* y) {
  const FpEnvironment fp_environment;
  Impl& self = *impl_;
  const Network& network = self.network;
  const std::int64_t I = network.config.input_size, H = network.config.hidden_size, L = network.config.num_layers;
  for (std::int64_t b = 0; b < self.batch; ++b) {
    self.x[b] = x + b * I;
    self.y[b] = y + b * H;
  }
  const float* const* inputs = self.x.data();  // x_0 = x
  for (std::int64_t l = 0; l < L; ++l) {
    const PackedWeights& weights = network.weights[l];
    LayerState& layer = self.layers[l];
    CellStep cell;
    cell.rows = self.batch;
    cell.H = H;
    cell.panels = {0, network.panels()};
    cell.backwards = self.step % 2;
    cell.start = {weights.bias.data(), 4 * network.kernels.lanes, 0};
    cell.products[0] = {weights.weight_ih.data(), inputs, network.config.layer_input_size(l)};
    cell.products[1] = {weights.weight_hh.data(), layer.h.of(self.step), H};
    cell.num_products = 2;
    cell.z = self.z.data();
    cell.c = layer.c.data();
    cell.c_rows = self.batch;
    cell.h = layer.h.of(self.step + 1);
    cell.y = l == L - 1 ? self.y.data() : nullptr;
    network.kernels.cell(cell);
    inputs = cell.h;  // (4.2)
  }
  ++self.step;
}

void Stream::state(float* h, float* c) const {
  impl_->for_each_vector([&](std::int64_t at, const float* h_from, const float* c_from, std::int64_t count) {
    std::copy_n(h_from, count, h + at);
    std::copy_n(c_from, count, c + at);
  });
}

void Stream::set_state(const float* h, const float* c) {
  const Config& config = impl_->network.config;
  if (!h != !c) {
    throw Error(h ? "c_0" : "h_0", "missing",
                "(L*D, B, H) = " + shape_text({config.state_rows(), impl_->batch, config.hidden_size}));
  }
  impl_->for_each_vector([&](std::int64_t at, float* h_to, float* c_to, std::int64_t count) {
    h ? std::copy_n(h + at, count, h_to) : std::fill_n(h_to, count, 0.0f);
    c ? std::copy_n(c + at, count, c_to) : std::fill_n(c_to, count, 0.0f);
  });
}

}  // namespace lstm_ref
