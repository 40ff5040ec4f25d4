// Normalisations that need no statistics of lanes: BatchNormalization and LRN.
#include <algorithm>
#include <bit>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/lanes.h"
#include "backends/cuda/build/loop_nest.h"
#include "backends/cuda/build/normalization.h"
#include "backends/cuda/build/operand_memory.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 256;

std::optional<std::string> rejects_image(const Problem& problem) {
  if (auto reason = rejects_operands(problem)) return reason;
  for (size_t i = 1; i < problem.outputs.size(); ++i)
    if (problem.outputs[i]) return fmt::format("output {} is not computed", i);
  if (problem.inputs.empty() || !problem.inputs[0]) return "input 0 is absent";
  if (problem.inputs[0]->layout != problem.outputs[0]->layout)
    return "input and result have different layouts";
  for (size_t i = 0; i < own_input_count(problem); ++i)
    if (problem.inputs[i] && !is_floating(problem.inputs[i]->type.element))
      return fmt::format("input {} is not of floats", i);
  return rejects_epilogue(problem);
}

std::optional<std::string> rejects_batch(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.op != "BatchNormalization" || !problem.domain.empty())
    return "computes BatchNormalization only";
  if (problem.attributes.integer("training_mode", 0) != 0) return "training mode";
  if (auto reason = rejects_image(problem)) return reason;
  for (size_t i = 1; i < 5; ++i)
    if (own_input_count(problem) <= i || !problem.inputs[i] || problem.inputs[i]->type.rank() != 1)
      return fmt::format("input {} is no vector", i);
  return std::nullopt;
}

std::string literal(double value) {
  return fmt::format("__longlong_as_double(0x{:016x}LL)", std::bit_cast<uint64_t>(value));
}

// y = (x - mean[c]) / sqrt(variance[c] + epsilon) * scale[c] + bias[c], then the epilogue; a thread
// computes a pack of elements that lie side by side. The result may be the input's memory.
DeviceSource generate_batch(const TacticQuery& query, std::string_view) {
  const Problem& problem = query.problem();
  KernelWriter writer(problem, "normalize_channels");
  LoopNest nest(writer);
  const Dims dims = writer.input_dims(0);
  nest.add(dims, problem.inputs[0]->layout);
  // One value a channel, spread along the dimensions behind it.
  Dims channel(dims.size() < 2 ? 1 : dims.size() - 1, Dim(1));
  if (dims.size() > 1) channel[0] = dims[1];
  for (int i = 1; i < 5; ++i) nest.add(channel, {});
  nest.close(std::min(widest_pack(problem.inputs[0]->type.element),
                      widest_pack(problem.outputs[0]->type.element)));
  writer.declare(fmt::format("using index_t = {};\n", nest.index_type()));
  writer.body(element_result(writer));
  const auto storage = [](const Operand& operand) { return storage_type(operand.type.element); };
  const std::string_view type = compute_type(problem.inputs[0]->type.element);
  std::string text = fmt::format(
      "const index_t packs = {0};\n"
      "for (index_t i = blockIdx.x * static_cast<index_t>({1}) + threadIdx.x; i < packs;\n"
      "     i += gridDim.x * static_cast<index_t>({1})) {{\n{2}",
      writer.value(nest.packs()), threads, nest.coordinates("i"));
  for (size_t k = 0; k < 5; ++k)
    text += nest.load(k, k == 0 ? writer.input_may_alias(0) : writer.input(k),
                      fmt::format("x{}", k), storage(*problem.inputs[k]));
  text += fmt::format("Pack<{}, {}> y;\n#pragma unroll\nfor (int j = 0; j < {}; ++j) {{\n",
                      storage(*problem.outputs[0]), nest.pack(), nest.pack());
  for (size_t k = 0; k < 5; ++k)
    text += fmt::format("const {0} e{1} = static_cast<{0}>(to_compute({2}));\n", type, k,
                        nest.element(k, fmt::format("x{}", k)));
  text += fmt::format(
      "const {0} factor = e1 / sqrt(e4 + static_cast<{0}>({1}));\n"
      "y.items[j] = result(static_cast<index_t>({2}) + j, (e0 - e3) * factor + e2);\n}}\n",
      type, literal(problem.attributes.number("epsilon", 1e-5)),
      problem.has_epilogue() ? nest.place() : "0");
  text += nest.store(writer.output_may_alias(0), "y", storage(*problem.outputs[0])) + "}\n";
  writer.body(text);
  DeviceSource source;
  writer.finish({{blocks_for(nest.packs(), threads), 1, 1}, {threads, 1, 1}}, source);
  return source;
}

