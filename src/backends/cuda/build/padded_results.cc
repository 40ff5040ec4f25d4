#include "backends/cuda/build/padded_results.h"

#include <charconv>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/operand_memory.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int nonzero_threads = 256;
constexpr int64_t elements_of_block = 2048;
constexpr int64_t most_blocks = 1024;

std::optional<std::string> rejects_padded(const Problem& problem, std::string_view op) {
  if (problem.domain != "cermet" || problem.op != op) return fmt::format("computes {} only", op);
  if (problem.has_epilogue()) return "takes no epilogue";
  if (auto reason = rejects_operands(problem)) return reason;
  if (problem.outputs.size() != 2 || !problem.outputs[0] || !problem.outputs[1])
    return "a result is absent";
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand && !operand->layout.is_row_major()) return "an operand is not row-major";
  return std::nullopt;
}

std::string scratch(int threads) {
  return fmt::format("__shared__ int64 scratch[{}];\n", threads / 32);
}

// PaddedNonZero: out0[d, i] = coordinate d of the i-th element that is not 0, out1[0] the number of
// such elements. Blocks count their parts, then write behind those of the blocks before.
std::optional<std::string> rejects_nonzero(const TacticQuery& query) {
  return rejects_padded(query.problem(), "PaddedNonZero");
}

DeviceSource nonzero(const TacticQuery& query, std::string_view) {
  const Problem& problem = query.problem();
  DeviceSource source;
  KernelWriter counting(problem, "count_nonzero_kernel");
  const Dims dims = counting.input_dims(0);
  const Dim elements = product(dims);
  const Dim blocks = max(min(ceil_div(elements, Dim(elements_of_block)), Dim(most_blocks)), Dim(1));
  const Grid grid{{blocks, 1, 1}, {nonzero_threads, 1, 1}};
  for (const char* file : {"padded.cu", "nonzero.cu"}) counting.include(file);
  counting.body(fmt::format("{}count_nonzero<{}>({}, {}, scratch, {});\n", scratch(nonzero_threads),
                            nonzero_threads, counting.input(0), counting.value(elements),
                            counting.workspace("int64", 0)));
  counting.finish(grid, source);
  KernelWriter writing(problem, "write_nonzero_kernel");
  for (const char* file : {"padded.cu", "nonzero.cu"}) writing.include(file);
  const std::string out = writing.output(0), size = writing.value(elements);
  std::string coordinates = "int64 rest = i;\n", zeros;
  for (size_t d = dims.size(); d-- > 0;) {
    const std::string line = fmt::format("{}[{} * static_cast<int64>({}) + ", out, d, size);
    coordinates += d == 0 ? fmt::format("{}place] = rest;\n", line)
                          : fmt::format("{0}place] = rest % {1};\nrest /= {1};\n", line,
                                        writing.value(dims[d]));
    zeros += fmt::format("{}i] = 0;\n", line);
  }
  writing.body(fmt::format(
      "{0}const int64 all = write_nonzero<{1}>({2}, {3}, {4}, scratch, [=](int64 place, int64 i) "
      "{{\n{5}}});\nfill_rest<{1}>(all, {3}, [=](int64 i) {{\n{6}}});\n"
      "if (blockIdx.x == 0 && threadIdx.x == 0) {7}[0] = all;\n",
      scratch(nonzero_threads), nonzero_threads, writing.input(0), size,
      writing.workspace("const int64", 0), coordinates, zeros, writing.output(1)));
  writing.finish(grid, source);
  source.program.workspace_bytes = blocks * 8;
  return source;
}

double estimate_nonzero(const TacticQuery& query, std::string_view) {
  const double traffic = traffic_us(query);
  return traffic < 0 ? traffic : traffic + rates_of(query.architecture).launch_us + 3;
}

bool is_single(const Operand& operand) {
  return operand.type.rank() == 0 ||
         (operand.type.rank() == 1 && (*operand.type.dims)[0].is_constant(1));
}

std::optional<std::string> rejects_suppression(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_padded(problem, "PaddedNonMaxSuppression")) return reason;
  for (size_t i : {0, 1})
    if (const ElementType type = problem.inputs[i]->type.element;
        !is_floating(type) || bit_width(type) > 32)
      return fmt::format("boxes and scores of {} are not compared", name(type));
  for (size_t i : {2, 3, 4})
    if (has_input(problem, i) && !is_single(*problem.inputs[i]))
      return fmt::format("input {} is not known to be one number", i);
  const Dim& boxes = (*problem.inputs[1]->type.dims)[2];
  if (boxes.is_constant() && boxes.constant() > INT32_MAX) return "there are too many boxes";
  return std::nullopt;
}

// PaddedNonMaxSuppression. Workspace: how many boxes each class of each batch keeps, those boxes,
// and the candidates that are left.
class SuppressionKernels {
 public:
  SuppressionKernels(const Problem& problem, int threads)
      : problem_(problem),
        threads_(threads),
        scores_(KernelWriter(problem, "").input_dims(1)),
        lanes_(scores_[0] * scores_[1]),
        grid_{{max(min(lanes_, Dim(int64_t{INT32_MAX})), Dim(1)), 1, 1}, {threads, 1, 1}} {}

  DeviceSource source() {
    DeviceSource source;
    select(source);
    gather(source);
    source.program.workspace_bytes = left_at() + lanes_ * scores_[2] * 4;
    return source;
  }

