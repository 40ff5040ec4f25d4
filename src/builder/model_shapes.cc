#include "builder/model_shapes.h"

#include <algorithm>

#include "base/error.h"

namespace cermet {
namespace {

onnx::OnnxValueInfo& input_of(onnx::OnnxGraph& graph, const std::string& name) {
  std::string known;
  for (onnx::OnnxValueInfo& input : graph.inputs) {
    if (input.name == name) return input;
    known += (known.empty() ? "" : ", ") + input.name;
  }
  fail(ErrorCode::invalid_argument, "shapes are given for '{}', but the model's inputs are: {}",
       name, known);
}

void check_range(const ShapeRange& range, const Dims* dims) {
  const size_t rank = range.opt.size();
  require(range.min.size() == rank && range.max.size() == rank, ErrorCode::invalid_argument,
          "input '{}': min {}, opt {} and max {} have different numbers of dimensions", range.name,
          to_string(range.min), to_string(range.opt), to_string(range.max));
  if (dims != nullptr)
    require(dims->size() == rank, ErrorCode::invalid_argument,
            "input '{}' has {} dimensions {}, the shapes given for it have {}", range.name,
            dims->size(), to_string(*dims), rank);
  for (size_t d = 0; d < rank; ++d) {
    require(range.min[d] >= 0 && range.min[d] <= range.opt[d] && range.opt[d] <= range.max[d],
            ErrorCode::invalid_argument,
            "input '{}', dimension {}: expected 0 <= min <= opt <= max, got {}, {}, {}", range.name,
            d, range.min[d], range.opt[d], range.max[d]);
    if (dims == nullptr || !(*dims)[d].is_constant()) continue;
    const int64_t size = (*dims)[d].constant();
    require(range.min[d] == size && range.max[d] == size, ErrorCode::invalid_argument,
            "input '{}', dimension {}: the model fixes it to {}, the shapes ask for {} to {}",
            range.name, d, size, range.min[d], range.max[d]);
  }
}

// What no machine can address would fail later, in words about kernels.
void check_bytes(const ShapeRange& range, ElementType element) {
  constexpr double most = double{uint64_t{1} << 47};  // of a process
  double elements = 1;
  for (const int64_t size : range.max) elements *= static_cast<double>(size);
  const double bytes = elements * bit_width(element) / 8;
  require(
      bytes <= most, ErrorCode::invalid_argument,
      "input '{}': the largest shape {} is too large: {:.3g} bytes, where a machine can address "
      "{:.3g}. Lower the shape",
      range.name, to_string(range.max), bytes, most);
}

// What one profile says of a symbol, and where it says so first.
struct Said {
  std::string_view input;
  size_t dimension = 0;
  int64_t min = 0, max = 0;
};

// No run would fit two ranges of one symbol that have no size in common.
void check_agreement(const ShapeRange& range, const Dims& dims,
                     std::map<std::string, Said, std::less<>>& said) {
  for (size_t d = 0; d < dims.size(); ++d) {
    const auto symbol = dims[d].as_symbol();
    if (!symbol) continue;
    const auto [entry, fresh] =
        said.emplace(*symbol, Said{range.name, d, range.min[d], range.max[d]});
    const Said& other = entry->second;
    require(
        fresh || (range.min[d] <= other.max && other.min <= range.max[d]),
        ErrorCode::invalid_argument,
        "input '{}', dimension {}: {} is {} to {} in input '{}', dimension {}, but {} to {} here",
        range.name, d, *symbol, other.min, other.max, other.input, other.dimension, range.min[d],
        range.max[d]);
  }
}

// By symbol: the one size that every profile gives it, or nothing.
using FixedSizes = std::map<std::string, std::optional<int64_t>, std::less<>>;

void collect(const ShapeRange& range, const Dims& dims, FixedSizes& fixed) {
  for (size_t d = 0; d < dims.size(); ++d) {
    const auto symbol = dims[d].as_symbol();
    if (!symbol) continue;
    std::optional<int64_t> size;
    if (range.min[d] == range.max[d]) size = range.min[d];
    const auto [entry, fresh] = fixed.emplace(*symbol, size);
    if (!fresh && entry->second != size) entry->second.reset();
  }
}

}  // namespace

void apply_profiles(onnx::OnnxGraph& graph, const std::vector<ShapeProfile>& profiles,
                    const Sizes& others) {
  FixedSizes fixed;
  for (const ShapeProfile& profile : profiles) {
    std::map<std::string, Said, std::less<>> said;
    for (const ShapeRange& range : profile) {
      onnx::OnnxValueInfo& input = input_of(graph, range.name);
      require(input.type && input.type->is_tensor(), ErrorCode::invalid_argument,
              "shapes are given for '{}', which is no tensor", range.name);
      if (!input.type->dims) {
        Dims dims;
        for (size_t d = 0; d < range.opt.size(); ++d)
          dims.push_back(Dim::symbol(fmt::format("{}.d{}", range.name, d)));
        input.type->dims = std::move(dims);
      }
      check_range(range, &*input.type->dims);
      check_bytes(range, input.type->element);
      check_agreement(range, *input.type->dims, said);
      collect(range, *input.type->dims, fixed);
    }
  }
  Sizes values = others;
  for (const auto& [symbol, size] : fixed)
    if (size) values.emplace(symbol, Dim(*size));
  if (values.empty()) return;
  for (onnx::OnnxValueInfo& input : graph.inputs)
    if (input.type && input.type->dims)
      for (Dim& dim : *input.type->dims) dim = dim.substitute(values);
}

SymbolValues tuned_sizes(const Graph& graph, const std::vector<ShapeProfile>& profiles) {
  SymbolValues sizes;
  if (profiles.empty()) return sizes;
  for (const ValueId id : graph.inputs()) {
    const GraphValue& input = graph.value(id);
    if (!input.type.has_rank()) continue;
    for (const ShapeRange& range : profiles[0])
      for (size_t d = 0; range.name == input.name && d < range.opt.size(); ++d)
        if (const auto symbol = input.type.dims->at(d).as_symbol()) sizes[*symbol] = range.opt[d];
  }
  return sizes;
}

std::vector<Profile> plan_profiles(const Plan& plan, const std::vector<ShapeProfile>& profiles) {
  std::vector<Profile> result;
  for (const ShapeProfile& profile : profiles) {
    Profile kept;
    for (const std::string& name : plan.input_names) {
      const auto range = std::find_if(profile.begin(), profile.end(),
                                      [&](const ShapeRange& r) { return r.name == name; });
      if (range != profile.end())
        kept.inputs.push_back({range->name, range->min, range->opt, range->max});
    }
    result.push_back(std::move(kept));
  }
  return result;
}

}  // namespace cermet
