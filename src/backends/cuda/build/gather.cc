#include "backends/cuda/build/gather.h"

#include <array>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/operator_rule.h"

namespace cermet::cuda {
namespace {

Dim product_of(const Dims& dims, size_t begin, size_t end) {
  return product(Dims(dims.begin() + static_cast<std::ptrdiff_t>(begin),
                      dims.begin() + static_cast<std::ptrdiff_t>(end)));
}

std::string moved_input(KernelWriter& writer) {
  return writer.input_as(0, moved_type(element_bytes(*writer.problem().outputs[0])));
}

std::string moved_output(KernelWriter& writer) {
  return writer.output_as(0, moved_type(element_bytes(*writer.problem().outputs[0])));
}

// Reads the pack at `offset` and writes it as the loop's pack i.
std::string move_pack(KernelWriter& writer, std::string_view offset) {
  return fmt::format(
      "reinterpret_cast<pack_t*>({})[i] = *reinterpret_cast<const pack_t*>({} + ({}));\n",
      moved_output(writer), moved_input(writer), offset);
}

int pack_of_block(const Problem& problem, const Dim& block) {
  return widest_pack(element_bytes(*problem.outputs[0]), {block});
}

// out[o, i, b] = x[o, indices[i], b]
DeviceSource gather(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dims& x = sizes.input(0);
  const size_t axis = axis_of(problem.attributes.integer("axis", 0), x.size());
  const Dim block = product_of(x, axis + 1, x.size());
  const Dims points{product_of(x, 0, axis), product(sizes.input(1)), block};
  KernelWriter writer(problem, "gather");
  const std::string size = index_value(writer, x[axis]);
  const std::string body =
      fmt::format(
          "bool inside = true;\n"
          "const index_t at = checked_index<index_t>({}[c1], {}, {}, inside);\n"
          "if (!inside) continue;\n",
          writer.input(1), size, writer.fault()) +
      move_pack(writer, fmt::format("(c0 * {} + at) * {} + c2", size, index_value(writer, block)));
  DeviceSource source;
  finish_pack_loop(writer, points, pack_of_block(problem, block), "", body, source);
  return source;
}

// A dimension of the result of GatherElements, or several that are walked as one.
struct ElementsDimension {
  Dim size, stride;  // the data's stride
  bool is_axis = false;
};

std::vector<ElementsDimension> elements_dimensions(const OperandSizes& sizes, size_t axis) {
  const Dims &out = sizes.input(1), strides = sizes.input_strides(0);
  std::vector<ElementsDimension> list;
  for (size_t d = 0; d < out.size(); ++d) {
    const bool follows = !list.empty() && d != axis && !list.back().is_axis &&
                         list.back().stride == strides[d] * out[d];
    if (!follows) {
      list.push_back({out[d], strides[d], d == axis});
      continue;
    }
    list.back().size = list.back().size * out[d];
    list.back().stride = strides[d];
  }
  return list;
}

// Leaves the kernel where the indices have more elements than the data, off the axis.
std::string check_sizes(KernelWriter& writer, const Dims& data, const Dims& indices, size_t axis) {
  std::string text;
  for (size_t d = 0; d < data.size(); ++d)
    if (d != axis && data[d] != indices[d] && !(data[d].is_constant() && indices[d].is_constant()))
      text += fmt::format("if ({0} < {1}) return tell_fault({2}, fault_t::sizes, {0}, {1});\n",
                          writer.value(data[d]), writer.value(indices[d]), writer.fault());
  return text;
}

// out[c] = x[c with indices[c] for the coordinate of the axis]
DeviceSource gather_elements(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const size_t rank = sizes.input(0).size();
  const size_t axis = axis_of(problem.attributes.integer("axis", 0), rank);
  KernelWriter writer(problem, "gather_elements");
  Dims points, strides;
  std::vector<std::string> at;
  for (const ElementsDimension& d : elements_dimensions(sizes, axis)) {
    at.push_back(d.is_axis ? "at" : fmt::format("c{}", points.size()));
    points.push_back(d.size);
    strides.push_back(d.stride);
  }
  const std::string body =
      fmt::format(
          "bool inside = true;\n"
          "const index_t at = checked_index<index_t>({}[i], {}, {}, inside);\n"
          "if (!inside) continue;\n",
          writer.input(1), index_value(writer, sizes.input(0)[axis]), writer.fault()) +
      move_pack(writer, linear(writer, 0, at, strides));
  DeviceSource source;
  finish_pack_loop(writer, points, 1, check_sizes(writer, sizes.input(0), sizes.input(1), axis),
                   body, source);
  return source;
}

std::optional<std::string> elements_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const Dims &data = *problem.inputs[0]->type.dims, &indices = *problem.inputs[1]->type.dims;
  if (data.empty()) return "the data have no dimension";
  if (data.size() != indices.size()) return "data and indices have different ranks";
  const size_t axis = axis_of(problem.attributes.integer("axis", 0), data.size());
  for (size_t d = 0; d < data.size(); ++d)
    if (d != axis && data[d].is_constant() && indices[d].is_constant() &&
        indices[d].constant() > data[d].constant())
      return "the indices have more elements than the data";
  return std::nullopt;
}

size_t batch_dims(const Problem& problem) {
  return static_cast<size_t>(problem.attributes.integer("batch_dims", 0));
}

// out[row, b] = x[indices[row], b]
DeviceSource gather_nd(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const BlockIndex index = BlockIndex::of(sizes, batch_dims(problem));
  KernelWriter writer(problem, "gather_nd");
  const std::string body =
      index.place(writer, "c0") + "if (!inside) continue;\n" +
      move_pack(writer, fmt::format("at * {} + c1", index_value(writer, index.block)));
  DeviceSource source;
  finish_pack_loop(writer, {index.rows, index.block}, pack_of_block(problem, index.block), "", body,
                   source);
  return source;
}

std::optional<std::string> nd_rejects(const TacticQuery& query) {
  return BlockIndex::rejects(query.problem(), batch_dims(query.problem()));
}

// The first lengths[b] elements along time are read in reverse.
DeviceSource reverse_sequence(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dims& x = sizes.input(0);
  const size_t batch = axis_of(problem.attributes.integer("batch_axis", 1), x.size());
  const Dim block = product_of(x, 2, x.size());
  KernelWriter writer(problem, "reverse_sequence");
  const std::string times = index_value(writer, x[1 - batch]);
  const std::string sources = batch == 0 ? fmt::format("c0 * {} + from", times)
                                         : fmt::format("from * {} + c1", index_value(writer, x[1]));
  const std::string body =
      fmt::format(
          "const int64 length = {0}[c{1}];\nif (length < 0 || length > {2}) {{\n"
          "tell_fault({4}, fault_t::length, length, {2});\ncontinue;\n}}\n"
          "const index_t from = c{3} < length ? static_cast<index_t>(length) - 1 - c{3} : c{3};\n",
          writer.input(1), batch, times, 1 - batch, writer.fault()) +
      move_pack(writer, fmt::format("({}) * {} + c2", sources, index_value(writer, block)));
  DeviceSource source;
  finish_pack_loop(writer, {x[0], x[1], block}, pack_of_block(problem, block), "", body, source);
  return source;
}

struct GatherRule {
  std::string_view op;
  DeviceSource (*make)(const TacticQuery&);
  std::optional<std::string> (*rejects)(const TacticQuery&) = nullptr;
};

constexpr std::array rules{
    GatherRule{"Gather", gather},
    GatherRule{"GatherElements", gather_elements, elements_rejects},
    GatherRule{"GatherND", gather_nd, nd_rejects},
    GatherRule{"ReverseSequence", reverse_sequence},
};

// Constant indices outside of a known dimension are an error of the model, which the reference
// kernel tells while the engine is built.
std::optional<std::string> rejects_constant_indices(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!problem.op.starts_with("Gather") || problem.op == "GatherND") return std::nullopt;
  const Dims& data = *problem.inputs[0]->type.dims;
  const size_t axis = axis_of(problem.attributes.integer("axis", 0), data.size());
  const auto indices = constant_integers(query, 1);
  if (!indices || !data.at(axis).is_constant()) return std::nullopt;
  const int64_t size = data[axis].constant();
  for (int64_t index : *indices)
    if (index < -size || index >= size)
      return fmt::format("index {} is outside a dimension of size {}", index, size);
  return std::nullopt;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const GatherRule* rule = rule_of(rules, problem);
  if (rule == nullptr) return "computes gathered elements only";
  if (auto reason = rejects_moved(problem)) return reason;
  if (auto reason = rejects_layouts(problem)) return reason;
  if (!has_input(problem, 1) || !is_index_type(problem.inputs[1]->type.element))
    return "indices of int32 or int64 only";
  if (rule->rejects != nullptr)
    if (auto reason = rule->rejects(query)) return reason;
  return rejects_constant_indices(query);
}

}  // namespace

