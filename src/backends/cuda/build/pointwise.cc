#include "backends/cuda/build/pointwise.h"

#include <algorithm>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/loop_nest.h"
#include "backends/cuda/build/scalar_printer.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::pointwise) return "computes scalar expressions only";
  if (auto reason = rejects_operands(problem)) return reason;
  for (const auto& output : problem.outputs) {
    if (!output) return "an output is absent";
    if (output->layout != problem.outputs[0]->layout ||
        *output->type.dims != *problem.outputs[0]->type.dims)
      return "the results have different shapes or layouts";
  }
  for (const auto& input : problem.inputs)
    if (!input) return "an input is absent";
  return scalar_rejects(problem.expression);
}

// out[c] = expression(in0[c], in1[c], ...), operands broadcast to the results' coordinates c.
// A thread computes a pack of elements that lie side by side. Results may be operands' memory, as
// each element is read before it is written by the same thread.
class PointwiseKernel {
 public:
  explicit PointwiseKernel(const Problem& problem)
      : problem_(problem), writer_(problem, "pointwise"), nest_(writer_) {}

  DeviceSource source() {
    writer_.include("scalar.cu");
    for (size_t i = 0; i < problem_.inputs.size(); ++i) {
      inputs_.push_back(writer_.input_may_alias(i));
      nest_.add(writer_.input_dims(i), problem_.inputs[i]->layout);
    }
    for (size_t i = 0; i < problem_.outputs.size(); ++i)
      outputs_.push_back(writer_.output_may_alias(i));
    nest_.close(widest_pack());
    writer_.declare(fmt::format("using index_t = {};\n", nest_.index_type()));
    writer_.body(loop());
    DeviceSource source;
    writer_.finish({{blocks_for(nest_.packs(), threads), 1, 1}, {threads, 1, 1}}, source);
    return source;
  }

 private:
  // 16 bytes of the widest type.
  int widest_pack() const {
    int bytes = 1;
    for (const auto* operands : {&problem_.inputs, &problem_.outputs})
      for (const auto& operand : *operands)
        bytes = std::max(bytes, bit_width(operand->type.element) / 8);
    return 16 / bytes;
  }

  std::string loop() {
    const int pack = nest_.pack();
    std::string text = fmt::format(
        "const index_t packs = {};\n"
        "for (index_t i = blockIdx.x * static_cast<index_t>({}) + threadIdx.x; i < packs;\n"
        "     i += gridDim.x * static_cast<index_t>({})) {{\n{}",
        writer_.value(nest_.packs()), threads, threads, nest_.coordinates("i"));
    for (size_t k = 0; k < inputs_.size(); ++k)
      text += nest_.load(k, inputs_[k], fmt::format("x{}", k),
                         storage_type(problem_.inputs[k]->type.element));
    for (size_t k = 0; k < outputs_.size(); ++k)
      text += fmt::format("Pack<{}, {}> y{};\n", storage_type(problem_.outputs[k]->type.element),
                          pack, k);
    text += fmt::format("#pragma unroll\nfor (int j = 0; j < {}; ++j) {{\n", pack);
    std::vector<std::string> operands;
    for (size_t k = 0; k < inputs_.size(); ++k) operands.push_back(fmt::format("e{}", k));
    for (size_t k = 0; k < inputs_.size(); ++k)
      text += fmt::format("const {} e{} = to_compute({});\n",
                          compute_type(problem_.inputs[k]->type.element), k,
                          nest_.element(k, fmt::format("x{}", k)));
    const PrintedExpression printed = print_scalar(problem_.expression, operands, "v");
    text += printed.statements;
    for (size_t k = 0; k < outputs_.size(); ++k)
      text += fmt::format("y{}.items[j] = from_compute<{}>({});\n", k,
                          storage_type(problem_.outputs[k]->type.element), printed.results[k]);
    text += "}\n";
    for (size_t k = 0; k < outputs_.size(); ++k)
      text += nest_.store(outputs_[k], fmt::format("y{}", k),
                          storage_type(problem_.outputs[k]->type.element));
    return text + "}\n";
  }

  const Problem& problem_;
  KernelWriter writer_;
  LoopNest nest_;
  std::vector<std::string> inputs_, outputs_;
};

DeviceSource generate(const TacticQuery& query, std::string_view) {
  return PointwiseKernel(query.problem()).source();
}

void allow_in_place(Plan& plan, Step& step) {
  step.in_place.clear();
  const Problem& problem = step.problem;
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    const bool fits = problem.inputs[i] && problem.inputs[i]->type == problem.outputs[0]->type &&
                      problem.inputs[i]->layout == problem.outputs[0]->layout &&
                      plan.buffer(step.inputs[i]).storage != Storage::constant;
    const bool alone = std::none_of(step.inputs.begin(), step.inputs.end(), [&](BufferId& other) {
      return &other != &step.inputs[i] && other != no_buffer &&
             plan.root_of(other) == plan.root_of(step.inputs[i]);
    });
    if (!fits || !alone) continue;
    step.in_place = {{0, static_cast<int32_t>(i)}};
    return;
  }
}

}  // namespace

Tactic pointwise_tactic() {
  Tactic tactic;
  tactic.name = "cuda.pointwise";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = generate;
  tactic.prepare = allow_in_place;
  return tactic;
}

}  // namespace cermet::cuda
