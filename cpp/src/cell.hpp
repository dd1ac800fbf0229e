// What each cell is made of (spec/variants.md, section 1), in the engine's own order of columns.
#pragma once

#include <array>
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

// Layer normalisation of some columns.
struct Normalised {
  int tensor;                        // whose gain and shift: the number of that pair among those of a layer and direction
  std::array<int, 4> block;          // of these, for each column; -1: that column is not normalised
  std::array<int, 4> group;          // the first of the columns that it is normalised together with
  std::array<int, 4> together = {};  // how many columns have this one as their first

  void add(int column, int first) { group[column] = first, ++together[first]; }
};

// One phase of a step. A panel of z is 4 vectors, and so 4 / columns vectors of units.
struct Phase {
  Part part;
  std::int64_t units;  // H, or R
  std::int64_t K;      // terms of the recurrent product
  int columns;         // of one unit: 1, 2 or 4
  Columns x, h;        // of weight_ih, and of weight_hh; of weight_hr where there is no x

  // What is normalised before the pointwise part, which has to wait for all units: z, or one z of x and one of h (V18); or, where
  // there is no product, what the phase before it left.
  std::vector<Normalised> norms = {};

  bool has_x() const { return x.count() > 0; }
  bool has_product() const { return h.count() > 0; }
  bool waits_for_z() const { return has_product() && !norms.empty(); }
  bool is_separate() const { return norms.size() == 2; }
  // The place of a column in the order of z; n_h comes last.
  int number(int column, const Config& config) const { return x.block(column) >= 0 ? x.block(column) : config.gates(); }
  int vectors() const { return 4 / columns; }  // of units in a panel
  std::int64_t panels(int lanes) const { return (units + vectors() * lanes - 1) / (vectors() * lanes); }
};

constexpr std::size_t kMaxPhases = 4;

std::vector<Phase> phases_of(const Config& config);

}  // namespace lstm_ref