bool is_index_type(ElementType type) {
  return type == ElementType::int32 || type == ElementType::int64;
}

BlockIndex BlockIndex::of(const OperandSizes& sizes, size_t batch) {
  const Dims &data = sizes.input(0), &rows = sizes.input(1);
  BlockIndex index;
  index.batch = batch;
  index.depth = static_cast<size_t>(rows.back().constant());
  index.sizes = data;
  const size_t named = batch + index.depth;
  index.block = product_of(data, named, data.size());
  index.rows = product_of(rows, 0, rows.size() - 1);
  index.rows_a_batch = product_of(rows, batch, rows.size() - 1);
  for (size_t d = 0; d < named; ++d) index.strides.push_back(product_of(data, d + 1, named));
  return index;
}

std::optional<std::string> BlockIndex::rejects(const Problem& problem, size_t batch) {
  const Dims &data = *problem.inputs[0]->type.dims, &rows = *problem.inputs[1]->type.dims;
  if (rows.size() <= batch || !rows.back().is_constant())
    return "the length of an index is unknown";
  if (batch + static_cast<size_t>(rows.back().constant()) > data.size())
    return "indices name more dimensions than the data have";
  for (size_t d = 0; d < batch; ++d)
    if (data[d] != rows[d]) return "batches may differ";
  return std::nullopt;
}

std::string BlockIndex::place(KernelWriter& writer, const std::string& row) const {
  std::string text = "bool inside = true;\nindex_t at = 0;\n";
  if (batch > 0)
    text = fmt::format("bool inside = true;\nindex_t at = {} / {} * {};\n", row,
                       index_value(writer, rows_a_batch), index_value(writer, strides[batch - 1]));
  for (size_t k = 0; k < depth; ++k)
    text += fmt::format("at += checked_index<index_t>({}[{} * {} + {}], {}, {}, inside) * {};\n",
                        writer.input(1), row, depth, k, index_value(writer, sizes[batch + k]),
                        writer.fault(), index_value(writer, strides[batch + k]));
  return text;
}

Tactic gather_tactic() {
  Tactic tactic;
  tactic.name = "cuda.gather";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return rule_of(rules, query.problem())->make(query);
  };
  return tactic;
}

}  // namespace cermet::cuda
