#include "backends/cuda/build/normalization.h"

#include <algorithm>
#include <array>
#include <bit>

#include "backends/cuda/build/lane_map.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/scalar_printer.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

enum class Family : uint8_t { row, channels, plain };

struct Rule {
  std::string_view op;
  Family family;
  std::string_view operation;  // of kernels/normalization.cu
  double epsilon = -1;         // negative: the attribute
};

constexpr std::array rules{
    Rule{"LayerNormalization", Family::row, "StandardOperation"},
    Rule{"RMSNormalization", Family::row, "RootMeanOperation"},
    Rule{"GroupNormalization", Family::channels, "StandardOperation"},
    Rule{"InstanceNormalization", Family::channels, "StandardOperation"},
    Rule{"MeanVarianceNormalization", Family::plain, "DeviationOperation", 1e-9},
    Rule{"LpNormalization", Family::plain, "LengthOperation", 0},
};

const Rule* rule_of(const Problem& problem) {
  for (const Rule& rule : rules)
    if (problem.domain.empty() && rule.op == problem.op) return &rule;
  return nullptr;
}

// Scale and bias: none, the second input and, where it is there, the third.
size_t parameter_end(const Problem& problem) {
  if (rule_of(problem)->family == Family::plain) return 1;
  const size_t own = own_input_count(problem);
  return own > 2 && problem.inputs[2] ? 3 : 2;
}

std::optional<std::string> rejects_channels(const Problem& problem) {
  if (problem.inputs[0]->type.rank() < 2) return "there are no channels";
  const Layout& layout = problem.inputs[0]->layout;
  if (!layout.is_row_major() && layout != Layout::channels_last(problem.inputs[0]->type.rank()))
    return "the input has layout " + layout.to_string();
  for (size_t i : {1, 2})
    if (own_input_count(problem) <= i || !problem.inputs[i] || problem.inputs[i]->type.rank() != 1)
      return fmt::format("input {} is no vector", i);
  if (problem.op == "GroupNormalization" && problem.attributes.integer("num_groups", 0) < 1)
    return "there are no groups";
  return std::nullopt;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const Rule* rule = rule_of(problem);
  if (rule == nullptr) return "computes normalisations only";
  if (auto reason = rejects_operands(problem)) return reason;
  for (size_t i = 1; i < problem.outputs.size(); ++i)
    if (problem.outputs[i]) return fmt::format("output {} is not computed", i);
  if (!problem.inputs[0]) return "input 0 is absent";
  if (problem.inputs[0]->type.rank() == 0) return "the input is a scalar";
  if (problem.inputs[0]->layout != problem.outputs[0]->layout)
    return "input and result have different layouts";
  if (rule->family != Family::plain && (own_input_count(problem) < 2 || !problem.inputs[1]))
    return "input 1 is absent";
  for (size_t i = 0; i < parameter_end(problem); ++i)
    if (!is_floating(problem.inputs[i]->type.element))
      return fmt::format("input {} is not of floats", i);
  if (rule->family == Family::channels)
    if (auto reason = rejects_channels(problem)) return reason;
  return rejects_epilogue(problem);
}

// Groups of channels: [batch, group, channel of the group, spatial ...].
LaneMap group_map(const Problem& problem, const Dims& dims) {
  LaneMap map;
  const Dim groups =
      problem.op == "GroupNormalization" ? Dim(problem.attributes.integer("num_groups")) : dims[1];
  const Dim each = problem.op == "GroupNormalization" ? floor_div(dims[1], groups) : Dim(1);
  map.dims = {dims[0], groups, each};
  map.dims.insert(map.dims.end(), dims.begin() + 2, dims.end());
  map.within.assign(map.dims.size(), true);
  map.within[0] = map.within[1] = false;
  for (size_t d : memory_order(problem.inputs[0]->layout, dims.size())) {
    map.layout.order.push_back(static_cast<int8_t>(d == 0 ? 0 : d + (d > 1 ? 1 : 0)));
    if (d == 1) map.layout.order.push_back(2);
  }
  return map;
}

Dim spatial_size(const Dims& dims) { return product(Dims(dims.begin() + 2, dims.end())); }

// Where channels lie side by side.
bool channels_are_last(const Problem& problem, const Dims& dims) {
  return !problem.inputs[0]->layout.is_row_major() || spatial_size(dims).is_constant(1);
}

LaneMap map_of(const Problem& problem, const Dims& dims) {
  LaneMap map;
  const size_t rank = dims.size();
  if (rule_of(problem)->family == Family::channels) {
    map = group_map(problem, dims);
    if (!channels_are_last(problem, dims)) map.unit = spatial_size(dims);
  } else {
    map.dims = dims;
    map.layout = problem.inputs[0]->layout;
    map.within.assign(rank, false);
    if (problem.op == "MeanVarianceNormalization") {
      for (int64_t axis : problem.attributes.integers("axes", {0, 2, 3}))
        map.within.at(axis_of(axis, rank)) = true;
    } else {
      const size_t axis = axis_of(problem.attributes.integer("axis", -1), rank);
      const size_t end = rule_of(problem)->family == Family::row ? rank : axis + 1;
      for (size_t d = axis; d < end; ++d) map.within.at(d) = true;
    }
  }
  map.widest = widest_pack(problem.inputs[0]->type.element);
  return map;
}

