#include "kernel_benchmarks.hpp"

#include <algorithm>
#include <memory>

#include "aligned_buffer.hpp"
#include "dispatch.hpp"
#include "lstm_ref/config.hpp"
#include "pack.hpp"

namespace lstm_ref::bench {
namespace {

using Floats = std::vector<float>;

// ---- Data ----

// Numbers in [-scale, scale), the same in every run.
Floats numbers(std::int64_t count, float scale) {
  std::uint32_t state = 1;
  Floats values(count);
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = (static_cast<float>(state >> 8) * 0x1p-23f - 1) * scale;
  }
  return values;
}

// The weights (4*H, K) and the bias of one cell, not packed.
struct Cell {
  std::int64_t H, K;
  Floats weight_ih = numbers(4 * H * K, 0.1f), weight_hh = numbers(4 * H * H, 0.1f), bias = numbers(4 * H, 0.5f);

  PackedPhase<float> pack(int lanes) const {
    const TensorView tensors[] = {{"weight_ih", Dtype::kFloat32, {4 * H, K}, weight_ih.data()},
                                  {"weight_hh", Dtype::kFloat32, {4 * H, H}, weight_hh.data()},
                                  {"bias_ih", Dtype::kFloat32, {4 * H}, bias.data()},
                                  {"bias_hh", Dtype::kFloat32, {4 * H}, bias.data()}};
    Config config;
    config.input_size = K;
    config.hidden_size = H;
    return std::move(pack_weights<float>(config, tensors, lanes).phases.front());
  }
};

// What a step leaves behind for some rows (simd/kernels.hpp): (P, rows, groups, V), z with 4 groups, c with 1.
struct Panels {
  std::int64_t rows, H;
  int groups, lanes;
  AlignedBuffer<float> buffer = AlignedBuffer<float>::zeros(panel_count(H, lanes) * rows * groups * lanes);

  float* data() const { return buffer.data(); }
  float& at(std::int64_t row, int group, std::int64_t unit) const {
    return data()[((unit / lanes * rows + row) * groups + group) * lanes + unit % lanes];
  }
  void fill(const Floats& values) const {
    for_each([&](float& element, std::size_t i) { element = values[i]; });
  }
  void append_to(Floats& values) const {  // (rows, groups, H)
    for_each([&](float& element, std::size_t) { values.push_back(element); });
  }

 private:
  template <class Function>
  void for_each(const Function& function) const {
    std::size_t i = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (int group = 0; group < groups; ++group) {
        for (std::int64_t unit = 0; unit < H; ++unit) function(at(row, group, unit), i++);
      }
    }
  }
};

// Rows of their own, as the kernels take x and h: (size,) each.
struct Rows {
  Floats values;
  std::vector<float*> pointers;

  Rows(std::int64_t rows, std::int64_t size, float scale) : values(numbers(rows * size, scale)) {
    for (std::int64_t r = 0; r < rows; ++r) pointers.push_back(&values[r * size]);
  }
  Rows(const Rows&) = delete;                              // the pointers
  void append_to(Floats& all, std::int64_t count) const {  // the first `count` of each
    for (const float* row : pointers) all.insert(all.end(), row, row + count);
  }
};

// ---- The kernels ----

