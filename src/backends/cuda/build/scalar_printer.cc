#include "backends/cuda/build/scalar_printer.h"

#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "base/error.h"

namespace cermet::cuda {
namespace {

// {0}, {1}, {2}: arguments; {T}: the compute type; {f}: "f" where that is float. The words differ
// for floats and integers; an empty one: the operation is not for that kind. `narrow` is for floats
// of 16 bits, whose rounding hides what it lacks: no more than 1e-5 of the result.
struct OpText {
  ScalarOp op;
  std::string_view real, integer, narrow = {};
};

constexpr std::array op_texts{
    OpText{ScalarOp::add, "{0} + {1}", "{T}({0} + {1})"},
    OpText{ScalarOp::sub, "{0} - {1}", "{T}({0} - {1})"},
    OpText{ScalarOp::mul, "{0} * {1}", "{T}(uint64({0}) * uint64({1}))"},
    OpText{ScalarOp::div, "{0} / {1}", "integer_div<{T}>({0}, {1})"},
    OpText{ScalarOp::mod, "scalar_floor_mod({0}, {1})", "integer_mod<{T}>({0}, {1})"},
    OpText{ScalarOp::fmod, "fmod{f}({0}, {1})", "integer_fmod<{T}>({0}, {1})"},
    OpText{ScalarOp::pow, "pow{f}({0}, {1})", "integer_pow<{T}>({0}, {1})"},
    OpText{ScalarOp::min, "scalar_min({0}, {1})", "scalar_min<{T}>({0}, {1})"},
    OpText{ScalarOp::max, "scalar_max({0}, {1})", "scalar_max<{T}>({0}, {1})"},
    OpText{ScalarOp::atan2, "atan2{f}({0}, {1})", ""},
    OpText{ScalarOp::bit_and, "", "{T}({0} & {1})"},
    OpText{ScalarOp::bit_or, "", "{T}({0} | {1})"},
    OpText{ScalarOp::bit_xor, "", "{T}({0} ^ {1})"},
    OpText{ScalarOp::shift_left, "", "integer_shift_left<{T}>({0}, {1})"},
    OpText{ScalarOp::shift_right, "", "integer_shift_right<{T}>({0}, {1})"},
    OpText{ScalarOp::logical_and, "", "({0} && {1})"},
    OpText{ScalarOp::logical_or, "", "({0} || {1})"},
    OpText{ScalarOp::logical_xor, "", "({0} != {1})"},
    OpText{ScalarOp::equal, "({0} == {1})", "({0} == {1})"},
    OpText{ScalarOp::less, "({0} < {1})", "({0} < {1})"},
    OpText{ScalarOp::less_equal, "({0} <= {1})", "({0} <= {1})"},
    OpText{ScalarOp::neg, "-{0}", "{T}(0 - {0})"},
    OpText{ScalarOp::abs, "fabs{f}({0})", "integer_abs<{T}>({0})"},
    OpText{ScalarOp::sign, "scalar_sign({0})", "integer_sign<{T}>({0})"},
    OpText{ScalarOp::reciprocal, "{T}(1) / {0}", ""},
    OpText{ScalarOp::sqrt, "sqrt{f}({0})", ""},
    OpText{ScalarOp::exp, "exp{f}({0})", "", "__expf({0})"},
    OpText{ScalarOp::log, "log{f}({0})", ""},
    OpText{ScalarOp::erf, "erf{f}({0})", "", "narrow_erf({0})"},
    OpText{ScalarOp::floor, "floor{f}({0})", ""},
    OpText{ScalarOp::ceil, "ceil{f}({0})", ""},
    OpText{ScalarOp::round, "rint{f}({0})", ""},
    OpText{ScalarOp::logical_not, "", "(!{0})"},
    OpText{ScalarOp::bit_not, "", "{T}(~{0})"},
    OpText{ScalarOp::sin, "sin{f}({0})", ""},
    OpText{ScalarOp::cos, "cos{f}({0})", ""},
    OpText{ScalarOp::tan, "tan{f}({0})", ""},
    OpText{ScalarOp::asin, "asin{f}({0})", ""},
    OpText{ScalarOp::acos, "acos{f}({0})", ""},
    OpText{ScalarOp::atan, "atan{f}({0})", ""},
    OpText{ScalarOp::sinh, "sinh{f}({0})", ""},
    OpText{ScalarOp::cosh, "cosh{f}({0})", ""},
    OpText{ScalarOp::tanh, "tanh{f}({0})", "", "narrow_tanh({0})"},
    OpText{ScalarOp::asinh, "asinh{f}({0})", ""},
    OpText{ScalarOp::acosh, "acosh{f}({0})", ""},
    OpText{ScalarOp::atanh, "atanh{f}({0})", ""},
    OpText{ScalarOp::sigmoid, "scalar_sigmoid({0})", "", "narrow_sigmoid({0})"},
    OpText{ScalarOp::softplus, "scalar_softplus({0})", ""},
    OpText{ScalarOp::is_nan, "({0} != {0})", ""},
    OpText{ScalarOp::is_inf, "(isinf({0}) != 0)", ""},
    OpText{ScalarOp::select, "({0} ? {1} : {2})", "({0} ? {1} : {2})"},
};

const OpText* text_of(ScalarOp op) {
  for (const OpText& text : op_texts)
    if (text.op == op) return &text;
  return nullptr;
}

std::string replaced(std::string_view text, std::string_view type,
                     std::span<const std::string> arguments) {
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{' || at + 2 >= text.size() || text[at + 2] != '}') {
      result += text[at];
      continue;
    }
    const char what = text[at + 1];
    if (what == 'T')
      result += type;
    else if (what == 'f')
      result += type == "float" ? "f" : "";
    else
      result += arguments[what - '0'];
    at += 2;
  }
  return result;
}

