#include "backends/cuda/build/pooling.h"

#include <algorithm>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/lanes.h"
#include "base/error.h"
#include "ops/convolution/pooling.attrs.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!problem.domain.empty() ||
      (problem.op != "MaxPool" && problem.op != "AveragePool" && problem.op != "LpPool"))
    return "computes pooling only";
  if (auto reason = rejects_operands(problem)) return reason;
  if (!problem.inputs[0]) return "input 0 is absent";
  const Operand& x = *problem.inputs[0];
  if (!is_floating(x.type.element) && problem.op != "MaxPool") return "the elements are no floats";
  if (x.type.element == ElementType::boolean || bit_width(x.type.element) > 64)
    return "the elements are no numbers";
  if (x.type.rank() < 3 || x.type.rank() > 5) return "one to three spatial dimensions are taken";
  if (!x.layout.is_row_major() && x.layout != Layout::channels_last(x.type.rank()))
    return "the input has layout " + x.layout.to_string();
  for (const auto& output : problem.outputs)
    if (output && output->layout != x.layout) return "input and results have different layouts";
  return rejects_epilogue(problem);
}

// y[n, c, o] = pool over the window's taps k of x[n, c, o * stride + k * dilation - pad], taps
// outside of the image left out; then the epilogue. Channels-last: a thread computes a pack of
// channels, else one element. Accumulated in the compute type, taps in order.
class PoolingKernel {
 public:
  explicit PoolingKernel(const Problem& problem)
      : problem_(problem),
        attributes_(PoolingAttributes::from(problem.attributes)),
        writer_(problem, "pool"),
        x_(writer_.input_dims(0)),
        y_(writer_.output_dims(0)),
        rank_(x_.size()),
        last_(!problem.inputs[0]->layout.is_row_major()),
        places_(problem.outputs.size() > 1 && problem.outputs[1].has_value()) {
    const int widest = std::min(widest_pack(problem.inputs[0]->type.element),
                                widest_pack(problem.outputs[0]->type.element));
    pack_ = last_ ? dividing_pack(y_[1], widest) : 1;
  }

  DeviceSource source() {
    for (const char* file : {"lanes.cu", "lane_map.cu", "pooling.cu"}) writer_.include(file);
    writer_.declare(index_declaration({x_, y_}));
    writer_.declare(pool());
    writer_.body(element_result(writer_));
    const Dim packs = ceil_div(product(y_), Dim(int64_t{pack_}));
    writer_.body(fmt::format(
        "const index_t packs = {0};\n"
        "for (index_t i = blockIdx.x * static_cast<index_t>({1}) + threadIdx.x; i < packs;\n"
        "     i += gridDim.x * static_cast<index_t>({1})) {{\n{2}}}\n",
        writer_.value(packs), threads, element()));
    DeviceSource source;
    writer_.finish({{blocks_for(packs, threads), 1, 1}, {threads, 1, 1}}, source);
    return source;
  }

 private:
  std::string index(const Dim& value) {
    return fmt::format("static_cast<index_t>({})", writer_.value(value));
  }

  // Declares Pool.
  std::string pool() const {
    const ElementType element = problem_.inputs[0]->type.element;
    const std::string_view type = compute_type(element);
    if (problem_.op == "AveragePool")
      return fmt::format("using Pool = AveragePool<{}, index_t>;\n", type);
    if (problem_.op == "LpPool")
      return fmt::format("using Pool = LpPool<{}, index_t, {}>;\n", type, attributes_.p);
    std::string lowest = "-__uint_as_float(0x7f800000u)";
    if (!is_floating(element))
      lowest =
          is_signed_integer(element)
              ? fmt::format("-1LL - 0x{:x}LL", (~uint64_t{0} >> 1) >> (64 - bit_width(element)))
              : "0";
    return fmt::format(
        "struct Lowest {{\nstatic __device__ __forceinline__ {0} value() {{\nreturn "
        "static_cast<{0}>({1});\n}}\n}};\nusing Pool = MaxPool<{0}, index_t, Lowest>;\n",
        type, lowest);
  }

  // Strides of the image in elements.
  Dim stride(size_t dimension) const {
    Dim result = 1;
    const std::vector<size_t> order = memory_order(problem_.inputs[0]->layout, rank_);
    for (size_t k = rank_; k > 0 && order[k - 1] != dimension; --k)
      result = result * x_[order[k - 1]];
    return result;
  }

