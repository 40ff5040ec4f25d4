#include "backends/cuda/build/grid_sample.h"

#include <algorithm>
#include <array>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/gather.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/operator_rule.h"

namespace cermet::cuda {
namespace {

bool is_real(ElementType type) { return is_floating(type) && has_kernel_type(type); }

// Sums of float64 and of integers in double.
std::string value_type(ElementType type) {
  return is_floating(type) && type != ElementType::float64 ? "float" : "double";
}

bool is_image_layout(const Operand& operand) {
  return operand.layout.is_row_major() ||
         operand.layout == Layout::channels_last(operand.type.rank());
}

std::optional<std::string> rejects_image(const Operand& x) {
  if (!has_kernel_type(x.type.element) || x.type.element == ElementType::boolean)
    return fmt::format("kernels don't blend elements of type {}", name(x.type.element));
  for (size_t d = 1; d < x.type.dims->size(); ++d)
    if ((*x.type.dims)[d].is_constant(0)) return "an image without elements";
  return std::nullopt;
}

std::optional<std::string> sample_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!has_input(problem, 1) || !is_real(problem.inputs[1]->type.element))
    return "no grid of floats";
  const int rank = problem.inputs[0]->type.rank();
  if (rank < 3 || rank > 5 || problem.inputs[1]->type.rank() != rank)
    return "one to three spatial dimensions only";
  if (!is_image_layout(*problem.inputs[0]) || !is_image_layout(*problem.outputs[0]) ||
      !problem.inputs[1]->layout.is_row_major())
    return "images have to be row-major or channels-last";
  return rejects_image(*problem.inputs[0]);
}

template <size_t N>
int number_of(const std::string& text, const std::array<std::string_view, N>& names) {
  return static_cast<int>(std::find(names.begin(), names.end(), text) - names.begin());
}

// y[n, c, p] = sum over the taps of all dimensions of x[n, c, taps] * the product of their weights;
// the taps follow from grid[n, p]. A thread computes some channels of one place. Places are
// computed in double, as the definition has it.
class SampleKernel {
 public:
  explicit SampleKernel(const Problem& problem)
      : problem_(problem), sizes_(problem), writer_(problem, "grid_sample") {
    mode_ = number_of(problem.attributes.text("mode", "linear"),
                      std::array<std::string_view, 3>{"nearest", "linear", "cubic"});
    border_ = number_of(problem.attributes.text("padding_mode", "zeros"),
                        std::array<std::string_view, 3>{"zeros", "border", "reflection"});
  }

  DeviceSource source() {
    writer_.include("grid_sample.cu");
    const Dims &x = sizes_.input(0), &y = sizes_.output(0);
    const Dim places = product(Dims(y.begin() + 2, y.end()));
    const Dim groups = ceil_div(y[1], Dim(channels));
    const bool last = !problem_.outputs[0]->layout.is_row_major();
    const std::string place = last ? "c1" : "c2", group = last ? "c2" : "c1";
    const ElementType type = problem_.outputs[0]->type.element;
    std::string body =
        fmt::format("const index_t place = {}, channel = {} * {};\n", place, group, channels);
    for (size_t d = 2; d < x.size(); ++d) body += writer_.unless_empty(x[d], y[d], "continue");
    for (size_t d = 0; d + 2 < x.size(); ++d) body += taps(d, x, places);
    body += fmt::format(
        "value_t sums[{0}] = {{}};\nconst index_t left = {1} - channel;\n{2}"
        "#pragma unroll\nfor (int k = 0; k < {0}; ++k)\nif (k < left)\n{3}[{4} + k * {5}] = "
        "from_compute<{6}>({7});\n",
        channels, index_value(writer_, y[1]), sum(x), writer_.output(0), result_offset(),
        index_value(writer_, sizes_.output_strides(0)[1]), storage_type(type),
        is_floating(type) ? "sums[k]"
                          : fmt::format("float_to_integer<{}>(sums[k], true)", storage_type(type)));
    const Dims points = last ? Dims{y[0], places, groups} : Dims{y[0], groups, places};
    DeviceSource source;
    finish_pack_loop(writer_, points, 1, fmt::format("using value_t = {};\n", value_type(type)),
                     body, source);
    return source;
  }

