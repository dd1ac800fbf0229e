// What an instruction set provides: the reduction seam and the pointwise seam, and both in one.
//
// V = lanes. A panel is 4 vectors of V columns of z: of one LSTM unit the four gates, so that one row and one panel give all four
// gates of V units; where a unit has two columns or one, those of 2 V or of 4 V units, column by column (cell.hpp). A packed
// matrix is (P, K, G, V), G = 4 unless it adds to some of the vectors only; a packed bias (P, 4, V). A matrix of bfloat16 is
// (P, ceil(K/2), G, V) words of 32 bits: of two terms the even one in the low half, the odd one in the high half. What a step
// leaves behind for some rows is panel-major, too, so that a panel of it is one piece: z (P, rows, 4, V), c (P, rows, V). Lanes
// past the last unit hold zeros in the weights, and whatever follows from them in z and c.
#pragma once

#include <cstdint>

#include "lstm_ref/activation.hpp"

namespace lstm_ref {

// The panels of a call: those of one thread of a team, or all.
struct PanelRange {
  std::int64_t begin, end;
};

// weights * inputs[r], for each row r.
template <class Real>
struct Product {
  const void* weights;        // (P, K, G, V) of Real, or words of bfloat16
  const Real* const* inputs;  // (K,) each
  std::int64_t K;
  int first = 0, G = 4;  // it adds to the vectors first, ..., first + G - 1 of a panel; G is 4 or 3
};

// Pre-activations so far: panel p of row r stands at data + p * panel_size + r * row_size, as (4, V).
template <class Real>
struct Start {
  const Real* data;
  std::int64_t panel_size, row_size;  // row_size 0: the same for all rows, as a bias is
};

// Whose pointwise part it is.
enum class Part { kLstm, kCell, kProjection, kGruAfter, kGruReset, kGruCandidate, kRnn, kHidden };

// The pointwise part of a phase and what it is given beside z and the states (spec/variants.md, sections 3 to 6).
struct Pointwise {
  Part part;
  Activation gate, candidate, output;
  float clip;  // 0: none
  bool input_forget;
  int columns;        // of one unit
  float epsilon;      // of its normalisation (N13)
  bool normalises_c;  // (V19), or else (V20): of kCell
  bool is_usual;      // its activations are sigmoid, tanh and tanh
};

// Columns that are normalised over all units (N13), and by what: z, c' or h, as an earlier phase left it.
template <class Real>
struct Norm {
  Start<Real> from;          // (4, V) of each panel and row
  const int* group;          // (columns,): the first column of those that it goes with; -1: it is not normalised
  const int* together;       // (columns,): how many columns go with this one as their first; 0: none
  const Real *gain, *shift;  // (P, 4, V)
};

// Mean and 1 / standard deviation, of one row and one group of columns.
template <class Real>
struct Moments {
  Real mean, r;
};

// Masks (spec/variants.md, section 8), for each row those of the step; what there is none of is null.
template <class Real>
struct RowMasks {
  const Real* const* candidate;  // (H,) each  (V23)
  const Real* const* keep_c;     // (H,)       (V24)
  const Real* const* keep_h;     // (R,)       (V25)
  const Real* const* hidden;     // (R,)       (V22)
  const Real* const* output;     // (R,)       (V26)
};

// One step, or one phase of it, of some rows.
template <class Real>
struct CellStep {
  std::int64_t rows, H;  // R where h is projected
  PanelRange panels;
  bool backwards;             // last panel first: what was read last, and is still in a cache, is read first in the next step
  Start<Real> start;          // b, or b + W_ih x
  Product<Real> products[2];  // W_ih x and W_hh h, or W_hh h alone
  int num_products;
  Real* z;  // (rows, 4, V): room for one panel; for phase(), of at least kSideBySide rows
  Real* c;  // (P, c_rows, V), in place
  std::int64_t c_rows;
  Real* const* h;  // (P*V,) each, written
  Real* const* y;  // (H,) each, written, unless null: h without the padding

  // For phase() and pointwise() only; what a part does not use may be null.
  const Pointwise* pointwise = nullptr;
  const Real* peephole = nullptr;      // (P, 3, V): p_i, p_o, p_f; null: none
  const Real* const* old_h = nullptr;  // (P*V,) each
  Real* const* u = nullptr;            // (P*V,) each: what kGruReset leaves for kGruCandidate

  int num_norms = 0;
  Norm<Real> norms[2] = {};
  const Real* norm_bias = nullptr;   // (P, 4, V): z is this and both norms (V18); null: z is the norm
  Moments<Real>* moments = nullptr;  // (2, rows, 4): room for them
  Real* sums[2] = {};                // (P, sums_rows, 4, V) each: what is normalised, if it is z
  std::int64_t sums_rows = 0;
  Real* waiting = nullptr;  // (P, c_rows, 2, V): c' and z_o, which kLstm leaves for kCell; null: nothing waits

  const RowMasks<Real>* masks = nullptr;
  bool is_last = false;              // what it writes is the new h
  Real* const* dropped_h = nullptr;  // (P*V,) each: where h~ is written (V22)
};

template <class Real>
struct Kernels {
  const char* name;
  int lanes;
  bool reads_bfloat16;  // of weights

  // (N3): z = start + product, z (P, z_rows, 4, V), z_rows >= rows. `start` may be z itself.
  void (*affine)(Real* z, std::int64_t z_rows, const Start<Real>& start, const Product<Real>& product, std::int64_t rows,
                 PanelRange panels);

  // (2.2)-(2.4): z (P, z_rows, 4, V) is replaced by the gates, c (P, c_rows, V) and h[r] (P*V,) follow.
  void (*step)(Real* z, std::int64_t z_rows, Real* c, std::int64_t c_rows, Real* const* h, std::int64_t rows, PanelRange panels);

  // (2.1)-(2.4), panel by panel: of the plain LSTM.
  void (*cell)(const CellStep<Real>& cell);

  // One phase of any cell (spec/variants.md, section 1), panel by panel; what it normalises is already there.
  void (*phase)(const CellStep<Real>& step);

  // The reduction by itself, into step.sums: all products, or with a norm_bias each from the start on.
  void (*sums)(const CellStep<Real>& step);

  // The normalisation by itself, of z: into z (P, z_rows, 4, V), which may be where it comes from.
  void (*normalise)(const CellStep<Real>& step, Real* z, std::int64_t z_rows);

  // The pointwise part by itself: z (P, z_rows, 4, V) is replaced by the gates.
  void (*pointwise)(const CellStep<Real>& step, Real* z, std::int64_t z_rows);

  const Kernels* for_bfloat16;  // the same that read bfloat16; null: none
};

constexpr std::int64_t kSideBySide = 4;  // panels of one row, at most

extern const Kernels<float> kBaselineKernels;
extern const Kernels<double> kBaselineKernels64;
#if defined(LSTM_REF_X86_64)
extern const Kernels<float> kAvx2Kernels, kAvx512Kernels;
extern const Kernels<double> kAvx2Kernels64, kAvx512Kernels64;
#elif defined(LSTM_REF_ARM64)
extern const Kernels<float> kNeonKernels;
extern const Kernels<double> kNeonKernels64;
#endif

}  // namespace lstm_ref