// (N3): z (rows, 4*H) = bias + x (rows, K) times the weights.
Benchmark affine(std::int64_t H, std::int64_t K, std::int64_t rows) {
  struct Data {
    PackedPhase<float> weights;
    Panels z;
    Rows x;
  };
  const auto on = [=](const InstructionSet& isa) {
    const int lanes = isa.lanes;
    const auto data = std::shared_ptr<Data>(new Data{Cell{H, K}.pack(lanes), {rows, H, 4, lanes}, {rows, K, 1}});
    const Start<float> bias = {data->weights.bias.data(), 4 * lanes, 0}, z = {data->z.data(), rows * 4 * lanes, 4 * lanes};
    const auto compute = [=, &kernels = select_kernels<float>(isa.name)](const Start<float>& start) {
      kernels.affine(data->z.data(), rows, start, {data->weights.weight_ih.data(), data->x.pointers.data(), K}, rows,
                     {0, panel_count(H, lanes)});
    };
    return Work{[=] {
                  compute(bias);
                  compute(z);  // goes on from there
                  Floats values;
                  data->z.append_to(values);
                  return values;
                },
                [=] { compute(bias); }};
  };
  const double products = 4.0 * static_cast<double>(H * K);
  const double flops = 2 * products * static_cast<double>(rows);
  if (rows == 1) return {"gemv", H, K, rows, "call", 1, flops, sizeof(float) * products, on};
  return {"gemm", H, K, rows, "call", 1, flops, 0, on};
}

// (2.2)-(2.4) on `rows` rows of H units. What is timed takes its own gates for the next pre-activations.
Benchmark step(std::int64_t H, std::int64_t rows) {
  struct Data {
    Panels z, c;
    Rows h;
  };
  const auto on = [=](const InstructionSet& isa) {
    const std::int64_t P = panel_count(H, isa.lanes);
    const auto data = std::shared_ptr<Data>(new Data{{rows, H, 4, isa.lanes}, {rows, H, 1, isa.lanes}, {rows, P * isa.lanes, 0}});
    const auto run = [=, &kernels = select_kernels<float>(isa.name)] {
      kernels.step(data->z.data(), rows, data->c.data(), rows, data->h.pointers.data(), rows, {0, P});
    };
    return Work{[=] {
                  data->z.fill(numbers(rows * 4 * H, 6));
                  data->c.fill(numbers(rows * H, 2));
                  run();
                  Floats values;
                  data->z.append_to(values);
                  data->c.append_to(values);
                  data->h.append_to(values, H);
                  return values;
                },
                run};
  };
  return {"step", H, 0, rows, "unit", static_cast<double>(rows * H), 0, 0, on};
}

// (2.1)-(2.4) on `rows` rows, I = K. The state h is not carried on, c is.
Benchmark cell(std::int64_t H, std::int64_t K, std::int64_t rows) {
  struct Data {
    PackedPhase<float> weights;
    Panels z, c;
    Rows x, h, h_new, y;
    bool backwards;
  };
  const auto on = [=](const InstructionSet& isa) {
    const int lanes = isa.lanes;
    const std::int64_t P = panel_count(H, lanes);
    const auto data = std::shared_ptr<Data>(new Data{Cell{H, K}.pack(lanes),
                                                     {rows, lanes, 4, lanes},
                                                     {rows, H, 1, lanes},
                                                     {rows, K, 1},
                                                     {rows, P * lanes, 1},
                                                     {rows, P * lanes, 0},
                                                     {rows, H, 0},
                                                     false});
    const Product<float> products[] = {{data->weights.weight_ih.data(), data->x.pointers.data(), K},
                                       {data->weights.weight_hh.data(), data->h.pointers.data(), H}};
    const CellStep<float> one = {rows,
                                 H,
                                 {0, P},
                                 false,
                                 {data->weights.bias.data(), 4 * lanes, 0},
                                 {products[0], products[1]},
                                 2,
                                 data->z.data(),
                                 data->c.data(),
                                 rows,
                                 data->h_new.pointers.data(),
                                 data->y.pointers.data()};
    const auto run = [=, &kernels = select_kernels<float>(isa.name)] {
      CellStep<float> next = one;
      next.backwards = data->backwards;
      data->backwards = !data->backwards;
      kernels.cell(next);
    };
    return Work{[=] {
                  data->c.fill(numbers(rows * H, 2));
                  run();
                  run();
                  Floats values;
                  data->c.append_to(values);
                  data->h_new.append_to(values, H);
                  data->y.append_to(values, H);
                  return values;
                },
                run};
  };
  const double products = 4.0 * static_cast<double>(H * (K + H));
  return {"cell", H, K, rows, "call", 1, 2 * products * static_cast<double>(rows), rows == 1 ? sizeof(float) * products : 0, on};
}

