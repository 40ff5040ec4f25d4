#include "backends/cuda/build/fill.h"

#include <algorithm>
#include <array>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/moved_operands.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/operator_rule.h"
#include "base/scalar.h"

namespace cermet::cuda {
namespace {

std::string moved_name(const KernelWriter& writer) {
  return std::string(moved_type(element_bytes(*writer.problem().outputs[0])));
}

int pack_along(const Problem& problem, const Dim& size) {
  return widest_pack(element_bytes(*problem.outputs[0]), {size});
}

// A loop over the packs of result 0, whose element j is `value`, a text.
DeviceSource fill(KernelWriter& writer, const Dims& points, int pack, std::string_view before,
                  std::string_view value) {
  const std::string body = fmt::format(
      "pack_t pack;\n#pragma unroll\nfor (int j = 0; j < {}; ++j) pack.items[j] = {};\n"
      "reinterpret_cast<pack_t*>({})[i] = pack;\n",
      pack, value, writer.output_as(0, moved_name(writer)));
  DeviceSource source;
  finish_pack_loop(writer, points, pack, before, body, source);
  return source;
}

std::optional<std::string> one_hot_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.inputs.size() < 3 || !problem.inputs[2]) return "an input is absent";
  if (!has_kernel_type(problem.inputs[0]->type.element))
    return fmt::format("kernels have no type {}", name(problem.inputs[0]->type.element));
  return std::nullopt;
}

// out[o, d, i] = values[hot index of (o, i) == d]
DeviceSource one_hot(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dims& out = sizes.output(0);
  const size_t axis = axis_of(problem.attributes.integer("axis", -1), out.size());
  const auto at = out.begin() + static_cast<std::ptrdiff_t>(axis);
  const Dim inner = product(Dims(at + 1, out.end()));
  KernelWriter writer(problem, "one_hot");
  writer.include("fill.cu");
  const std::string values = writer.input_as(2, moved_name(writer));
  const std::string before =
      fmt::format("const {0} off = {1}[0], on = {1}[1];\n", moved_name(writer), values);
  const std::string value =
      fmt::format("hot_index(to_compute({}[c0 * {} + c2]), {}) == c1 ? on : off", writer.input(0),
                  index_value(writer, inner), writer.value(*at));
  return fill(writer, {product(Dims(out.begin(), at)), *at, inner}, 1, before, value);
}

std::optional<std::string> trilu_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.inputs[0]->type.rank() < 2) return "there is no matrix";
  if (has_input(problem, 1) && problem.inputs[1]->type.element != ElementType::int64)
    return "a diagonal of int64 only";
  return std::nullopt;
}

// Elements on one side of diagonal k, zeros on the other.
DeviceSource trilu(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dims& out = sizes.input(0);
  const bool upper = problem.attributes.integer("upper", 1) != 0;
  const Dim &rows = out[out.size() - 2], &columns = out.back();
  KernelWriter writer(problem, "trilu");
  std::string before = "int64 k = 0;\n";
  if (has_input(problem, 1)) before = fmt::format("int64 k = *{};\n", writer.input(1));
  before += fmt::format(
      "const int64 rows = {}, columns = {};\n"
      "k = k < -rows ? -rows : (k > columns ? columns : k);\n",
      writer.value(rows), writer.value(columns));
  const int pack = pack_along(problem, columns);
  const std::string body = fmt::format(
      "pack_t pack = reinterpret_cast<const pack_t*>({})[i];\n#pragma unroll\n"
      "for (int j = 0; j < {}; ++j)\nif (!(c2 + j {} c1 + k)) pack.items[j] = element_t();\n"
      "reinterpret_cast<pack_t*>({})[i] = pack;\n",
      writer.input_as(0, moved_name(writer)), pack,
      upper ? ">=" : "<=", writer.output_as(0, moved_name(writer)));
  DeviceSource source;
  finish_pack_loop(writer, {product(Dims(out.begin(), out.end() - 2)), rows, columns}, pack, before,
                   body, source);
  return source;
}