 private:
  static constexpr int64_t channels = 4;  // of a thread

  int tap_count() const { return mode_ == 0 ? 1 : mode_ == 1 ? 2 : 4; }

  std::string taps(size_t d, const Dims& x, const Dim& places) {
    const size_t spatial = x.size() - 2;
    return fmt::format(
        "int64 index{0}[{1}];\nvalue_t weight{0}[{1}];\nsample_taps<{2}, {3}, {4}>(to_compute("
        "{5}[(c0 * {6} + place) * {7} + {8}]), {9}, index{0}, weight{0});\n",
        d, tap_count(), mode_, border_, problem_.attributes.integer("align_corners", 0) != 0,
        writer_.input(1), index_value(writer_, places), spatial, spatial - 1 - d,
        writer_.value(x[d + 2]));
  }

  std::string sum(const Dims& x) {
    const Dims strides = sizes_.input_strides(0);
    std::string text, close, at = "0", weight;
    for (size_t d = 0; d + 2 < x.size(); ++d) {
      text += fmt::format(
          "#pragma unroll\nfor (int t{0} = 0; t{0} < {1}; ++t{0}) {{\n"
          "if (index{0}[t{0}] < 0) continue;\n"
          "const value_t w{0} = {2}weight{0}[t{0}];\n"
          "const index_t at{0} = {3} + static_cast<index_t>(index{0}[t{0}]) * {4};\n",
          d, tap_count(), weight, at, index_value(writer_, strides[d + 2]));
      close += "}\n";
      weight = fmt::format("w{} * ", d);
      at = fmt::format("at{}", d);
    }
    return text +
           fmt::format(
               "#pragma unroll\nfor (int k = 0; k < {}; ++k)\nif (k < left) sums[k] += {}"
               "static_cast<value_t>(to_compute({}[c0 * {} + (channel + k) * {} + {}]));\n",
               channels, weight, writer_.input(0), index_value(writer_, strides[0]),
               index_value(writer_, strides[1]), at) +
           close;
  }

  std::string result_offset() {
    const Dims strides = sizes_.output_strides(0);
    return linear(writer_, 0, {"c0", "channel", "place"}, {strides[0], strides[1], strides.back()});
  }

  const Problem& problem_;
  OperandSizes sizes_;
  KernelWriter writer_;
  int mode_ = 1, border_ = 0;
};

DeviceSource sample(const TacticQuery& query) { return SampleKernel(query.problem()).source(); }

std::optional<std::string> affine_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_layouts(problem)) return reason;
  if (!is_real(problem.outputs[0]->type.element)) return "a grid of floats only";
  if (!problem.outputs[0]->type.dims->back().is_constant()) return "the rank is unknown";
  return std::nullopt;
}

// y[n, p, r] = theta[n, r] applied to the normalised place p; its innermost dimension is the first
// coordinate.
DeviceSource affine(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  KernelWriter writer(problem, "affine_grid");
  writer.include("grid_sample.cu");
  const Dims& y = sizes.output(0);
  const size_t rank = y.size() - 2;
  const bool corners = problem.attributes.integer("align_corners", 0) != 0;
  std::string body = fmt::format(
      "const index_t matrix = c0 * {} + c{} * {};\ndouble sum = "
      "to_compute({}[matrix + {}]);\n",
      rank * (rank + 1), rank + 1, rank + 1, writer.input(0), rank);
  for (size_t d = 0; d < rank; ++d)
    body += fmt::format(
        "sum += static_cast<double>(to_compute({}[matrix + {}])) * affine_place<{}>(c{}, {});\n",
        writer.input(0), d, corners, rank - d, writer.value(y[rank - d]));
  const ElementType type = problem.outputs[0]->type.element;
  body += fmt::format("{}[i] = from_compute<{}>(static_cast<{}>(sum));\n", writer.output(0),
                      storage_type(type), compute_type(type));
  DeviceSource source;
  finish_pack_loop(writer, y, 1, "", body, source);
  return source;
}

