// What each cell is made of (spec/variants.md, section 1), in the engine's own order of columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lstm_ref/config.hpp"
#include "simd/kernels.hpp"

namespace lstm_ref {

// What one weight matrix adds to z: the columns from `first` on, which are these blocks of the matrix, each a row per unit.
struct Columns {
  int first;
  std::vector<int> blocks;

  int count() const { return static_cast<int>(blocks.size()); }
  int block(int column) const {  // that adds to a column of z, or -1
    return column < first || column >= first + count() ? -1 : blocks[column - first];
  }
};

// One phase of a step. A panel of z is 4 vectors, and so 4 / columns vectors of units.
struct Phase {
  Part part;
  std::int64_t units;  // H, or R
  std::int64_t K;      // terms of the recurrent product
  int columns;         // of one unit: 1, 2 or 4
  Columns x, h;        // of weight_ih, and of weight_hh; of weight_hr where there is no x

  bool has_x() const { return x.count() > 0; }
  int vectors() const { return 4 / columns; }  // of units in a panel
  std::int64_t panels(int lanes) const { return (units + vectors() * lanes - 1) / (vectors() * lanes); }
};

constexpr std::size_t kMaxPhases = 2;

std::vector<Phase> phases_of(const Config& config);

}  // namespace lstm_ref