std::optional<std::string> eye_rejects(const TacticQuery& query) {
  const Operand& out = *query.problem().outputs[0];
  if (out.type.rank() != 2) return "there is no matrix";
  if (!has_kernel_type(out.type.element))
    return fmt::format("kernels have no type {}", name(out.type.element));
  return std::nullopt;
}

// Ones on diagonal k.
DeviceSource eye_like(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dims& out = sizes.output(0);
  constexpr int64_t far = int64_t{1} << 60;
  const int64_t k = std::clamp(problem.attributes.integer("k", 0), -far, far);
  const Tensor one = [&] {
    Tensor tensor(problem.outputs[0]->type.element, {});
    store_element<double>(tensor.view(), 0, 1.0);
    return tensor;
  }();
  KernelWriter writer(problem, "eye_like");
  return fill(writer, out, pack_along(problem, out[1]), "",
              fmt::format("c1 + j == c0 + {}LL ? {} : element_t()", k, element_text(one)));
}

std::optional<std::string> constant_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.attributes.has("value") && problem.attributes.tensor("value").elements() != 1)
    return "the value is no single element";
  return std::nullopt;
}

DeviceSource constant_of_shape(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dim count = product(sizes.output(0));
  KernelWriter writer(problem, "constant_of_shape");
  const Tensor value = problem.attributes.has("value") ? problem.attributes.tensor("value")
                                                       : Tensor(ElementType::float32, {});
  return fill(writer, {count}, pack_along(problem, count), "", element_text(value));
}

std::optional<std::string> range_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  for (size_t i = 0; i < 3; ++i)
    if (!has_input(problem, i)) return "an input is absent";
  const ElementType type = problem.outputs[0]->type.element;
  if (!has_kernel_type(type) || type == ElementType::boolean)
    return fmt::format("kernels don't count in {}", name(type));
  return std::nullopt;
}

// start + i * delta: floats by way of double, integers wrap.
DeviceSource range(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const ElementType type = problem.outputs[0]->type.element;
  KernelWriter writer(problem, "range");
  const std::string wide = is_floating(type) ? "double" : "int64";
  const std::string before =
      fmt::format("const {0} start = to_compute(*{1}), delta = to_compute(*{2});\n", wide,
                  writer.input(0), writer.input(2));
  const std::string sum = is_floating(type)
                              ? "start + static_cast<double>(c0) * delta"
                              : "static_cast<uint64>(start) + static_cast<uint64>(c0) * delta";
  const std::string body =
      fmt::format("{}[i] = from_compute<{}>(static_cast<{}>({}));\n", writer.output(0),
                  storage_type(type), compute_type(type), sum);
  DeviceSource source;
  finish_pack_loop(writer, {sizes.output(0)[0]}, 1, before, body, source);
  return source;
}

struct FillRule {
  std::string_view op;
  DeviceSource (*make)(const TacticQuery&);
  std::optional<std::string> (*rejects)(const TacticQuery&);
};

constexpr std::array rules{
    FillRule{"OneHot", one_hot, one_hot_rejects},
    FillRule{"Trilu", trilu, trilu_rejects},
    FillRule{"EyeLike", eye_like, eye_rejects},
    FillRule{"ConstantOfShape", constant_of_shape, constant_rejects},
    FillRule{"Range", range, range_rejects},
};

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const FillRule* rule = rule_of(rules, problem);
  if (rule == nullptr) return "computes elements of their coordinates only";
  if (auto reason = rejects_moved(problem)) return reason;
  if (auto reason = rejects_layouts(problem)) return reason;
  return rule->rejects(query);
}

}  // namespace

Tactic fill_tactic() {
  Tactic tactic;
  tactic.name = "cuda.fill";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return rule_of(rules, query.problem())->make(query);
  };
  return tactic;
}

}  // namespace cermet::cuda
