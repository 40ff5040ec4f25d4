#include "backends/cuda/build/rotary.h"

#include <algorithm>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/kernel_writer.h"

namespace cermet::cuda {
namespace {

enum Input : size_t { data, cosines, sines, positions };

bool has(const Problem& problem, size_t i) {
  return i < problem.inputs.size() && problem.inputs[i].has_value();
}

// Elements of a head; nothing where they depend on a symbol.
std::optional<int64_t> head_size(const Problem& problem) {
  const Dims& dims = *problem.inputs[data]->type.dims;
  if (!dims.back().is_constant()) return std::nullopt;
  if (dims.size() == 4) return dims.back().constant();
  const int64_t heads = problem.attributes.integer("num_heads", 0);
  if (heads <= 0 || dims.back().constant() % heads != 0) return std::nullopt;
  return dims.back().constant() / heads;
}

int64_t turned(const Problem& problem, int64_t head) {
  const int64_t asked = problem.attributes.integer("rotary_embedding_dim", 0);
  return asked == 0 ? head : asked;
}

std::optional<std::string> rejects_caches(const Problem& problem) {
  const int64_t rank = has(problem, positions) ? 2 : 3;
  for (size_t i : {cosines, sines}) {
    const ValueType& type = problem.inputs[i]->type;
    if (!is_floating(type.element)) return "the caches are no floats";
    if (static_cast<int64_t>(type.rank()) != rank)
      return fmt::format("the caches have to have {} dimensions", rank);
    if (type.element != problem.inputs[cosines]->type.element ||
        *type.dims != *problem.inputs[cosines]->type.dims)
      return "the caches have different types or shapes";
  }
  return std::nullopt;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.op != "RotaryEmbedding" || !problem.domain.empty())
    return "computes rotary embeddings only";
  if (problem.has_epilogue()) return "takes RotaryEmbedding alone";
  if (auto reason = rejects_operands(problem)) return reason;
  for (size_t i : {data, cosines, sines})
    if (!has(problem, i)) return "an operand is absent";
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand && !operand->layout.is_row_major()) return "operands have to be row-major";
  const ValueType& type = problem.inputs[data]->type;
  if (!is_floating(type.element) || type.element != problem.outputs[0]->type.element)
    return "takes floats";
  if (type.rank() != 3 && type.rank() != 4) return "the input has to have 3 or 4 dimensions";
  const auto head = head_size(problem);
  if (!head || *head < 1) return "the head size is not known";
  const int64_t size = turned(problem, *head);
  if (size <= 0 || size > *head || size % 2 != 0)
    return fmt::format("{} of {} elements can't be turned", size, *head);
  return rejects_caches(problem);
}

DeviceSource generate(const TacticQuery& query, std::string_view) {
  const Problem& problem = query.problem();
  KernelWriter writer(problem, "rotary");
  writer.include("rotary.cu");
  const Dims dims = writer.input_dims(data);
  const bool packed = dims.size() == 3;
  const int64_t head = *head_size(problem), half = turned(problem, head) / 2;
  const Dim heads = packed ? Dim(problem.attributes.integer("num_heads", 0)) : dims[1];
  const Dim length = packed ? dims[1] : dims[2];
  const Dim places = dims[0] * heads * length;
  const ElementType cache = problem.inputs[cosines]->type.element;
  const ElementType element = problem.inputs[data]->type.element;
  int pack = 128 / std::max(bit_width(element), bit_width(cache));
  while (half % pack != 0 || head % pack != 0) pack /= 2;
  const Dims cache_dims = writer.input_dims(cosines);
  const bool placed = has(problem, positions);
  writer.body(fmt::format(
      "turn_pairs<{}, {}, {}, {}, {}, {}, {}, {}>({}, {}, {}, {}, {}, {}, {}, {}, {});\n",
      storage_type(element), storage_type(cache),
      placed ? storage_type(problem.inputs[positions]->type.element) : "int64", half, head, pack,
      problem.attributes.integer("interleaved", 0) != 0, packed, writer.input_may_alias(data),
      writer.input(cosines), writer.input(sines), placed ? writer.input(positions) : "nullptr",
      writer.output_may_alias(0), writer.value(places), writer.value(heads), writer.value(length),
      writer.value(placed ? cache_dims[0] : cache_dims[0] * cache_dims[1])));
  const Dim pieces = places * Dim((head - half) / pack);
  DeviceSource source;
  writer.finish({{blocks_for(pieces, 256), 1, 1}, {256, 1, 1}}, source);
  return source;
}

}  // namespace

Tactic rotary_tactic() {
  Tactic tactic;
  tactic.name = "cuda.rotary";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