  // The loops over the taps, spatial dimension d and those behind it.
  std::string loops(size_t d, const std::string& at, const std::string& place) {
    const Window& window = attributes_.window;
    if (d == window.rank())
      return fmt::format(
          "const auto x = load_values<{0}>({1} + {2});\n++elements;\n#pragma unroll\n"
          "for (int j = 0; j < {0}; ++j) pools[j].add(to_compute(x.items[j]), {3});\n",
          pack_, writer_.input(0), at, place.empty() ? "0" : place);
    const std::string next = fmt::format("{} + x{} * {}", at, d, index(stride(d + 2)));
    return fmt::format(
        "for (index_t k{0} = 0; k{0} < {1}; ++k{0}) {{\n"
        "const index_t x{0} = c{2} * {3} - {4} + k{0} * {5};\n"
        "if (x{0} < 0 || x{0} >= {6}) continue;\n{7}}}\n",
        d, window.kernel[d].constant(), d + 2, window.strides[d],
        index(window.padding(x_[d + 2], d).begin), window.dilations[d], index(x_[d + 2]),
        loops(d + 1, next, fmt::format("{} + x{} * {}", place, d, index(place_stride(d)))));
  }

  // What spatial dimension d counts for in the indices.
  Dim place_stride(size_t d) const {
    Dim result = 1;
    const bool first_fastest = attributes_.column_major_indices;
    for (size_t other = 0; other < rank_ - 2; ++other)
      if (first_fastest ? other < d : other > d) result = result * x_[other + 2];
    return result;
  }

  // Elements that an average is over.
  std::string divisor() {
    if (problem_.op != "AveragePool" || !attributes_.count_include_pad) return "elements";
    std::string text;
    const Window& window = attributes_.window;
    for (size_t d = 0; d < window.rank(); ++d) {
      const Dim end = x_[d + 2] + window.padding(x_[d + 2], d).total();
      text += fmt::format("{}taps_before<index_t>(c{} * {}, {}, {}, {})", d == 0 ? "" : " * ",
                          d + 2, window.strides[d], index(end), window.kernel[d].constant(),
                          window.dilations[d]);
    }
    return text;
  }

  std::string element() {
    const std::vector<size_t> order = memory_order(problem_.inputs[0]->layout, rank_);
    const std::string base = fmt::format("c0 * {} + c1 * {}", index(stride(0)), index(stride(1)));
    std::string text = fmt::format("const index_t at = i * {};\n", pack_);
    text += declare_coordinates(writer_, "at", y_, order, "c");
    text += fmt::format(
        "Pool pools[{0}];\n#pragma unroll\nfor (int j = 0; j < {0}; ++j) pools[j].start();\n"
        "index_t elements = 0;\n{1}const index_t divisor = {2};\n",
        pack_, loops(0, base, ""), divisor());
    text += fmt::format(
        "Values<{0}, {1}> y;\n#pragma unroll\nfor (int j = 0; j < {1}; ++j) y.items[j] = "
        "result(at + j, pools[j].value(divisor));\nstore_values({2} + at, y);\n",
        storage_type(problem_.outputs[0]->type.element), pack_, writer_.output(0));
    if (!places_) return text;
    Dim plane = 1;
    for (size_t d = 2; d < rank_; ++d) plane = plane * x_[d];
    return text +
           fmt::format(
               "for (int j = 0; j < {0}; ++j)\n{1}[at + j] = pools[j].place < 0 ? -1 : "
               "static_cast<int64>(pools[j].place) + static_cast<int64>(c0 * {2} + c1 + j) * "
               "{3};\n",
               pack_, writer_.output(1), index(x_[1]), index(plane));
  }

  const Problem& problem_;
  const PoolingAttributes attributes_;
  KernelWriter writer_;
  const Dims x_, y_;
  const size_t rank_;
  const bool last_, places_;
  int pack_ = 1;
};

}  // namespace

Tactic pooling_tactic() {
  Tactic tactic;
  tactic.name = "cuda.pooling";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) {
    return 1.5 * traffic_us(query);
  };
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return PoolingKernel(query.problem()).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
