#include "backends/cuda/build/kernel_writer.h"

#include <algorithm>
#include <limits>

#include "backends/cuda/build/kernel_texts.h"
#include "base/error.h"

namespace cermet::cuda {
namespace {

struct TypeNames {
  ElementType type;
  std::string_view storage, compute;
};

constexpr std::array type_names{
    TypeNames{ElementType::float32, "float", "float"},
    TypeNames{ElementType::float64, "double", "double"},
    TypeNames{ElementType::float16, "half_t", "float"},
    TypeNames{ElementType::bfloat16, "bfloat16_t", "float"},
    TypeNames{ElementType::int8, "int8", "int8"},
    TypeNames{ElementType::uint8, "uint8", "uint8"},
    TypeNames{ElementType::int16, "int16", "int16"},
    TypeNames{ElementType::uint16, "uint16", "uint16"},
    TypeNames{ElementType::int32, "int32", "int32"},
    TypeNames{ElementType::uint32, "uint32", "uint32"},
    TypeNames{ElementType::int64, "int64", "int64"},
    TypeNames{ElementType::uint64, "uint64", "uint64"},
    TypeNames{ElementType::boolean, "bool", "bool"},
    TypeNames{ElementType::float8e4m3fn, "float8e4m3fn_t", "float"},
    TypeNames{ElementType::float8e4m3fnuz, "float8e4m3fnuz_t", "float"},
    TypeNames{ElementType::float8e5m2, "float8e5m2_t", "float"},
    TypeNames{ElementType::float8e5m2fnuz, "float8e5m2fnuz_t", "float"},
};

const TypeNames& names_of(ElementType type) {
  for (const TypeNames& names : type_names)
    if (names.type == type) return names;
  fail(ErrorCode::internal, "kernels have no type {}", name(type));
}

// Sizes that are no numbers become those of the operand.
Dims concrete_dims(const ValueType& type, bool output, size_t operand) {
  Dims dims = *type.dims;
  for (size_t d = 0; d < dims.size(); ++d)
    if (!dims[d].is_constant()) dims[d] = operand_size(output, operand, d);
  return dims;
}

std::optional<std::string> rejects_operand(const Operand& operand, bool takes_pitch) {
  if (!operand.type.is_tensor()) return "an operand is no tensor";
  if (!operand.type.has_rank()) return "the rank of an operand is unknown";
  if (operand.type.rank() > 8) return "an operand has more than 8 dimensions";
  if (!has_kernel_type(operand.type.element))
    return fmt::format("kernels have no type {}", name(operand.type.element));
  if (operand.layout.block_axis >= 0 || (operand.layout.pitch != 0 && !takes_pitch))
    return "an operand has the layout " + operand.layout.to_string();
  return std::nullopt;
}

bool uses_small_floats(const Problem& problem) {
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand && is_small_float(operand->type.element)) return true;
  const auto& nodes = problem.expression.nodes();
  return std::any_of(nodes.begin(), nodes.end(),
                     [](const ScalarNode& node) { return is_small_float(node.type); });
}

}  // namespace

bool is_small_float(ElementType type) { return is_floating(type) && bit_width(type) == 8; }

std::string_view storage_type(ElementType type) { return names_of(type).storage; }
std::string_view compute_type(ElementType type) { return names_of(type).compute; }

bool has_kernel_type(ElementType type) {
  return std::any_of(type_names.begin(), type_names.end(),
                     [&](const TypeNames& names) { return names.type == type; });
}

std::optional<std::string> rejects_operands(const Problem& problem, bool takes_pitch) {
  if (problem.outputs.empty() || !problem.outputs[0]) return "output 0 is absent";
  for (const auto* operands : {&problem.inputs, &problem.outputs})
    for (const auto& operand : *operands)
      if (operand)
        if (auto reason = rejects_operand(*operand, takes_pitch)) return reason;
  return std::nullopt;
}

KernelWriter::KernelWriter(const Problem& problem, std::string function)
    : problem_(problem), function_(std::move(function)), files_{"ptx.cu", "prelude.cu"} {
  if (uses_small_floats(problem)) include("small_floats.cu");
}

Dims KernelWriter::input_dims(size_t i) const {
  return concrete_dims(problem_.inputs.at(i)->type, false, i);
}
Dims KernelWriter::output_dims(size_t i) const {
  return concrete_dims(problem_.outputs.at(i)->type, true, i);
}

std::string KernelWriter::parameter(const LaunchArgument& argument, std::string name,
                                    std::string declaration) {
  for (const Parameter& known : parameters_)
    if (known.argument == argument && known.declaration == declaration) return known.name;
  parameters_.push_back({argument, std::move(name), std::move(declaration)});
  return parameters_.back().name;
}

std::string KernelWriter::value(const Dim& dim) {
  if (dim.is_constant()) {
    const int64_t value = dim.constant();
    const bool is_short = value >= std::numeric_limits<int32_t>::min() + int64_t{1} &&
                          value <= std::numeric_limits<int32_t>::max();
    return is_short ? fmt::format("{}", value) : fmt::format("{}LL", value);
  }
  return argument(dim);
}

