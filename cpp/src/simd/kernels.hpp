// What an instruction set provides: the reduction seam and the pointwise seam, and both in one.
//
// V = lanes. Hidden units are packed in P = ceil(H / V) panels of V units x 4 gates, so that one row and one panel give all
// four gates of V units. A packed matrix is (P, K, 4, V), a packed bias (P, 4, V). What a step leaves behind for some rows is
// panel-major, too, so that a panel of it is one piece: z (P, rows, 4, V), c (P, rows, V). Lanes past H hold zeros in the
// weights, and whatever follows from them in z and c.
#pragma once

#include <cstdint>

namespace lstm_ref {

// The panels of a call: those of one thread of a team, or all.
struct PanelRange {
  std::int64_t begin, end;
};

// weights * inputs[r], for each row r.
struct Product {
  const float* weights;        // (P, K, 4, V)
  const float* const* inputs;  // (K,) each
  std::int64_t K;
};

// Pre-activations so far: panel p of row r stands at data + p * panel_size + r * row_size, as (4, V).
struct Start {
  const float* data;
  std::int64_t panel_size, row_size;  // row_size 0: the same for all rows, as a bias is
};

// One step of some rows.
struct CellStep {
  std::int64_t rows, H;
  PanelRange panels;
  bool backwards;       // last panel first: what was read last, and is still in a cache, is read first in the next step
  Start start;          // b, or b + W_ih x
  Product products[2];  // W_ih x and W_hh h, or W_hh h alone
  int num_products;
  float* z;  // (rows, 4, V): room for one panel
  float* c;  // (P, c_rows, V), in place
  std::int64_t c_rows;
  float* const* h;  // (P*V,) each, written
  float* const* y;  // (H,) each, written, unless null: h without the padding
};

struct Kernels {
  const char* name;
  int lanes;

  // (N3): z = start + product, z (P, z_rows, 4, V), z_rows >= rows. `start` may be z itself.
  void (*affine)(float* z, std::int64_t z_rows, const Start& start, const Product& product, std::int64_t rows, PanelRange panels);

  // (2.2)-(2.4): z (P, z_rows, 4, V) is replaced by the gates, c (P, c_rows, V) and h[r] (P*V,) follow.
  void (*step)(float* z, std::int64_t z_rows, float* c, std::int64_t c_rows, float* const* h, std::int64_t rows,
               PanelRange panels);

  // (2.1)-(2.4), panel by panel.
  void (*cell)(const CellStep& cell);
};

extern const Kernels kBaselineKernels;
#if defined(LSTM_REF_X86_64)
extern const Kernels kAvx2Kernels, kAvx512Kernels;
#elif defined(LSTM_REF_ARM64)
extern const Kernels kNeonKernels;
#endif

}  // namespace lstm_ref
