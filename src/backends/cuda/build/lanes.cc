#include "backends/cuda/build/lanes.h"

#include <algorithm>
#include <numeric>

#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/scalar_printer.h"

namespace cermet::cuda {

Lanes::Lanes(const Dims& dims, const Layout& layout, const std::vector<bool>& within) {
  Dim stride = 1;
  const std::vector<size_t> order = memory_order(layout, dims.size());
  for (size_t k = order.size(); k-- > 0;) {
    const size_t d = order[k];
    Dim& total = within[d] ? length_ : count_;
    total = total * dims[d];
    if (!within[d]) counting_.insert(counting_.begin(), d);
    if (!dims[d].is_constant(1)) {
      if (!groups_.empty() && groups_.front().within == within[d])
        groups_.front().size = groups_.front().size * dims[d];
      else
        groups_.insert(groups_.begin(), Group{within[d], dims[d], stride});
    }
    stride = stride * dims[d];
  }
}

bool Lanes::are_runs() const {
  const size_t n = groups_.size();
  return n == 0 || (n == 1) || (n == 2 && groups_[1].within);
}

bool Lanes::are_columns() const {
  const size_t n = groups_.size();
  return are_runs() || (n == 2 && groups_[0].within) || (n == 3 && groups_[1].within);
}

Dim Lanes::outer() const {
  return groups_.empty() || groups_.front().within ? Dim(1) : groups_.front().size;
}

Dim Lanes::inner() const {
  return are_runs() || groups_.back().within ? Dim(1) : groups_.back().size;
}

std::string Lanes::offset(KernelWriter& writer, std::string_view name, bool within) const {
  std::string text =
      fmt::format("const auto {} = [=](index_t rest) -> index_t {{\nindex_t at = 0;\n", name);
  size_t left = 0;
  for (const Group& group : groups_) left += group.within == within;
  for (size_t k = groups_.size(); k-- > 0;) {
    const Group& group = groups_[k];
    if (group.within != within) continue;
    const std::string size = fmt::format("static_cast<index_t>({})", writer.value(group.size));
    const std::string stride = fmt::format("static_cast<index_t>({})", writer.value(group.stride));
    if (--left == 0)
      text += fmt::format("at += rest * {};\n", stride);
    else
      text += fmt::format("at += rest % {0} * {1};\nrest /= {0};\n", size, stride);
  }
  return text + "return at;\n};\n";
}

std::string Lanes::lane_offset(KernelWriter& writer, std::string_view name) const {
  return offset(writer, name, false);
}
std::string Lanes::element_offset(KernelWriter& writer, std::string_view name) const {
  return offset(writer, name, true);
}

std::string index_declaration(std::initializer_list<Dims> shapes) {
  std::string_view type = "int";
  for (Dims shape : shapes) {
    shape.emplace_back(2);
    if (index_type({shape}) != "int") type = "int64";
  }
  return fmt::format("using index_t = {};\n", type);
}

std::string declare_coordinates(KernelWriter& writer, std::string_view index, const Dims& dims,
                                std::span<const size_t> order, std::string_view prefix) {
  std::string text = fmt::format("index_t {}rest = {};\n", prefix, index);
  std::vector<bool> counted(dims.size(), false);
  for (size_t k = order.size(); k-- > 0;) {
    const size_t d = order[k];
    counted[d] = true;
    const std::string size = fmt::format("static_cast<index_t>({})", writer.value(dims[d]));
    if (k == 0)
      text += fmt::format("const index_t {0}{1} = {0}rest;\n", prefix, d);
    else
      text +=
          fmt::format("const index_t {0}{1} = {0}rest % {2};\n{0}rest /= {2};\n", prefix, d, size);
  }
  for (size_t d = 0; d < dims.size(); ++d)
    if (!counted[d]) text += fmt::format("const index_t {}{} = 0;\n", prefix, d);
  return text;
}

std::vector<std::string> coordinate_names(size_t rank, std::string_view prefix) {
  std::vector<std::string> names;
  for (size_t d = 0; d < rank; ++d) names.push_back(fmt::format("{}{}", prefix, d));
  return names;
}

ElementType own_result_type(const Problem& problem) {
  if (problem.has_epilogue())
    for (const ScalarNode& node : problem.expression.nodes())
      if (node.op == ScalarOp::input && node.index == 0) return node.type;
  return problem.outputs.at(0)->type.element;
}

std::optional<std::string> rejects_epilogue(const Problem& problem) {
  if (!problem.has_epilogue()) return std::nullopt;
  if (problem.expression.results().size() != 1) return "the epilogue has several results";
  for (size_t i = problem.epilogue_first; i < problem.inputs.size(); ++i)
    if (!problem.inputs[i]) return "an operand of the epilogue is absent";
  return scalar_rejects(problem.expression);
}

size_t own_input_count(const Problem& problem) {
  return problem.has_epilogue() ? problem.epilogue_first : problem.inputs.size();
}

std::string element_result(KernelWriter& writer) {
  const Problem& problem = writer.problem();
  const Operand& output = *problem.outputs[0];
  const Dims dims = writer.output_dims(0);
  std::string text =
      fmt::format("const auto result = [=](index_t at, {} value) -> {} {{\n",
                  compute_type(own_result_type(problem)), storage_type(output.type.element));
  if (problem.has_epilogue())
    text += declare_coordinates(writer, "at", dims, memory_order(output.layout, dims.size()), "c");
  const PrintedExpression printed =
      print_epilogue(writer, "value", coordinate_names(dims.size(), "c"), "v");
  return text + printed.statements +
         fmt::format("return from_compute<{}>({});\n}};\n", storage_type(output.type.element),
                     printed.results[0]);
}

int dividing_pack(const Dim& size, int most) {
  if (!size.is_constant()) return 1;
  while (size.constant() % most != 0) most /= 2;
  return most;
}

int widest_pack(ElementType type) { return 128 / std::max(8, bit_width(type)); }

}  // namespace cermet::cuda
