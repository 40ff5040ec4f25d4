#include "backends/cuda/build/moved_operands.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>

#include "backends/cuda/build/operand_memory.h"
#include "base/error.h"
#include "base/scalar.h"

namespace cermet::cuda {
namespace {

std::optional<std::string> rejects_operand(const Operand& operand) {
  if (!operand.type.is_tensor()) return "an operand is no tensor";
  if (!operand.type.has_rank()) return "the rank of an operand is unknown";
  if (operand.type.rank() > 8) return "an operand has more than 8 dimensions";
  if (bit_width(operand.type.element) < 8) return "elements of whole bytes only";
  if (!operand.layout.is_dense()) return "an operand has the layout " + operand.layout.to_string();
  return std::nullopt;
}

}  // namespace

std::string_view moved_type(int bytes) {
  constexpr std::array<std::string_view, 5> names{"uint8", "uint16", "uint32", "uint64", "wide_t"};
  for (size_t k = 0; k < names.size(); ++k)
    if (bytes == 1 << k) return names[k];
  fail(ErrorCode::internal, "elements of {} bytes can't be moved", bytes);
}

void declare_moved_types(KernelWriter& writer) {
  writer.declare("using wide_t = Pack<uint64, 2>;\n");
}

std::string element_text(const Tensor& value) {
  const auto bytes = static_cast<size_t>(bit_width(value.type())) / 8;
  std::array<uint64_t, 2> bits{};
  std::memcpy(bits.data(), value.data(), bytes);
  if (bytes == 16) return fmt::format("wide_t{{{}ULL, {}ULL}}", bits[0], bits[1]);
  return fmt::format("static_cast<{}>({}ULL)", moved_type(static_cast<int>(bytes)), bits[0]);
}

int element_bytes(const Operand& operand) { return bit_width(operand.type.element) / 8; }

std::optional<std::string> rejects_moved(const Problem& problem) {
  if (problem.has_epilogue()) return "takes no epilogue";
  if (problem.inputs.empty() || !problem.inputs[0]) return "input 0 is absent";
  if (problem.outputs.empty()) return "there is no output";
  for (const auto& output : problem.outputs)
    if (!output) return "an output is absent";
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand)
        if (auto reason = rejects_operand(*operand)) return reason;
  return std::nullopt;
}

std::optional<std::string> rejects_layouts(const Problem& problem) {
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand && !operand->layout.is_row_major()) return "operands have to be row-major";
  return std::nullopt;
}

OperandSizes::OperandSizes(const Problem& problem) : problem_(problem) {
  const auto each = [&](auto&& visit) {
    for (const bool output : {false, true}) {
      const auto& operands = output ? problem.outputs : problem.inputs;
      for (size_t i = 0; i < operands.size(); ++i)
        if (operands[i]) visit(output, i, *operands[i]->type.dims);
    }
  };
  each([&](bool output, size_t i, const Dims& dims) {
    for (size_t d = 0; d < dims.size(); ++d)
      if (const auto symbol = dims[d].as_symbol())
        symbols_.emplace(*symbol, operand_size(output, i, d));
  });
  inputs_.resize(problem.inputs.size());
  outputs_.resize(problem.outputs.size());
  each([&](bool output, size_t i, const Dims& dims) {
    for (size_t d = 0; d < dims.size(); ++d)
      (output ? outputs_ : inputs_)[i].push_back(named(dims[d], operand_size(output, i, d)));
  });
}

Dim OperandSizes::named(const Dim& dim, const Dim& symbol) {
  if (dim.is_constant()) return dim;
  std::set<std::string> symbols;
  dim.collect_symbols(symbols);
  bool known = true;
  for (const std::string& name : symbols) known = known && symbols_.contains(name);
  if (known) return dim.substitute(symbols_);
  for (const auto& [expression, name] : expressions_)
    if (expression == dim) return name;
  expressions_.emplace_back(dim, symbol);
  return symbol;
}

Dims OperandSizes::input_strides(size_t i) const {
  return strides_of(inputs_.at(i), problem_.inputs.at(i)->layout);
}

Dims OperandSizes::output_strides(size_t i) const {
  return strides_of(outputs_.at(i), problem_.outputs.at(i)->layout);
}