LaneMap typical_map(const TacticQuery& query) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  const size_t rank = static_cast<size_t>(query.problem().inputs[0]->type.rank());
  return map_of(query.problem(),
                shapes && shapes->inputs[0] ? to_dims(*shapes->inputs[0]) : Dims(rank, Dim(64)));
}

// y = operation(x) * scale + bias, then the epilogue. Statistics are of the compute type: the mean
// first, then what differs from it. The result may be the input's memory.
class NormalizationKernel {
 public:
  explicit NormalizationKernel(const Problem& problem)
      : problem_(problem),
        rule_(*rule_of(problem)),
        writer_(problem, "normalize"),
        dims_(writer_.input_dims(0)),
        type_(compute_type(problem.inputs[0]->type.element)) {}

  DeviceSource source(std::string_view configuration) {
    for (const char* file : {"lanes.cu", "folds.cu", "lane_map.cu", "normalization.cu"})
      writer_.include(file);
    const LaneMap map = map_of(problem_, dims_);
    writer_.declare(index_declaration({dims_}));
    const double epsilon =
        rule_.epsilon < 0 ? problem_.attributes.number("epsilon", 1e-5) : rule_.epsilon;
    writer_.declare(fmt::format(
        "struct Epsilon {{\nstatic __device__ __forceinline__ double value() {{\nreturn "
        "__longlong_as_double(0x{:016x}LL);\n}}\n}};\n",
        std::bit_cast<uint64_t>(epsilon)));
    writer_.body(element_result(writer_));
    const bool by_sum =
        problem_.op == "LpNormalization" && problem_.attributes.integer("p", 2) == 1;
    DeviceSource source;
    finish_lane_map(
        writer_, map,
        fmt::format("{}<{}, Epsilon>", by_sum ? "MagnitudeOperation" : rule_.operation, type_),
        configuration, [&](int pack) { return write(pack); }, source);
    return source;
  }

 private:
  // The parameters in the order of memory of a row, or of the channels.
  bool lie_as_rows(size_t i) const {
    if (!problem_.inputs[0]->layout.is_row_major()) return false;
    const size_t axis = axis_of(problem_.attributes.integer("axis", -1), dims_.size());
    const Dims& model = *problem_.inputs[0]->type.dims;
    const Dims row(model.begin() + static_cast<std::ptrdiff_t>(axis), model.end());
    return problem_.inputs[i]->layout.is_row_major() && *problem_.inputs[i]->type.dims == row;
  }

  // "p1.items[j]" after the statements that read input i, for element j of a pack.
  struct Parameter {
    std::string once, each, value;
  };
  Parameter parameter(size_t i, int pack) {
    const std::string pointer = writer_.input(i), name = fmt::format("p{}", i);
    const auto vector = [&](const std::string& from) {
      return Parameter{
          fmt::format("const auto {} = load_values<{}>({} + {});\n", name, pack, pointer, from), "",
          fmt::format("to_compute({}.items[j])", name)};
    };
    if (rule_.family == Family::channels) {
      const std::string channels = index(dims_[1]);
      if (channels_are_last(problem_, dims_)) return vector("at % " + channels);
      const std::string at = fmt::format("at / {} % {}", index(spatial_size(dims_)), channels);
      return {fmt::format("const auto {} = to_compute({}[{}]);\n", name, pointer, at), "", name};
    }
    if (lie_as_rows(i)) return vector("r");
    const std::string offset =
        broadcast_offset(writer_, writer_.input_dims(i), problem_.inputs[i]->layout,
                         coordinate_names(dims_.size(), "c"));
    return {"", fmt::format("const auto {} = to_compute({}[{}]);\n", name, pointer, offset), name};
  }

  std::string write(int pack) {
    std::string once, each, formula = "values.items[j]";
    for (size_t i = 1; i < parameter_end(problem_); ++i) {
      const Parameter p = parameter(i, pack);
      once += p.once;
      each += p.each;
      formula += fmt::format(" {} static_cast<{}>({})", i == 1 ? "*" : "+", type_, p.value);
    }
    if (!each.empty())
      each = declare_coordinates(writer_, fmt::format("at + j"), dims_,
                                 memory_order(problem_.inputs[0]->layout, dims_.size()), "c") +
             each;
    return fmt::format(
        "{}Values<{}, {}> y;\n#pragma unroll\nfor (int j = 0; j < {}; ++j) {{\n{}y.items[j] = "
        "result(at + j, {});\n}}\nstore_values({} + at, y);\n",
        once, storage_type(problem_.outputs[0]->type.element), pack, pack, each, formula,
        writer_.output_may_alias(0));
  }

  std::string index(const Dim& value) {
    return fmt::format("static_cast<index_t>({})", writer_.value(value));
  }

  const Problem& problem_;
  const Rule& rule_;
  KernelWriter writer_;
  const Dims dims_;
  const std::string_view type_;
};

}  // namespace

Tactic normalization_tactic() {
  Tactic tactic;
  tactic.name = "cuda.normalization";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = [](const TacticQuery& query) {
    const Dims& dims = *query.problem().inputs[0]->type.dims;
    return lane_map_configurations(map_of(query.problem(), dims), typical_map(query));
  };
  tactic.estimate = [](const TacticQuery& query, std::string_view configuration) {
    return lane_map_estimate(query, typical_map(query), configuration);
  };
  tactic.generate = [](const TacticQuery& query, std::string_view configuration) {
    return NormalizationKernel(query.problem()).source(configuration);
  };
  return tactic;
}

}  // namespace cermet::cuda
