#include "backends/cuda/build/resize.h"

#include <algorithm>
#include <cmath>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/resize_plan.h"
#include "base/scalar.h"

namespace cermet::cuda {
namespace {

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::resample || problem.op != "Resize")
    return "computes Resize only";
  if (auto reason = rejects_moved(problem)) return reason;
  const ElementType type = problem.outputs[0]->type.element;
  if (problem.attributes.text("mode", "nearest") != "nearest" &&
      (!has_kernel_type(type) || type == ElementType::boolean))
    return fmt::format("kernels don't blend elements of type {}", name(type));
  return rejects_resize(query);
}

bool is_float_computed(ElementType type) {
  return is_floating(type) && type != ElementType::float64;
}

// out[c] = sum over taps t of the resized dimensions of the product of their weights times
// in[indices of c and t]. A table for each resized dimension holds indices (-1: outside of the
// image) and weights of `taps` taps for each coordinate; it is a constant of the source where sizes
// are known, else a kernel before writes it. Sums in float, of float64 and integers in double.
class ResizeKernel {
 public:
  explicit ResizeKernel(const TacticQuery& query)
      : problem_(query.problem()),
        plan_(ResizePlan::of(query)),
        writer_(problem_, "resize"),
        type_(problem_.outputs[0]->type.element),
        weight_(is_float_computed(type_) ? "float" : "double") {
    merge_dimensions();
    choose_pack();
  }

  DeviceSource source() {
    DeviceSource source;
    add_tables(source);
    if (plan_.blends()) writer_.include("resize.cu");
    const std::string element = element_type();
    const std::string in = writer_.input_as(0, element), out = writer_.output_as(0, element);
    std::string body;
    for (const ResizedDimension& d : dimensions())
      if (d.resized && !d.table) body += writer_.unless_empty(d.input, d.output, "continue");
    body += "value_t sums[" + std::to_string(pack_) + "];\n";
    body += packs_ ? sum(in) : each(sum(in));
    body += finish(out);
    Dims points;
    for (const ResizedDimension& d : dimensions()) points.push_back(d.output);
    finish_pack_loop(writer_, points, pack_, fmt::format("using value_t = {};\n", value_type()),
                     body, source);
    return source;
  }

 private:
  std::vector<ResizedDimension>& dimensions() { return plan_.dimensions; }

  // Elements are only moved by mode nearest.
  std::string element_type() const {
    if (plan_.blends()) return std::string(storage_type(type_));
    return std::string(moved_type(bit_width(type_) / 8));
  }
  std::string value_type() const { return plan_.blends() ? weight_ : element_type(); }

  void merge_dimensions() {
    std::vector<ResizedDimension> merged;
    for (const ResizedDimension& d : dimensions()) {
      if (!d.resized && d.output.is_constant(1)) continue;
      const bool follows = !merged.empty() && !d.resized && !merged.back().resized &&
                           merged.back().stride == d.stride * d.input;
      if (!follows) {
        merged.push_back(d);
        continue;
      }
      merged.back().output = merged.back().output * d.output;
      merged.back().input = merged.back().output;
      merged.back().stride = d.stride;
    }
    if (merged.empty()) {
      merged.emplace_back();
      merged[0].input = merged[0].output = merged[0].stride = 1;
    }
    dimensions() = std::move(merged);
  }

  // Elements side by side in the result are so in the image too (`packs_`), or each is blended for
  // itself.
  void choose_pack() {
    const ResizedDimension& inner = dimensions().back();
    packs_ = !inner.resized && inner.stride.is_constant(1);
    Dims strides{inner.output};
    for (size_t d = 0; packs_ && d + 1 < dimensions().size(); ++d)
      strides.push_back(dimensions()[d].stride);
    pack_ = widest_pack(bit_width(type_) / 8, strides);
    if (!packs_) pack_ = std::min(pack_, 4);
  }

