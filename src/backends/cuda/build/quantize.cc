#include "backends/cuda/build/quantize.h"

#include <algorithm>
#include <array>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/moved_operands.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/operator_rule.h"

namespace cermet::cuda {
namespace {

bool is_single(const Operand& scale) {
  const Dims& dims = *scale.type.dims;
  return dims.empty() || (dims.size() == 1 && dims[0].is_constant(1));
}

std::optional<std::string> rejects_scales(const Problem& problem) {
  const Operand &x = *problem.inputs[0], &scale = *problem.inputs[1];
  if (problem.outputs[0]->layout != x.layout) return "operands have different layouts";
  if (!scale.layout.is_row_major()) return "the scales have to be row-major";
  if (has_input(problem, 2) && !problem.inputs[2]->layout.is_row_major())
    return "the zero points have to be row-major";
  if (is_single(scale)) return std::nullopt;
  const bool blocks = problem.attributes.integer("block_size", 0) != 0;
  if (blocks && !x.layout.is_row_major()) return "blocks of row-major operands only";
  if (blocks && scale.type.rank() != x.type.rank()) return "scales of another rank";
  if (!blocks && scale.type.rank() != 1) return "scales are no vector";
  // A vector whose size may be 1 is one scale or one for each element of the axis.
  if (!blocks && !(*scale.type.dims)[0].is_constant() &&
      (*scale.type.dims)[0] !=
          (*x.type.dims)[axis_of(problem.attributes.integer("axis", 1), x.type.dims->size())])
    return "the number of scales is unknown";
  return std::nullopt;
}

// y = f(x, scale, zero point), element for element, in the order of memory. A thread computes a
// pack; the last pack of a tensor with one scale may not be full.
class ScaledKernel {
 public:
  explicit ScaledKernel(const Problem& problem)
      : problem_(problem),
        sizes_(problem),
        writer_(problem, problem.op == "QuantizeLinear" ? "quantize" : "dequantize"),
        single_(is_single(*problem.inputs[1])) {
    writer_.include("quantize.cu");
    const int bytes =
        std::max(element_bytes(*problem.inputs[0]), element_bytes(*problem.outputs[0]));
    find_points();
    pack_ = single_ ? 16 / bytes : widest_pack(bytes, {points_.back()});
    count_ = product(sizes_.input(0));
    if (single_) points_ = {ceil_div(count_, Dim(int64_t{pack_})) * Dim(int64_t{pack_})};
  }

  // `element`: the text of a result for x, s and z in their compute types.
  DeviceSource source(const std::string& element) {
    const std::string_view from = storage_type(problem_.inputs[0]->type.element);
    const std::string_view to = storage_type(problem_.outputs[0]->type.element);
    std::string body = fmt::format("Pack<{}, {}> a;\nPack<{}, {}> b;\n", from, pack_, to, pack_);
    const std::string in = writer_.input(0), out = writer_.output(0);
    const bool whole = !single_ || divides(pack_, count_);
    const std::string guard =
        fmt::format("if (c0 + {} <= {})", pack_, index_value(writer_, count_));
    const std::string read =
        fmt::format("a = reinterpret_cast<const Pack<{}, {}>*>({})[i];\n", from, pack_, in);
    const std::string write =
        fmt::format("reinterpret_cast<Pack<{}, {}>*>({})[i] = b;\n", to, pack_, out);
    const auto some = [&](const std::string& statement) {
      return fmt::format("else\nfor (int j = 0; j < {}; ++j)\nif (c0 + j < {}) {};\n", pack_,
                         index_value(writer_, count_), statement);
    };
    body += whole ? read : guard + "\n" + read + some("a.items[j] = " + in + "[c0 + j]");
    body += fmt::format(
        "#pragma unroll\nfor (int j = 0; j < {}; ++j) {{\n{}const auto x = to_compute(a.items[j]);"
        "\nb.items[j] = {};\n}}\n",
        pack_, scale(), element);
    body += whole ? write : guard + "\n" + write + some(out + "[c0 + j] = b.items[j]");
    DeviceSource source;
    finish_pack_loop(writer_, points_, pack_, "", body, source);
    return source;
  }

 private:
  // [outer, axis, inner] in the order of memory; [outer, axis] where the axis is innermost.
  void find_points() {
    const Dims& x = sizes_.input(0);
    points_ = {1};
    if (single_) return;
    const size_t axis = axis_of(problem_.attributes.integer("axis", 1), x.size());
    for (size_t d : memory_order(problem_.inputs[0]->layout, x.size())) {
      if (d == axis)
        points_.insert(points_.end(), {x[d], 1});
      else
        points_.back() = points_.back() * x[d];
    }
    if (points_[2].is_constant(1)) points_.pop_back();
  }

  // Statements that declare `s` and `z`.
  std::string scale() {
    std::string at = "0";
    if (!single_) {
      const bool innermost = points_.size() == 2;
      const std::string place = innermost ? "(c1 + j)" : "c1";
      at = place;
      if (const int64_t block = problem_.attributes.integer("block_size", 0); block != 0) {
        const std::string inner = index_value(writer_, innermost ? Dim(1) : points_[2]);
        at = fmt::format("(c0 * {} + {} / {}) * {}{}",
                         index_value(writer_, ceil_div(points_[1], Dim(block))), place, block,
                         inner, innermost ? "" : " + c2 + j");
      }
    }
    std::string text = fmt::format("const index_t at = {};\nconst auto s = to_compute({}[at]);\n",
                                   at, writer_.input(1));
    const bool has_zero = has_input(problem_, 2);
    return text + (has_zero ? fmt::format("const auto z = to_compute({}[at]);\n", writer_.input(2))
                            : "const int z = 0;\n");
  }