std::string constant_text(const ScalarNode& node) {
  const std::string_view type = compute_type(node.type);
  if (type == "float")
    return fmt::format("__uint_as_float(0x{:08x}u)",
                       std::bit_cast<uint32_t>(static_cast<float>(node.value)));
  if (type == "double")
    return fmt::format("__longlong_as_double(0x{:016x}LL)", std::bit_cast<uint64_t>(node.value));
  return fmt::format("static_cast<{}>(0x{:x}ULL)", type, static_cast<uint64_t>(node.integer));
}

bool is_narrow(ElementType type) {
  return type == ElementType::float16 || type == ElementType::bfloat16;
}

// A float as its narrower type holds it.
std::string rounded(const std::string& value, ElementType type) {
  if (!is_narrow(type)) return value;
  return fmt::format("to_compute(from_compute<{}>({}))", storage_type(type), value);
}

std::string cast_text(const std::string& value, ElementType from, const ScalarNode& node) {
  const std::string_view to = compute_type(node.type);
  if (is_small_float(node.type))
    return fmt::format("as_small_float<{}>(static_cast<float>({}), {})", storage_type(node.type),
                       value, node.saturate);
  if (is_floating(node.type))
    return rounded(fmt::format("static_cast<{}>({})", to, value), node.type);
  if (node.type == ElementType::boolean) return fmt::format("({} != 0)", value);
  if (is_floating(from))
    return fmt::format("float_to_integer<{}>({}, {})", to, value, node.saturate);
  if (from == ElementType::boolean || !node.saturate)
    return fmt::format("static_cast<{}>({})", to, value);
  return fmt::format("integer_saturate<{}>({})", to, value);
}

// Divided by a number that is known, in 16 bits: times what 1 divided by it is. Nothing where that
// is none, or one that float32 does not hold in full.
std::optional<std::string> quotient_text(const std::string& value, const ScalarNode& divisor) {
  if (divisor.op != ScalarOp::constant || !is_narrow(divisor.type)) return std::nullopt;
  ScalarNode reciprocal = divisor;
  reciprocal.value = 1 / divisor.value;
  if (!std::isnormal(static_cast<float>(reciprocal.value))) return std::nullopt;
  return fmt::format("{} * {}", value, constant_text(reciprocal));
}

std::string operation_text(const std::vector<ScalarNode>& nodes, const ScalarNode& node,
                           std::span<const std::string> arguments) {
  const ScalarNode& first = nodes[node.args[0]];
  const bool real =
      is_floating(first.type) || (node.op == ScalarOp::select && is_floating(node.type));
  const OpText& op = *text_of(node.op);
  const std::string_view form = !real                                         ? op.integer
                                : is_narrow(first.type) && !op.narrow.empty() ? op.narrow
                                                                              : op.real;
  if (node.op != ScalarOp::div) return replaced(form, compute_type(node.type), arguments);
  const auto quotient = quotient_text(arguments[0], nodes[node.args[1]]);
  return rounded(quotient ? *quotient : replaced(form, compute_type(node.type), arguments),
                 node.type);
}

}  // namespace