std::string KernelWriter::argument(const Dim& dim) {
  return parameter({LaunchArgument::Kind::size, 0, dim}, fmt::format("size{}", parameters_.size()),
                   "const int64 ");
}

std::string KernelWriter::input(size_t i) {
  return input_as(i, storage_type(problem_.inputs.at(i)->type.element));
}

std::string KernelWriter::output(size_t i) {
  return output_as(i, storage_type(problem_.outputs.at(i)->type.element));
}

std::string KernelWriter::input_may_alias(size_t i) {
  return input_may_alias_as(i, storage_type(problem_.inputs.at(i)->type.element));
}

std::string KernelWriter::output_may_alias(size_t i) {
  return output_may_alias_as(i, storage_type(problem_.outputs.at(i)->type.element));
}

std::string KernelWriter::input_as(size_t i, std::string_view type) {
  return parameter({LaunchArgument::Kind::input, static_cast<int32_t>(i), 0},
                   fmt::format("in{}", i), fmt::format("const {}* __restrict__ ", type));
}

std::string KernelWriter::output_as(size_t i, std::string_view type) {
  return parameter({LaunchArgument::Kind::output, static_cast<int32_t>(i), 0},
                   fmt::format("out{}", i), fmt::format("{}* __restrict__ ", type));
}

std::string KernelWriter::input_may_alias_as(size_t i, std::string_view type) {
  return parameter({LaunchArgument::Kind::input, static_cast<int32_t>(i), 0},
                   fmt::format("in{}", i), fmt::format("const {}* ", type));
}

std::string KernelWriter::output_may_alias_as(size_t i, std::string_view type) {
  return parameter({LaunchArgument::Kind::output, static_cast<int32_t>(i), 0},
                   fmt::format("out{}", i), fmt::format("{}* ", type));
}

std::string KernelWriter::workspace(std::string_view type, const Dim& offset) {
  return parameter({LaunchArgument::Kind::workspace, 0, offset},
                   fmt::format("work{}", parameters_.size()), fmt::format("{}* ", type));
}

std::string KernelWriter::unless_empty(const Dim& size, const Dim& wanted,
                                       std::string_view otherwise) {
  if (size.is_constant() && size.constant() > 0) return "";
  return fmt::format("if ({} <= 0) {{\ntell_fault({}, fault_t::empty, 0, {});\n{};\n}}\n",
                     value(size), fault(), value(wanted), otherwise);
}

std::string KernelWriter::fault() {
  include("fault.cu");
  return parameter({LaunchArgument::Kind::fault, 0, 0}, "fault", "fault_t* ");
}

void KernelWriter::include(std::string_view file) {
  if (std::find(files_.begin(), files_.end(), file) == files_.end()) files_.emplace_back(file);
}

void KernelWriter::declare(std::string_view text) { declarations_ += text; }

void KernelWriter::constant(std::string_view name, int64_t value) {
  const bool is_short =
      value <= std::numeric_limits<int32_t>::max() && value >= std::numeric_limits<int32_t>::min();
  declarations_ += fmt::format("constexpr {} {} = {}{};\n", is_short ? "int" : "int64", name, value,
                               is_short ? "" : "LL");
}

void KernelWriter::body(std::string_view text) { body_ += text; }

void KernelWriter::finish(const Grid& grid, DeviceSource& into) {
  std::string source;
  for (const std::string& file : files_) source += kernel_text(file);
  source += declarations_;
  const int threads = grid.threads[0] * grid.threads[1] * grid.threads[2];
  const std::string bounds = grid.blocks_per_multiprocessor > 0
                                 ? fmt::format("{}, {}", threads, grid.blocks_per_multiprocessor)
                                 : fmt::format("{}", threads);
  std::string list;
  Launch launch;
  for (const Parameter& parameter : parameters_) {
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", parameter.declaration, parameter.name);
    launch.arguments.push_back(parameter.argument);
  }
  source += fmt::format(
      "\nextern \"C\" __global__ void __launch_bounds__({}) {}({}) {{\n"
      "let_next_kernel_start();\nwait_for_previous_kernel();\n{}}}\n",
      bounds, function_, list, body_);
  auto known = std::find(into.sources.begin(), into.sources.end(), source);
  launch.module = static_cast<int32_t>(known - into.sources.begin());
  if (known == into.sources.end()) into.sources.push_back(std::move(source));
  launch.function = function_;
  launch.grid = grid.blocks;
  launch.block = grid.threads;
  launch.shared_bytes = grid.shared_bytes;
  into.program.launches.push_back(std::move(launch));
}

std::string_view index_type(std::initializer_list<Dims> shapes) {
  for (const Dims& dims : shapes) {
    if (!all_constant(dims)) return "int64";
    int64_t count = 1;
    for (const Dim& dim : dims)
      if (__builtin_mul_overflow(count, dim.constant(), &count)) return "int64";
    if (count > std::numeric_limits<int32_t>::max()) return "int64";
  }
  return "int";
}

Dim blocks_for(const Dim& elements, int64_t per_block) {
  constexpr int64_t most = 1 << 16;
  return min(ceil_div(elements, Dim(per_block)), Dim(most));
}

}  // namespace cermet::cuda