  const Problem& problem_;
  OperandSizes sizes_;
  KernelWriter writer_;
  bool single_;
  Dims points_;
  Dim count_;
  int pack_ = 1;
};

bool is_quantized(ElementType type) { return is_integer(type) && bit_width(type) <= 16; }

// What the division computes in: the attribute, or the scale's type.
ElementType division_type(const Problem& problem) {
  const auto named = static_cast<ElementType>(problem.attributes.integer("precision", 0));
  return named != ElementType::undefined ? named : problem.inputs[1]->type.element;
}

std::optional<std::string> quantize_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!is_quantized(problem.outputs[0]->type.element)) return "integers of 8 and 16 bits only";
  return rejects_scales(problem);
}

DeviceSource quantize(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const ElementType type = division_type(problem);
  return ScaledKernel(problem).source(fmt::format("quantized<{}>(divided<{}, {}>(x, s), z)",
                                                  storage_type(problem.outputs[0]->type.element),
                                                  storage_type(type), compute_type(type)));
}

std::optional<std::string> dequantize_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (!is_integer(problem.inputs[0]->type.element)) return "integers only";
  return rejects_scales(problem);
}

// Differences of short integers are exact in float.
DeviceSource dequantize(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const ElementType to = problem.outputs[0]->type.element;
  const bool is_wide = bit_width(problem.inputs[0]->type.element) > 16 ||
                       to == ElementType::float64 ||
                       problem.inputs[1]->type.element == ElementType::float64;
  const std::string_view wide = is_wide ? "double" : "float";
  return ScaledKernel(problem).source(fmt::format(
      "from_compute<{0}>(static_cast<{1}>((static_cast<{2}>(x) - static_cast<{2}>(z)) * "
      "static_cast<{2}>(s)))",
      storage_type(to), compute_type(to), wide));
}

std::optional<std::string> dynamic_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.outputs.size() != 3) return "three results only";
  if (problem.outputs[0]->layout != problem.inputs[0]->layout)
    return "operands have different layouts";
  return std::nullopt;
}

constexpr int64_t range_blocks = 512;

// The ends of the elements' range, first of each block and then of all; then the codes.
DeviceSource dynamic(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const OperandSizes sizes(problem);
  const Dim count = product(sizes.input(0));
  const Dim blocks = max(Dim(1), min(ceil_div(count, Dim(loop_threads * 8)), Dim(range_blocks)));
  DeviceSource source;
  KernelWriter parts(problem, "quantize_range");
  parts.include("quantize.cu");
  parts.body(fmt::format("block_range<{}>({}, {}, {});\n", loop_threads, parts.input(0),
                         parts.value(count), parts.workspace("float", 0)));
  parts.finish({{blocks, 1, 1}, {loop_threads, 1, 1}}, source);
  KernelWriter all(problem, "quantize_scale");
  all.include("quantize.cu");
  all.body(fmt::format("dynamic_scale<{}>({}, {}, {}, {});\n", loop_threads,
                       all.workspace("const float", 0), all.value(blocks), all.output(1),
                       all.output(2)));
  all.finish({{1, 1, 1}, {loop_threads, 1, 1}}, source);
  KernelWriter codes(problem, "quantize_dynamic");
  codes.include("quantize.cu");
  const std::string body = fmt::format("{}[i] = quantized<uint8>({}[i] / scale, zero);\n",
                                       codes.output(0), codes.input(0));
  finish_pack_loop(codes, {count}, 1,
                   fmt::format("const float scale = *{};\nconst uint8 zero = *{};\n",
                               codes.output(1), codes.output(2)),
                   body, source);
  source.program.workspace_bytes = range_blocks * 8;
  return source;
}

struct QuantizeRule {
  std::string_view op;
  DeviceSource (*make)(const TacticQuery&);
  std::optional<std::string> (*rejects)(const TacticQuery&);
  size_t inputs;
};

constexpr std::array rules{
    QuantizeRule{"QuantizeLinear", quantize, quantize_rejects, 2},
    QuantizeRule{"DequantizeLinear", dequantize, dequantize_rejects, 2},
    QuantizeRule{"DynamicQuantizeLinear", dynamic, dynamic_rejects, 1},
};

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const QuantizeRule* rule = rule_of(rules, problem);
  if (rule == nullptr) return "computes quantisation only";
  if (auto reason = rejects_moved(problem)) return reason;
  if (auto reason = rejects_operands(problem)) return reason;
  for (size_t i = 0; i < rule->inputs; ++i)
    if (!has_input(problem, i)) return "an input is absent";
  return rule->rejects(query);
}

}  // namespace

Tactic quantize_tactic() {
  Tactic tactic;
  tactic.name = "cuda.quantize";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.estimate = [](const TacticQuery& query, std::string_view) { return traffic_us(query); };
  tactic.generate = [](const TacticQuery& query, std::string_view) {
    return rule_of(rules, query.problem())->make(query);
  };
  return tactic;
}

}  // namespace cermet::cuda
