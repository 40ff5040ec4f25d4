// out = data, then the updates merged into the places that indices name, in the order of the
// updates whatever the order of threads: those that meet in one place are chained up, and one
// thread merges them.
#include <algorithm>
#include <array>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/gather.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/strided_copy.h"

namespace cermet::cuda {
namespace {

std::string reduction_of(const Problem& problem) {
  return problem.attributes.text("reduction", "none");
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const bool elements = problem.op == "ScatterElements";
  if (!problem.domain.empty() || (!elements && problem.op != "ScatterND"))
    return "computes scattered elements only";
  if (auto reason = rejects_moved(problem)) return reason;
  if (auto reason = rejects_layouts(problem)) return reason;
  if (!has_input(problem, 1) || !has_input(problem, 2)) return "an input is absent";
  if (!is_index_type(problem.inputs[1]->type.element)) return "indices of int32 or int64 only";
  const ElementType type = problem.outputs[0]->type.element;
  if (reduction_of(problem) != "none" && (!has_kernel_type(type) || type == ElementType::boolean))
    return fmt::format("kernels don't reduce elements of type {}", name(type));
  if (!elements) return BlockIndex::rejects(problem, 0);
  const Dims &data = *problem.inputs[0]->type.dims, &rows = *problem.inputs[1]->type.dims;
  if (data.empty()) return "the data have no dimension";
  if (rows != *problem.inputs[2]->type.dims) return "indices and updates may differ in shape";
  const size_t axis = axis_of(problem.attributes.integer("axis", 0), data.size());
  for (size_t d = 0; d < data.size(); ++d)
    if (d != axis && data[d].is_constant() && rows[d].is_constant() &&
        rows[d].constant() > data[d].constant())
      return "the indices have more elements than the data";
  return std::nullopt;
}

class ScatterKernels {
 public:
  explicit ScatterKernels(const Problem& problem)
      : problem_(problem),
        sizes_(problem),
        elements_(problem.op == "ScatterElements"),
        reduction_(reduction_of(problem)) {
    if (elements_) {
      updates_ = product(sizes_.input(1));
      slots_ = product(sizes_.input(0));
      block_ = 1;
    } else {
      index_ = BlockIndex::of(sizes_, 0);
      updates_ = index_.rows;
      block_ = index_.block;
      slots_ = product(Dims(sizes_.input(0).begin(),
                            sizes_.input(0).begin() + static_cast<std::ptrdiff_t>(index_.depth)));
    }
    pointer_ = loop_index_type({sizes_.input(0), sizes_.input(1), sizes_.input(2)}) == "int"
                   ? "unsigned"
                   : "uint64";
    number_bytes_ = pointer_ == "unsigned" ? 4 : 8;
  }

  DeviceSource source() {
    DeviceSource source;
    StridedCopy copy;
    copy.sizes = {product(sizes_.input(0))};
    copy.from = copy.to = {1};
    copy.normalise({0});
    add_strided_copies(problem_, {&copy, 1}, 32, 1, source);
    clear(source);
    link(source);
    merge(source);
    const Dim slots = slots_ * Dim(number_bytes_);
    source.program.workspace_bytes = rounded(slots) * Dim(2) + updates_ * Dim(number_bytes_);
    return source;
  }

 private:
  // Updates without a slot.
  static constexpr const char* leave_out = "if (!inside) continue;\n";

  static Dim rounded(const Dim& bytes) { return ceil_div(bytes, Dim(16)) * Dim(16); }

  // Of each slot: the update that was linked last (counted from 1), and how many there are; of each
  // update the one before it in its chain.
  std::string last(KernelWriter& writer) { return writer.workspace(pointer_, 0); }
  std::string count(KernelWriter& writer) {
    return writer.workspace(pointer_, rounded(slots_ * Dim(number_bytes_)));
  }
  std::string before(KernelWriter& writer) {
    return writer.workspace(pointer_, rounded(slots_ * Dim(number_bytes_)) * Dim(2));
  }