  // Declares the tables, "index2" and "weight2" for dimension 2.
  void add_tables(DeviceSource& into) {
    KernelWriter tables(problem_, "resize_tables");
    tables.include("resize.cu");
    Dim bytes = 0;
    for (size_t d = 0; d < dimensions().size(); ++d) {
      const ResizedDimension& dim = dimensions()[d];
      if (!dim.resized) continue;
      if (dim.table) {
        writer_.declare(constants(d));
        continue;
      }
      const Dim rows = dim.output * Dim(int64_t{dim.taps});
      const Dim weights = bytes + ceil_div(rows, Dim(4)) * Dim(16);
      names_.resize(dimensions().size());
      names_[d] = {writer_.workspace("const int", bytes),
                   writer_.workspace(fmt::format("const {}", weight_), weights)};
      tables.body(tables.unless_empty(dim.input, dim.output, "return"));
      tables.body(fill_table(tables, dim, tables.workspace("int", bytes),
                             tables.workspace(weight_, weights)));
      bytes = weights + ceil_div(rows, Dim(2)) * Dim(16);
    }
    into.program.workspace_bytes = bytes;
    if (bytes.is_constant(0)) return;
    Dim longest = 1;
    for (const ResizedDimension& d : dimensions())
      if (d.resized) longest = max(longest, d.output);
    tables.finish({{blocks_for(longest, loop_threads), 1, 1}, {loop_threads, 1, 1}}, into);
  }

  std::string fill_table(KernelWriter& tables, const ResizedDimension& d, const std::string& index,
                         const std::string& weight) {
    const ResizeAttributes& a = plan_.attributes;
    const std::string in = tables.value(d.input), out = tables.value(d.output);
    const std::string scale =
        d.scale ? fmt::format("{:.17e}", *d.scale)
                : fmt::format("static_cast<double>({}) / static_cast<double>({})", out, in);
    return fmt::format(
        "for (int64 i = blockIdx.x * int64({0}) + threadIdx.x; i < {1}; i += gridDim.x * "
        "int64({0}))\nresize_row<{2}, {3}, {4}, {5}, {6}, {7}>(i, {8}, {1}, {9}, {10:.17e}, "
        "{11:.17e}, {12:.17e}, {13} + i * {5}, {14} + i * {5});\n",
        loop_threads, out, static_cast<int>(a.mode), static_cast<int>(a.transform),
        static_cast<int>(a.nearest), d.taps, a.antialias, a.exclude_outside, in, scale, d.roi_begin,
        d.roi_end, a.cubic_coefficient, index, weight);
  }

  std::string constants(size_t d) {
    const ResizeTable& table = *dimensions()[d].table;
    std::string indices, weights;
    const auto taps = static_cast<size_t>(table.taps);
    for (size_t i = 0; i < table.indices.size(); ++i) {
      indices += fmt::format("{}, ", table.outside[i / taps] ? -1 : table.indices[i]);
      weights += fmt::format("{:.17e}, ", table.weights[i]);
    }
    names_.resize(dimensions().size());
    names_[d] = {fmt::format("index{}", d), fmt::format("weight{}", d)};
    std::string text = fmt::format("__device__ const int index{}[] = {{{}}};\n", d, indices);
    if (plan_.blends())
      text +=
          fmt::format("__device__ const {} weight{}[] = {{{}}};\n", weight_, d, narrowed(weights));
    return text;
  }

  std::string narrowed(const std::string& weights) const {
    if (weight_ == "double") return weights;
    std::string text;
    for (char c : weights) text += c == ',' ? std::string("f,") : std::string(1, c);
    return text;
  }

  std::string each(const std::string& body) const {
    return fmt::format("#pragma unroll\nfor (int j = 0; j < {}; ++j) {{\n{}}}\n", pack_, body);
  }

  std::string coordinate(size_t d) const {
    const bool last = d + 1 == plan_.dimensions.size();
    return last && !packs_ ? fmt::format("(c{} + j)", d) : fmt::format("c{}", d);
  }