std::optional<std::string> region_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!has_input(problem, 1) || !is_real(problem.inputs[1]->type.element))
    return "no regions of floats";
  if (!has_input(problem, 2) || !is_index_type(problem.inputs[2]->type.element))
    return "no batch indices of int32 or int64";
  if (!is_real(problem.inputs[0]->type.element)) return "images of floats only";
  if (problem.inputs[0]->type.rank() != 4) return "images of two dimensions only";
  return rejects_image(*problem.inputs[0]);
}

// y[r, c, i, j] = the mean, or the largest part, of samples in cell (i, j) of region r.
DeviceSource regions(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const Attributes& a = problem.attributes;
  const OperandSizes sizes(problem);
  KernelWriter writer(problem, "roi_align");
  writer.include("grid_sample.cu");
  const bool half_pixel = a.text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const Dims &x = sizes.input(0), strides = sizes.input_strides(0);
  const ElementType type = problem.outputs[0]->type.element;
  const std::vector<size_t> order = memory_order(problem.outputs[0]->layout, 4);
  Dims points;
  std::array<std::string, 4> at;
  for (size_t k = 0; k < 4; ++k) {
    at[order[k]] = fmt::format("c{}", k);
    points.push_back(sizes.output(0)[order[k]]);
  }
  const auto grid = [&](int first, int64_t cells) {
    return fmt::format(
        "region_grid(to_compute({0}[{1} * 4 + {2}]), to_compute({0}[{1} * 4 + {3}]), {4:.17e}, "
        "{5}, {6}, {7}, {8}, {9})",
        writer.input(1), at[0], first, first + 2, a.number("spatial_scale", 1.0),
        half_pixel ? "0.5" : "0.0", !half_pixel, cells, a.integer("sampling_ratio", 0),
        writer.fault());
  };
  // Batch indices don't count from the end.
  std::string body = fmt::format(
      "const int64 batch = {0}[{1}];\nif (batch < 0 || batch >= {2}) {{\n"
      "tell_fault({3}, fault_t::index, batch, {2});\ncontinue;\n}}\n",
      writer.input(2), at[0], writer.value(x[0]), writer.fault());
  body += fmt::format(
      "{0}[i] = from_compute<{1}>(region_cell<{2}, {3}>({4} + static_cast<index_t>(batch) * {5} + "
      "{6} * {7}, static_cast<int64>({8}), static_cast<int64>({9}), {10}, {11}, {12}, {13}, {14}, "
      "{15}));\n",
      writer.output(0), storage_type(type), compute_type(type), a.text("mode", "avg") == "avg",
      writer.input(0), index_value(writer, strides[0]), at[1], index_value(writer, strides[1]),
      writer.value(strides[2]), writer.value(strides[3]), writer.value(x[2]), writer.value(x[3]),
      grid(1, a.integer("output_height", 1)), grid(0, a.integer("output_width", 1)), at[2], at[3]);
  DeviceSource source;
  finish_pack_loop(writer, points, 1, "", body, source);
  return source;
}

struct SampleRule {
  std::string_view op;
  DeviceSource (*make)(const TacticQuery&);
  std::optional<std::string> (*rejects)(const TacticQuery&);
};

constexpr std::array rules{
    SampleRule{"GridSample", sample, sample_rejects},
    SampleRule{"AffineGrid", affine, affine_rejects},
    SampleRule{"RoiAlign", regions, region_rejects},
};

std::optional<std::string> rejects(const TacticQuery& query) {
  const SampleRule* rule = rule_of(rules, query.problem());
  if (rule == nullptr) return "computes samples of images only";
  if (auto reason = rejects_moved(query.problem())) return reason;
  return rule->rejects(query);
}

}  // namespace

Tactic grid_sample_tactic() {
  Tactic tactic;
  tactic.name = "cuda.grid_sample";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return rule_of(rules, query.problem())->make(query);
  };
  return tactic;
}

}  // namespace cermet::cuda