  // Statements that declare `at`, the slot of update `row`, and `inside`: whether there is one.
  std::string place(KernelWriter& writer, const std::string& row) {
    if (!elements_) return index_.place(writer, row);
    const Dims &rows = sizes_.input(1), strides = sizes_.input_strides(0);
    const size_t axis = axis_of(problem_.attributes.integer("axis", 0), rows.size());
    std::string text =
        fmt::format("bool inside = true;\nindex_t at = 0;\n{{\nindex_t left = {};\n", row);
    for (size_t d = rows.size(); d-- > 0;) {
      const std::string size = index_value(writer, rows[d]), by = index_value(writer, strides[d]);
      if (d == axis)
        text += fmt::format("at += checked_index<index_t>({}[{}], {}, {}, inside) * {};\n",
                            writer.input(1), row, index_value(writer, sizes_.input(0)[d]),
                            writer.fault(), by);
      else
        text += fmt::format("at += {} * {};\n", d == 0 ? "left" : "left % " + size, by);
      if (d > 0) text += fmt::format("left /= {};\n", size);
    }
    return text + "}\n";
  }

  std::string check(KernelWriter& writer) {
    if (!elements_) return "";
    const size_t axis = axis_of(problem_.attributes.integer("axis", 0), sizes_.input(0).size());
    std::string text;
    for (size_t d = 0; d < sizes_.input(0).size(); ++d)
      if (d != axis && sizes_.input(0)[d] != sizes_.input(1)[d])
        text += fmt::format("if ({0} < {1}) return tell_fault({2}, fault_t::sizes, {0}, {1});\n",
                            writer.value(sizes_.input(0)[d]), writer.value(sizes_.input(1)[d]),
                            writer.fault());
    return text;
  }

  void clear(DeviceSource& into) {
    KernelWriter writer(problem_, "scatter_clear");
    const std::string body = place(writer, "c0") + leave_out +
                             fmt::format("{}[at] = 0;\n{}[at] = 0;\n", last(writer), count(writer));
    finish_pack_loop(writer, {updates_}, 1, check(writer), body, into);
  }

  void link(DeviceSource& into) {
    KernelWriter writer(problem_, "scatter_link");
    writer.include("scatter.cu");
    const std::string body = place(writer, "c0") + leave_out +
                             fmt::format("link_update(c0, at, {}, {}, {});\n", last(writer),
                                         count(writer), before(writer));
    finish_pack_loop(writer, {updates_}, 1, check(writer), body, into);
  }

  // The thread of the update that was linked last merges all of its slot; without a reduction the
  // one with the highest number is what remains.
  void merge(DeviceSource& into) {
    KernelWriter writer(problem_, "scatter_merge");
    writer.include("scatter.cu");
    const bool reduces = reduction_ != "none";
    const ElementType type = problem_.outputs[0]->type.element;
    const std::string_view element =
        reduces ? storage_type(type) : moved_type(element_bytes(*problem_.outputs[0]));
    const std::string updates = writer.input_as(2, element), out = writer.output_as(0, element);
    const std::string block = index_value(writer, block_);
    std::string body = place(writer, "c0") + leave_out;
    body += fmt::format("if ({}[at] != c0 + 1) continue;\n", last(writer));
    if (reduces) {
      body += fmt::format(
          "{0} value = {1}[at * {2} + c1];\n"
          "for_updates_in_order(c0, {3}[at], {4}, static_cast<index_t>({5}), [&](index_t other) "
          "{{\n{6}return at;\n}}, [&](index_t n) {{\n"
          "value = from_compute<{0}>(merge_{7}(to_compute(value), to_compute({8}[n * {2} + "
          "c1])));\n}});\n{1}[at * {2} + c1] = value;\n",
          element, out, block, count(writer), before(writer), writer.value(updates_),
          place(writer, "other"), reduction_, updates);
    } else {
      body += fmt::format(
          "const index_t n = highest_update(c0, {}, {}[at]);\n{}[at * {} + c1] = {}[n * {} + "
          "c1];\n",
          before(writer), count(writer), out, block, updates, block);
    }
    finish_pack_loop(writer, {updates_, block_}, 1, check(writer), body, into);
  }

  const Problem& problem_;
  OperandSizes sizes_;
  bool elements_;
  std::string reduction_;
  BlockIndex index_;
  Dim updates_, slots_, block_;
  std::string_view pointer_;
  int64_t number_bytes_ = 8;
};

}  // namespace

Tactic scatter_tactic() {
  Tactic tactic;
  tactic.name = "cuda.scatter";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) {
    return 4 * traffic_us(query);
  };
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return ScatterKernels(query.problem()).source();
  };
  return tactic;
}

}  // namespace cermet::cuda
