#include "backends/cuda/build/softmax.h"

#include <algorithm>

#include "backends/cuda/build/lane_map.h"
#include "backends/cuda/build/operand_memory.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!problem.domain.empty() ||
      (problem.op != "Softmax" && problem.op != "LogSoftmax" && problem.op != "Hardmax"))
    return "computes softmax only";
  if (auto reason = rejects_operands(problem)) return reason;
  if (!problem.inputs[0]) return "input 0 is absent";
  if (!is_floating(problem.inputs[0]->type.element)) return "the elements are no floats";
  if (problem.inputs[0]->layout != problem.outputs[0]->layout)
    return "input and result have different layouts";
  return rejects_epilogue(problem);
}

LaneMap map_of(const Problem& problem, Dims dims) {
  LaneMap map;
  map.layout = problem.inputs[0]->layout;
  map.within.assign(dims.size(), false);
  if (!dims.empty())
    map.within.at(axis_of(problem.attributes.integer("axis", -1), dims.size())) = true;
  map.dims = std::move(dims);
  map.widest = std::min(widest_pack(problem.inputs[0]->type.element),
                        widest_pack(problem.outputs[0]->type.element));
  return map;
}

LaneMap typical_map(const TacticQuery& query) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  const size_t rank = static_cast<size_t>(query.problem().inputs[0]->type.rank());
  return map_of(query.problem(),
                shapes && shapes->inputs[0] ? to_dims(*shapes->inputs[0]) : Dims(rank, Dim(64)));
}

// out[lane, r] = exp(in[lane, r] - max) / sum, or its logarithm, or 1 at the first of the largest;
// the epilogue behind. Computed in float (double for double). The result may be the input's memory.
DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Problem& problem = query.problem();
  KernelWriter writer(problem, "softmax");
  for (const char* file : {"lanes.cu", "folds.cu", "lane_map.cu", "softmax.cu"})
    writer.include(file);
  const LaneMap map = map_of(problem, writer.input_dims(0));
  writer.declare(index_declaration({map.dims}));
  writer.body(element_result(writer));
  const std::string out = writer.output_may_alias(0);
  const auto write = [&](int pack) {
    return fmt::format(
        "Values<{0}, {1}> y;\n#pragma unroll\nfor (int j = 0; j < {1}; ++j) y.items[j] = result(at "
        "+ j, values.items[j]);\nstore_values({2} + at, y);\n",
        storage_type(problem.outputs[0]->type.element), pack, out);
  };
  const std::string_view type = compute_type(problem.inputs[0]->type.element);
  const std::string operation = problem.op == "Hardmax"
                                    ? fmt::format("HardmaxOperation<{}, index_t>", type)
                                    : fmt::format("{}Operation<{}>", problem.op, type);
  DeviceSource source;
  finish_lane_map(writer, map, operation, configuration, write, source);
  return source;
}

}  // namespace

Tactic softmax_tactic() {
  Tactic tactic;
  tactic.name = "cuda.softmax";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = [](const TacticQuery& query) {
    const Dims& dims = *query.problem().inputs[0]->type.dims;
    return lane_map_configurations(map_of(query.problem(), dims), typical_map(query));
  };
  tactic.estimate = [](const TacticQuery& query, std::string_view configuration) {
    return lane_map_estimate(query, typical_map(query), configuration);
  };
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
