#include "backends/cuda/build/tensor_scatter.h"

#include <algorithm>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/gather.h"

namespace cermet::cuda {
namespace {

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.op != "TensorScatter" || !problem.domain.empty())
    return "computes TensorScatter only";
  if (auto reason = rejects_moved(problem)) return reason;
  if (auto reason = rejects_layouts(problem)) return reason;
  if (!has_input(problem, 1)) return "an input is absent";
  if (has_input(problem, 2) && !is_index_type(problem.inputs[2]->type.element))
    return "indices of int32 or int64 only";
  const Dims &cache = *problem.inputs[0]->type.dims, &update = *problem.inputs[1]->type.dims;
  const size_t axis = axis_of(problem.attributes.integer("axis", -2), cache.size());
  if (update.size() != cache.size() || axis == 0 || axis >= cache.size())
    return "update and cache don't fit";
  for (size_t d = 0; d < cache.size(); ++d)
    if (d != axis && cache[d] != update[d]) return "update and cache may differ in shape";
  return std::nullopt;
}

// out[n, m, p, b] = update[n, m, p - start[n], b] where the update reaches, else cache[n, m, p, b].
// The cache may be the result's memory: then only the update is written.
DeviceSource generate(const TacticQuery& query, std::string_view) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dims &cache = sizes.input(0), &update = sizes.input(1);
  const size_t axis = axis_of(problem.attributes.integer("axis", -2), cache.size());
  const auto at = cache.begin() + static_cast<std::ptrdiff_t>(axis);
  const Dim block = product(Dims(at + 1, cache.end()));
  const Dims points{cache[0], product(Dims(cache.begin() + 1, at)), *at, block};
  const int pack = widest_pack(element_bytes(*problem.outputs[0]), {block});
  KernelWriter writer(problem, "tensor_scatter");
  const std::string type(moved_type(element_bytes(*problem.outputs[0])));
  const bool circular = problem.attributes.text("mode", "linear") == "circular";
  const std::string start = has_input(problem, 2) ? writer.input(2) + "[c0]" : "0";
  std::string body = fmt::format(
      "int64 start = {};\nconst int64 capacity = {}, length = {};\n"
      "if (length > capacity || start < 0{}) {{\n"
      "tell_fault({}, fault_t::place, start, capacity);\ncontinue;\n}}\n",
      start, writer.value(*at), writer.value(update[axis]),
      circular ? "" : " || start > capacity - length", writer.fault());
  body += circular ? "int64 place = c2 - start % capacity;\nif (place < 0) place += capacity;\n"
                   : "const int64 place = c2 - start;\n";
  const std::string in = writer.input_may_alias_as(0, type);
  const std::string out = writer.output_may_alias_as(0, type);
  body += fmt::format(
      "pack_t* y = reinterpret_cast<pack_t*>({0}) + i;\n"
      "if (place >= 0 && place < length)\n"
      "*y = *reinterpret_cast<const pack_t*>({1} + ((c0 * {2} + c1) * static_cast<index_t>(length) "
      "+ static_cast<index_t>(place)) * {3} + c3);\n"
      "else if ({4} != {0})\n*y = reinterpret_cast<const pack_t*>({4})[i];\n",
      out, writer.input_as(1, type), index_value(writer, points[1]), index_value(writer, block),
      in);
  DeviceSource source;
  finish_pack_loop(writer, points, pack, "", body, source);
  return source;
}

void allow_in_place(Plan& plan, Step& step) {
  step.in_place.clear();
  const bool alone = std::none_of(step.inputs.begin() + 1, step.inputs.end(), [&](BufferId other) {
    return other != no_buffer && plan.root_of(other) == plan.root_of(step.inputs[0]);
  });
  if (alone && plan.buffer(step.inputs[0]).storage != Storage::constant) step.in_place = {{0, 0}};
}

}  // namespace

Tactic tensor_scatter_tactic() {
  Tactic tactic;
  tactic.name = "cuda.tensor_scatter";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = generate;
  tactic.prepare = allow_in_place;
  return tactic;
}

}  // namespace cermet::cuda