bool divides(int64_t by, const Dim& size) {
  if (by == 1) return true;
  if (size.is_constant()) return size.constant() % by == 0;
  return exact_div(size, Dim(by)).has_value();
}

std::optional<std::vector<int64_t>> constant_integers(const TacticQuery& query, size_t i) {
  const Tensor* tensor = has_input(query.problem(), i) ? query.constant(i) : nullptr;
  if (tensor == nullptr) return std::nullopt;
  return load_integers(tensor->view(), fmt::format("input {}", i));
}

std::string_view loop_index_type(const std::vector<Dims>& shapes) {
  constexpr int64_t most = int64_t{1} << 30;
  for (const Dims& dims : shapes) {
    if (index_type({dims}) != "int") return "int64";
    if (product(dims).constant() > most) return "int64";
  }
  return "int";
}

std::string index_value(KernelWriter& writer, const Dim& dim) {
  if (dim.is_constant()) return writer.value(dim);
  return fmt::format("static_cast<index_t>({})", writer.value(dim));
}

std::string linear(KernelWriter& writer, const Dim& offset, const std::vector<std::string>& terms,
                   const Dims& strides) {
  std::string text = offset.is_constant(0) ? "" : index_value(writer, offset);
  for (size_t d = 0; d < terms.size(); ++d) {
    if (strides[d].is_constant(0)) continue;
    text += (text.empty() ? "" : " + ") + terms[d];
    if (!strides[d].is_constant(1)) text += " * " + index_value(writer, strides[d]);
  }
  return text.empty() ? "0" : text;
}

std::string begin_loop(KernelWriter& writer, const Dims& sizes, int pack) {
  Dims steps = sizes;
  if (pack > 1) steps.back() = floor_div(steps.back(), Dim(int64_t{pack}));
  std::string text = fmt::format(
      "const index_t points = {};\n"
      "for (index_t i = blockIdx.x * static_cast<index_t>({}) + threadIdx.x; i < points;\n"
      "     i += gridDim.x * static_cast<index_t>({})) {{\nindex_t rest = i;\n",
      index_value(writer, product(steps)), loop_threads, loop_threads);
  for (size_t d = sizes.size(); d-- > 0;) {
    const std::string scale = d + 1 == sizes.size() && pack > 1 ? fmt::format(" * {}", pack) : "";
    if (d == 0)
      text += fmt::format("const index_t c0 = rest{};\n", scale);
    else
      text += fmt::format("const index_t c{0} = rest % {1}{2};\nrest /= {1};\n", d,
                          index_value(writer, steps[d]), scale);
  }
  return text;
}

Grid loop_grid(const Dims& sizes, int pack) {
  Dim points = product(sizes);
  if (pack > 1) points = ceil_div(points, Dim(int64_t{pack}));
  return {{blocks_for(points, loop_threads), 1, 1}, {loop_threads, 1, 1}};
}

std::vector<std::string> loop_coordinates(size_t rank) {
  std::vector<std::string> names;
  for (size_t d = 0; d < rank; ++d) names.push_back(fmt::format("c{}", d));
  return names;
}

int widest_pack(int bytes, const Dims& sizes) {
  int pack = 16 / bytes;
  const auto fits = [&](const Dim& size) { return divides(pack, size); };
  while (pack > 1 && !std::all_of(sizes.begin(), sizes.end(), fits)) pack /= 2;
  return pack;
}

void finish_pack_loop(KernelWriter& writer, const Dims& points, int pack, std::string_view before,
                      std::string_view body, DeviceSource& into) {
  const Problem& problem = writer.problem();
  std::vector<Dims> shapes{points};
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand) shapes.push_back(*operand->type.dims);
  declare_moved_types(writer);
  writer.declare(fmt::format(
      "using index_t = {};\nusing element_t = {};\nusing pack_t = Pack<element_t, {}>;\n",
      loop_index_type(shapes), moved_type(element_bytes(*problem.outputs[0])), pack));
  writer.body(before);
  writer.body(begin_loop(writer, points, pack));
  writer.body(body);
  writer.body("}\n");
  writer.finish(loop_grid(points, pack), into);
}

}  // namespace cermet::cuda