// (N5) or (N6) on many elements, and one vector after another.
std::vector<Benchmark> activation(const std::string& name, Activation InstructionSet::* member) {
  constexpr std::int64_t kCount = 4096, kChain = 256;
  const auto array = [=](const InstructionSet& isa) {
    // Half a page of 4 KB lies between x and y: the processor takes equal places in two pages for the same at first.
    const auto data = std::make_shared<Floats>(numbers(2 * kCount + 512, 10));
    float* const x = data->data();
    float* const y = x + kCount + 512;
    const auto run = [=, function = (isa.*member).array] { function(x, y, kCount); };
    return Work{[=] {
                  run();
                  return Floats(y, data->data() + data->size());
                },
                run};
  };
  const auto chain = [=](const InstructionSet& isa) {
    const auto x = std::make_shared<Floats>(isa.lanes);
    const auto run = [=, function = (isa.*member).chain] { function(kChain, x->data()); };
    return Work{[=] {
                  std::fill(x->begin(), x->end(), 0.5f);
                  run();
                  return Floats(1, (*x)[0]);
                },
                run};
  };
  return {{name, 0, 0, 0, "element", kCount, 0, 0, array}, {name, 0, 0, 0, "vector in turn", kChain, 0, 0, chain}};
}

// Both weights of a cell with I = H, (4*H, H) to (P, H, 4, V), and the sum of the biases (2.5).
Benchmark pack(std::int64_t H) {
  const auto on = [=](const InstructionSet& isa) {
    const auto cell = std::make_shared<Cell>(Cell{H, H});
    const auto unpacked = [=, lanes = isa.lanes] {  // (P, H, 4, V) back to (H, 4, H)
      const PackedPhase<float> packed = cell->pack(lanes);
      Floats values;
      for (const auto* matrix : {&packed.weight_ih, &packed.weight_hh}) {
        const float* const data = reinterpret_cast<const float*>(matrix->data());
        for (std::int64_t unit = 0; unit < H; ++unit) {
          for (std::int64_t k = 0; k < H; ++k) {
            for (int gate = 0; gate < 4; ++gate) {
              values.push_back(data[((unit / lanes * H + k) * 4 + gate) * lanes + unit % lanes]);
            }
          }
        }
      }
      return values;
    };
    return Work{unpacked, [=, lanes = isa.lanes] { cell->pack(lanes); }};
  };
  return {"pack", H, H, 0, "weight", 8.0 * static_cast<double>(H * H), 0, 0, on};
}

}  // namespace

std::vector<Benchmark> kernel_benchmarks() {
  std::vector<Benchmark> all;
  for (const std::int64_t H : {16, 32, 64, 128, 256, 512, 1024}) {
    all.push_back(affine(H, H, 1));
    if (H < 1024) all.push_back(affine(H, 2 * H, 1));
  }
  for (const std::int64_t H : {64, 256, 1024}) {
    for (const std::int64_t rows : {4, 16, 32, 64, 96}) all.push_back(affine(H, H, rows));
  }
  for (const std::int64_t rows : {1, 32}) {
    for (const std::int64_t H : {16, 32, 64, 128, 256, 512, 1024}) all.push_back(cell(H, H, rows));
  }
  for (const std::int64_t H : {16, 64, 256}) {
    for (const std::int64_t rows : {1, 32}) all.push_back(step(H, rows));
  }
  for (const Benchmark& one : activation("sigmoid", &InstructionSet::sigmoid)) all.push_back(one);
  for (const Benchmark& one : activation("tanh", &InstructionSet::tanh)) all.push_back(one);
  for (const std::int64_t H : {64, 512}) all.push_back(pack(H));
  return all;
}

}  // namespace lstm_ref::bench
