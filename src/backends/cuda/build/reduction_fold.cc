#include "backends/cuda/build/reduction_fold.h"

#include <algorithm>
#include <array>

#include "backends/cuda/build/lanes.h"
#include "backends/cuda/build/operand_memory.h"
#include "base/error.h"
#include "base/scalar.h"
#include "ops/convolution/pooling.attrs.h"

namespace cermet::cuda {
namespace {

enum class Empty : uint8_t { none, lowest, highest };

// {T}: the type that is accumulated; {0}: the value, {1}: the number of elements.
struct Rule {
  std::string_view op;
  std::string_view fold, finish = "{0}";
  bool integers = true;  // are accumulated as integers; else in double
  Empty empty = Empty::none;
};

constexpr std::array rules{
    Rule{"ReduceSum", "SumFold<{T}>"},
    Rule{"ReduceMean", "SumFold<{T}>", "mean"},
    Rule{"ReduceMax", "MaxFold<{T}, FoldStart>", "{0}", true, Empty::lowest},
    Rule{"ReduceMin", "MinFold<{T}, FoldStart>", "{0}", true, Empty::highest},
    Rule{"ReduceProd", "ProductFold<{T}>"},
    Rule{"ReduceL1", "MagnitudeFold<{T}>"},
    Rule{"ReduceL2", "SquareFold<{T}>", "sqrt({0})", false},
    Rule{"ReduceLogSum", "SumFold<{T}>", "log({0})", false},
    Rule{"ReduceLogSumExp", "ExponentialFold<{T}>", "ExponentialFold<{T}>::finish({0})", false},
    Rule{"ReduceSumSquare", "SquareFold<{T}>"},
    Rule{"GlobalAveragePool", "SumFold<{T}>", "mean", false},
    Rule{"GlobalMaxPool", "MaxFold<{T}, FoldStart>", "{0}", false, Empty::lowest},
    Rule{"GlobalLpPool", "power", "power", false},
    Rule{"ArgMax", "place"},
    Rule{"ArgMin", "place"},
};

const Rule* rule_of(std::string_view op) {
  for (const Rule& rule : rules)
    if (rule.op == op) return &rule;
  return nullptr;
}

std::string with_type(std::string_view text, std::string_view type) {
  std::string result(text);
  for (size_t at; (at = result.find("{T}")) != std::string::npos;) result.replace(at, 3, type);
  return result;
}

// What a reduction of nothing begins with: the extremes of the input's type.
std::string start_text(ElementType type, Empty which) {
  const bool low = which == Empty::lowest;
  if (is_floating(type)) return fmt::format("{}__uint_as_float(0x7f800000u)", low ? "-" : "");
  const int bits = type == ElementType::boolean ? 1 : bit_width(type);
  if (!is_signed_integer(type))
    return low ? "0" : fmt::format("0x{:x}ULL", ~uint64_t{0} >> (64 - bits));
  const uint64_t most = (~uint64_t{0} >> 1) >> (64 - bits);
  return fmt::format("static_cast<int64>(0x{:x}ULL)", low ? ~most : most);
}

ReductionFold place_fold(const Problem& problem) {
  ReductionFold result;
  result.fold =
      fmt::format("PlaceFold<{}, index_t, {}, {}>", compute_type(problem.inputs[0]->type.element),
                  problem.op == "ArgMax", problem.attributes.integer("select_last_index", 0) != 0);
  result.pattern = "static_cast<int64>({0}.at < 0 ? 0 : {0}.at)";
  return result;
}

// GlobalLpPool: sums of magnitudes and squares where that is the exponent.
ReductionFold power_fold(int64_t exponent, std::string_view type) {
  ReductionFold result;
  result.pattern = "{0}";
  if (exponent == 1) {
    result.fold = fmt::format("MagnitudeFold<{}>", type);
  } else if (exponent == 2) {
    result.fold = fmt::format("SquareFold<{}>", type);
    result.pattern = "sqrt({0})";
  } else {
    result.fold = fmt::format("PowerFold<{}, {}>", type, exponent);
    result.pattern = fmt::format("pow({{0}}, {0}(1) / {0}({1}))", type, exponent);
  }
  return result;
}

std::string mean_pattern(ElementType type, std::string_view accumulated) {
  if (is_floating(type)) return fmt::format("({{0}} / static_cast<{}>({{1}}))", accumulated);
  const std::string_view wide = is_signed_integer(type) ? "int64" : "uint64";
  return fmt::format(
      "({{1}} == 0 ? {0}(0) : static_cast<{0}>(static_cast<{0}>({{0}}) / static_cast<{0}>({{1}})))",
      wide);
}

}  // namespace

std::string ReductionFold::finish(std::string_view value, std::string_view length) const {
  std::string text = pattern;
  for (const auto& [what, by] : {std::pair{"{0}", value}, std::pair{"{1}", length}})
    for (size_t at; (at = text.find(what)) != std::string::npos;) text.replace(at, 3, by);
  return text;
}

bool is_reduction(const Problem& problem) {
  return problem.domain.empty() && rule_of(problem.op) != nullptr;
}

ReducedDims reduced_dims(const TacticQuery& query) {
  const Problem& problem = query.problem();
  const size_t rank = static_cast<size_t>(problem.inputs[0]->type.rank());
  ReducedDims result{std::vector<bool>(rank, false), {}};
  if (problem.op.starts_with("Global")) {
    for (size_t d = 2; d < rank; ++d) result.within[d] = true;
  } else if (problem.op.starts_with("Arg")) {
    result.within.at(axis_of(problem.attributes.integer("axis", 0), rank)) = true;
  } else {
    std::vector<int64_t> axes;
    if (own_input_count(problem) > 1 && problem.inputs[1]) {
      const Tensor* constant = query.constant(1);
      if (constant != nullptr)
        axes = load_integers(constant->view(), "axes");
      else if (!product(*problem.inputs[1]->type.dims).is_constant(0))
        result.unknown = "the axes are no constant";
    }
    const bool all = axes.empty() && problem.attributes.integer("noop_with_empty_axes", 0) == 0;
    if (all) result.within.assign(rank, true);
    for (int64_t axis : axes) result.within.at(axis_of(axis, rank)) = true;
  }
  return result;
}

ReductionFold fold_of(const Problem& problem) {
  const Rule& rule = *rule_of(problem.op);
  const ElementType type = problem.inputs[0]->type.element;
  if (rule.fold == "place") return place_fold(problem);
  const bool orders = rule.empty != Empty::none;
  std::string_view accumulated = compute_type(type);
  if (!is_floating(type))
    accumulated = !rule.integers                      ? "double"
                  : orders && is_signed_integer(type) ? "int64"
                                                      : "uint64";
  if (rule.fold == "power") return power_fold(norm_exponent(problem.attributes), accumulated);
  ReductionFold result;
  result.fold = with_type(rule.fold, accumulated);
  result.pattern =
      rule.finish == "mean" ? mean_pattern(type, accumulated) : with_type(rule.finish, accumulated);
  if (orders)
    result.before = fmt::format(
        "struct FoldStart {{\nstatic __device__ __forceinline__ {0} value() {{\nreturn "
        "static_cast<{0}>({1});\n}}\n}};\n",
        accumulated, start_text(type, rule.empty));
  // From the accumulated type to that of the result.
  const std::string_view to = compute_type(own_result_type(problem));
  if (!is_floating(type))
    result.pattern = rule.integers
                         ? fmt::format("static_cast<{}>({})", to, result.pattern)
                         : fmt::format("float_to_integer<{}>({}, true)", to, result.pattern);
  return result;
}

}  // namespace cermet::cuda