std::optional<std::string> scalar_rejects(const ScalarExpr& expression) {
  for (const ScalarNode& node : expression.nodes()) {
    if (!has_kernel_type(node.type)) return fmt::format("kernels have no type {}", name(node.type));
    if (node.op == ScalarOp::cast && is_small_float(node.type) &&
        expression.nodes()[node.args[0]].type == ElementType::float64)
      return "float64 would be rounded to 8 bits in two steps";
    if (node.op == ScalarOp::input || node.op == ScalarOp::constant || node.op == ScalarOp::cast)
      continue;
    const OpText* text = text_of(node.op);
    const bool real = is_floating(expression.nodes()[node.args[0]].type) ||
                      (node.op == ScalarOp::select && is_floating(node.type));
    if (text == nullptr || (real ? text->real : text->integer).empty())
      return fmt::format("kernels have no operation {}", info(node.op).name);
  }
  return std::nullopt;
}

PrintedExpression print_scalar(const ScalarExpr& expression, std::span<const std::string> operands,
                               std::string_view prefix) {
  PrintedExpression printed;
  const std::vector<ScalarNode>& nodes = expression.nodes();
  std::vector<std::string> names;
  for (const ScalarNode& node : nodes) {
    const std::string_view type = compute_type(node.type);
    std::string text;
    if (node.op == ScalarOp::input) {
      names.push_back(operands[node.index]);
      continue;
    }
    if (node.op == ScalarOp::constant) {
      text = constant_text(node);
    } else if (node.op == ScalarOp::cast) {
      text = cast_text(names[node.args[0]], nodes[node.args[0]].type, node);
    } else {
      std::vector<std::string> arguments;
      for (int k = 0; k < info(node.op).arity; ++k) arguments.push_back(names[node.args[k]]);
      text = operation_text(nodes, node, arguments);
    }
    names.push_back(fmt::format("{}{}", prefix, names.size()));
    printed.statements += fmt::format("const {} {} = {};\n", type, names.back(), text);
  }
  for (int result : expression.results()) printed.results.push_back(names[result]);
  return printed;
}

std::string broadcast_offset(KernelWriter& writer, const Dims& dims, const Layout& layout,
                             std::span<const std::string> coordinates) {
  require(dims.size() <= coordinates.size(), ErrorCode::internal,
          "an operand of shape {} does not broadcast to {} dimensions", to_string(dims),
          coordinates.size());
  const size_t rank = dims.size();
  const size_t first = coordinates.size() - rank;
  std::string text;
  Dim stride = 1;
  for (size_t k = rank; k-- > 0;) {
    const size_t d = layout.order.empty() ? k : static_cast<size_t>(layout.order[k]);
    const Dim& size = dims[d];
    if (!size.is_constant(1)) {
      std::string at = coordinates[first + d];
      if (!size.is_constant()) at = fmt::format("({} == 1 ? 0 : {})", writer.value(size), at);
      const std::string term =
          stride.is_constant(1) ? at : fmt::format("{} * {}", at, writer.value(stride));
      text = text.empty() ? term : fmt::format("{} + {}", term, text);
    }
    stride = stride * size;
  }
  return text.empty() ? "0" : text;
}

std::string epilogue_value(const ScalarExpr& expression, const std::string& value) {
  const std::vector<ScalarNode>& nodes = expression.nodes();
  for (const ScalarNode& node : nodes)
    if (node.op == ScalarOp::input && node.index == 0)
      for (int result : expression.results())
        if (nodes[result].type != node.type) return rounded(value, node.type);
  return value;
}

PrintedExpression print_epilogue(KernelWriter& writer, const std::string& value,
                                 std::span<const std::string> coordinates,
                                 std::string_view prefix) {
  const Problem& problem = writer.problem();
  if (!problem.has_epilogue()) return {{}, {value}};
  writer.include("scalar.cu");
  std::vector<std::string> operands{epilogue_value(problem.expression, value)};
  std::string loads;
  for (int k = 1; k < problem.expression.operand_count(); ++k) {
    const size_t i = problem.epilogue_first + static_cast<size_t>(k) - 1;
    const Operand& operand = *problem.inputs.at(i);
    const std::string offset =
        broadcast_offset(writer, writer.input_dims(i), operand.layout, coordinates);
    operands.push_back(fmt::format("{}in{}", prefix, k));
    loads += fmt::format("const {} {} = to_compute({}[{}]);\n", compute_type(operand.type.element),
                         operands.back(), writer.input(i), offset);
  }
  PrintedExpression printed = print_scalar(problem.expression, operands, prefix);
  printed.statements = loads + printed.statements;
  return printed;
}

}  // namespace cermet::cuda