 private:
  Dim kept_at() const { return ceil_div(lanes_, Dim(2)) * 16; }
  Dim left_at() const { return kept_at() + ceil_div(lanes_ * scores_[2], Dim(4)) * 16; }

  KernelWriter begin(std::string function) const {
    KernelWriter writer(problem_, std::move(function));
    writer.include("padded.cu");
    writer.body(fmt::format("{}const int64 lanes = {}, count = {};\n", scratch(threads_),
                            writer.value(lanes_), writer.value(scores_[2])));
    return writer;
  }

  std::string number(KernelWriter& writer, size_t i, std::string_view absent) const {
    return has_input(problem_, i)
               ? fmt::format("static_cast<double>(to_compute({}[0]))", writer.input(i))
               : std::string(absent);
  }

  void select(DeviceSource& source) const {
    KernelWriter writer = begin("select_boxes");
    writer.include("suppression.cu");
    const bool by_score = has_input(problem_, 4);
    writer.body(fmt::format(
        "const int64 wanted = {0}[0];\n"
        "const int most = static_cast<int>(wanted < 0 ? 0 : (wanted < count ? wanted : count));\n"
        "const double threshold = {1}, least = {2};\n"
        "for (int64 lane = blockIdx.x; lane < lanes; lane += gridDim.x) {{\n"
        "const auto* const scores = {3} + lane * count;\n"
        "const int found = suppress<{4}, {5}>({6} + lane / {7} * count * 4, scores, "
        "static_cast<int>(count), most, threshold, [=](int box) {{\n"
        "return {8};\n}}, {9} + lane * count, {10} + lane * count, scratch);\n"
        "if (threadIdx.x == 0) {11}[lane] = found;\n__syncthreads();\n}}\n",
        writer.input(2), number(writer, 3, "0.0"), number(writer, 4, "0.0"), writer.input(1),
        threads_, problem_.attributes.integer("center_point_box", 0) != 0, writer.input(0),
        writer.value(scores_[1]),
        by_score ? "static_cast<double>(to_compute(scores[box])) > least" : "true",
        writer.workspace("int", left_at()), writer.workspace("int", kept_at()),
        writer.workspace("int64", 0)));
    writer.finish(grid_, source);
  }

  void gather(DeviceSource& source) const {
    KernelWriter writer = begin("gather_boxes");
    const std::string out = writer.output(0), counts = writer.workspace("const int64", 0);
    writer.body(fmt::format(
        "int64 all = 0;\n"
        "for (int64 lane = blockIdx.x; lane < lanes || lane == blockIdx.x; lane += gridDim.x) {{\n"
        "const int64 before = sum_before<{0}>({1}, lanes, lane, scratch, all);\n"
        "if (lane >= lanes) break;\n"
        "for (int64 i = threadIdx.x; i < {1}[lane]; i += {0}) {{\n"
        "int64* const row = {2} + (before + i) * 3;\n"
        "row[0] = lane / {3};\nrow[1] = lane % {3};\nrow[2] = {4}[lane * count + i];\n}}\n}}\n"
        "fill_rest<{0}>(3 * all, 3 * static_cast<int64>({5}), [=](int64 i) {{ {2}[i] = 0; }});\n"
        "if (blockIdx.x == 0 && threadIdx.x == 0) {6}[0] = all;\n",
        threads_, counts, out, writer.value(scores_[1]), writer.workspace("const int", kept_at()),
        writer.value(writer.output_dims(0)[0]), writer.output(1)));
    writer.finish(grid_, source);
  }

  const Problem& problem_;
  const int threads_;
  const Dims scores_;
  const Dim lanes_;
  const Grid grid_;
};

int threads_in(std::string_view text) {
  int threads = 256;
  std::from_chars(text.data(), text.data() + text.size(), threads);
  return threads;
}

// Each box that is kept takes a pass over the candidates: here all of them, of which some are left.
double estimate_suppression(const TacticQuery& query, std::string_view configuration) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  const double traffic = traffic_us(query);
  if (!shapes || traffic < 0) return traffic;
  const CardRates rates = rates_of(query.architecture);
  const Shape& scores = *shapes->inputs[1];
  const auto lanes = static_cast<double>(scores[0] * scores[1]);
  const int threads = threads_in(configuration);
  const double waves = std::max(1.0, lanes * threads / (2048.0 * rates.multiprocessors));
  constexpr double passes = 30;
  const double pass = 0.5 + 1e-3 * threads + 0.02 * static_cast<double>(scores[2]) / threads;
  return traffic + rates.launch_us + waves * passes * pass;
}

}  // namespace

Tactic nonzero_tactic() {
  Tactic tactic;
  tactic.name = "cuda.nonzero";
  tactic.place = Place::device;
  tactic.rejects = rejects_nonzero;
  tactic.estimate = estimate_nonzero;
  tactic.generate = nonzero;
  return tactic;
}

Tactic suppression_tactic() {
  Tactic tactic;
  tactic.name = "cuda.suppression";
  tactic.place = Place::device;
  tactic.rejects = rejects_suppression;
  tactic.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"256", "1024"};
  };
  tactic.estimate = estimate_suppression;
  tactic.generate = [](const TacticQuery& query, std::string_view configuration) {
    return SuppressionKernels(query.problem(), threads_in(configuration)).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
