// What may be chosen (spec/variants.md, section 2), by the names that files use.
#pragma once

#include <string_view>

#include "lstm_ref/config.hpp"

namespace lstm_ref {

// In the order in which they are checked.
constexpr const char* kOptions[] = {
    "proj_size",         "peephole",   "input_forget", "reset_after", "clip",         "gate_activation",   "candidate_activation",
    "output_activation", "layer_norm", "cell_norm",    "hidden_norm", "norm_epsilon", "recurrent_dropout", "candidate_dropout",
    "zoneout_h",         "zoneout_c",  "dropout",      "dtype"};

// Why an op does not have an option; null where it does.
const char* why_not(Op op, std::string_view option);

// The wants of the errors about them.
constexpr const char* kWantClip = "0, or a number > 0 that is finite and not 0 in float32";
constexpr const char* kWantDtype = "\"float32\", \"float64\" or \"bfloat16\"";
constexpr const char* kWantNumber = "a number that is finite in float32";
constexpr const char* kWantLayerNorm = "\"none\", \"joint\", \"gate\" or \"separate\"";
constexpr const char* kWantCellNorm = "\"none\", \"output\" or \"state\"";
constexpr const char* kWantEpsilon = "a number > 0 that is finite and not 0 in float32";
constexpr const char* kWantRate = "a number from 0 to less than 1 in float32";

// In the order of the enumerations.
constexpr const char* kLayerNorms[] = {"none", "joint", "gate", "separate"};
constexpr const char* kCellNorms[] = {"none", "output", "state"};

struct NamedFunction {
  const char* name;
  int parameters;
  float defaults[2];
};

constexpr NamedFunction kFunctions[] = {
    // in the order of the enumeration
    {"sigmoid", 0, {}},
    {"tanh", 0, {}},
    {"relu", 0, {}},
    {"leaky_relu", 1, {0.01f}},
    {"elu", 1, {1}},
    {"hard_sigmoid", 2, {0.2f, 0.5f}},
    {"affine", 2, {1, 0}},
    {"scaled_tanh", 2, {1, 1}},
    {"softsign", 0, {}},
    {"softplus", 0, {}},
    {"thresholded_relu", 1, {1}},
};

inline const NamedFunction& named(Function function) { return kFunctions[static_cast<int>(function)]; }

struct NamedDtype {
  const char *name, *in_files;
  int size;
};

constexpr NamedDtype kDtypes[] = {
    // in the order of the enumeration; all but the last one are for configurations
    {"float32", "F32", 4},
    {"float64", "F64", 8},
    {"bfloat16", "BF16", 2},
    {"int64", "I64", 8},
};

inline const NamedDtype& named(Dtype dtype) { return kDtypes[static_cast<int>(dtype)]; }

// What the numbers of a network are in memory, all but the lengths.
inline Dtype real_of(const Config& config) { return config.dtype == Dtype::kFloat64 ? Dtype::kFloat64 : Dtype::kFloat32; }

}  // namespace lstm_ref