std::optional<std::string> rejects_local(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.op != "LRN" || !problem.domain.empty()) return "computes LRN only";
  if (auto reason = rejects_image(problem)) return reason;
  if (problem.inputs[0]->type.rank() < 2) return "there are no channels";
  return std::nullopt;
}

// y[c] = x[c] / (bias + alpha / size * sum of x^2 over the size channels around c) ^ beta, then the
// epilogue; a thread for each element.
DeviceSource generate_local(const TacticQuery& query, std::string_view) {
  const Problem& problem = query.problem();
  KernelWriter writer(problem, "normalize_locally");
  const Dims dims = writer.input_dims(0);
  writer.declare(index_declaration({dims}));
  writer.body(element_result(writer));
  const Layout& layout = problem.inputs[0]->layout;
  Dim stride = 1;
  const std::vector<size_t> order = memory_order(layout, dims.size());
  for (size_t k = order.size(); k > 0 && order[k - 1] != 1; --k)
    stride = stride * dims[order[k - 1]];
  const int64_t size = problem.attributes.integer("size");
  writer.body(fmt::format(
      "using T = {0};\nconst index_t channels = {1}, stride = {2};\nconst {3}* x = {4};\n"
      "for (index_t at = blockIdx.x * static_cast<index_t>({5}) + threadIdx.x; at < {6};\n"
      "     at += gridDim.x * static_cast<index_t>({5})) {{\n"
      "const index_t c = at / stride % channels;\n"
      "const index_t first = c < {7} ? 0 : c - {7};\n"
      "const index_t last = channels - 1 - c < {8} ? channels - 1 : c + {8};\n"
      "T sum = 0;\nfor (index_t k = first; k <= last; ++k) {{\n"
      "const T v = static_cast<T>(to_compute(x[at + (k - c) * stride]));\nsum += v * v;\n}}\n"
      "const T divisor = pow(static_cast<T>({9}) + static_cast<T>({10}) * sum, "
      "static_cast<T>({11}));\n"
      "{12}[at] = result(at, static_cast<T>(to_compute(x[at])) / divisor);\n}}\n",
      compute_type(problem.inputs[0]->type.element), writer.value(dims[1]), writer.value(stride),
      storage_type(problem.inputs[0]->type.element), writer.input(0), threads,
      writer.value(product(dims)), (size - 1) / 2, size - 1 - (size - 1) / 2,
      literal(problem.attributes.number("bias", 1)),
      literal(problem.attributes.number("alpha", 1e-4) / static_cast<double>(size)),
      literal(problem.attributes.number("beta", 0.75)), writer.output(0)));
  DeviceSource source;
  writer.finish({{blocks_for(product(dims), threads), 1, 1}, {threads, 1, 1}}, source);
  return source;
}

}  // namespace

Tactic batch_normalization_tactic() {
  Tactic tactic;
  tactic.name = "cuda.batch_normalization";
  tactic.place = Place::device;
  tactic.rejects = rejects_batch;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = generate_batch;
  return tactic;
}

Tactic local_response_tactic() {
  Tactic tactic;
  tactic.name = "cuda.local_response";
  tactic.place = Place::device;
  tactic.rejects = rejects_local;
  tactic.estimate = [](const TacticQuery& query, std::string_view) {
    return 1.5 * traffic_us(query);
  };
  tactic.generate = generate_local;
  return tactic;
}

}  // namespace cermet::cuda