  // Statements that set sums[j], or all of them where packs are read.
  std::string sum(const std::string& in) {
    const std::string zero = "sums[j] = value_t();\n";
    std::string text = (packs_ ? each(zero) : zero) + "{\nbool inside = true;\n", close = "}\n";
    std::vector<std::string> terms;
    Dims strides;
    std::string weight;
    for (size_t d = 0; d < dimensions().size(); ++d) {
      const ResizedDimension& dim = dimensions()[d];
      strides.push_back(dim.stride);
      terms.push_back(dim.resized ? fmt::format("static_cast<index_t>(at{})", d) : coordinate(d));
      if (!dim.resized) continue;
      const std::string row = fmt::format("{} * {}", coordinate(d), dim.taps);
      if (plan_.crops)
        text += fmt::format("if ({}[{}] < 0) inside = false;\n", names_[d].index, row);
    }
    if (plan_.crops) {
      text += "if (inside) {\n";
      close = "} else {\n" + outside() + "}\n}\n";
    }
    for (size_t d = 0; d < dimensions().size(); ++d) {
      if (!dimensions()[d].resized) continue;
      text += begin_taps(d, weight);
      if (plan_.blends()) weight = fmt::format("w{}", d);
      close.insert(0, "}\n");
    }
    return text + add_element(in, linear(writer_, 0, terms, strides), weight) + close;
  }

  std::string begin_taps(size_t d, const std::string& before) {
    const ResizedDimension& dim = dimensions()[d];
    const std::string row = fmt::format("{} * {}", coordinate(d), dim.taps);
    if (!plan_.blends())
      return fmt::format("{{\nconst int at{} = {}[{}];\n", d, names_[d].index, row);
    return fmt::format(
        "#pragma unroll {5}\nfor (int t{0} = 0; t{0} < {1}; ++t{0}) {{\n"
        "const {2} own{0} = {3}[{4} + t{0}];\nif (own{0} == 0) continue;\n"
        "const {2} w{0} = {6}own{0};\nconst int at{0} = {7}[{4} + t{0}];\n",
        d, dim.taps, weight_, names_[d].weight, row, std::min(dim.taps, 4),
        before.empty() ? "" : before + " * ", names_[d].index);
  }

  std::string add_element(const std::string& in, const std::string& at, const std::string& weight) {
    const std::string times = weight.empty() ? "" : weight + " * ";
    const auto add = [&](const std::string& element) {
      if (!plan_.blends()) return fmt::format("sums[j] = {};\n", element);
      return fmt::format("sums[j] += {}static_cast<value_t>(to_compute({}));\n", times, element);
    };
    if (!packs_) return add(fmt::format("{}[{}]", in, at));
    return fmt::format(
        "const Pack<{0}, {1}> x = *reinterpret_cast<const Pack<{0}, {1}>*>({2} + "
        "({3}));\n{4}",
        element_type(), pack_, in, at, each(add("x.items[j]")));
  }

  // The extrapolation value, as the type has it.
  std::string outside() {
    const double value = plan_.attributes.extrapolation_value;
    std::string text;
    if (plan_.blends()) {
      text = fmt::format("sums[j] = static_cast<value_t>({:.17e});\n", value);
    } else {
      Tensor element(type_, {});
      dispatch_wide(type_,
                    [&]<class T>() { store_element<T>(element.view(), 0, static_cast<T>(value)); });
      text = fmt::format("sums[j] = {};\n", element_text(element));
    }
    return packs_ ? each(text) : text;
  }

  std::string finish(const std::string& out) {
    std::string value = "sums[j]";
    if (plan_.blends() && is_integer(type_))
      value = fmt::format("rounded_integer<{}>(sums[j])", storage_type(type_));
    else if (plan_.blends())
      value = fmt::format("from_compute<{}>(sums[j])", storage_type(type_));
    return fmt::format("Pack<{0}, {1}> y;\n{2}reinterpret_cast<Pack<{0}, {1}>*>({3})[i] = y;\n",
                       element_type(), pack_, each("y.items[j] = " + value + ";\n"), out);
  }

  struct TableNames {
    std::string index, weight;
  };

  const Problem& problem_;
  ResizePlan plan_;
  KernelWriter writer_;
  ElementType type_;
  std::string weight_;
  std::vector<TableNames> names_;
  bool packs_ = false;
  int pack_ = 1;
};

}  // namespace

Tactic resize_tactic() {
  Tactic tactic;
  tactic.name = "cuda.resize";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return ResizeKernel(query).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
