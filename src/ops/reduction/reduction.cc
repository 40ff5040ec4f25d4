// How reductions of earlier versions become the newest ones.
#include <array>

#include "base/error.h"
#include "ops/import_rule.h"

namespace cermet {
namespace {

using Rewritten = std::optional<std::vector<ValueId>>;

Rewritten axes_to_input(RawNode& node, GraphBuilder& builder) {
  return attribute_to_input(node, builder, "axes", 1);
}

// TopK took its k as an attribute.
Rewritten k_to_input(RawNode& node, GraphBuilder& builder) {
  const int64_t k = node.attributes.integer("k");
  node.attributes.erase("k");
  node.inputs.resize(1, no_value);
  node.inputs.push_back(builder.integers({k}));
  return std::nullopt;
}

// Softmax and its kin once saw the input as a matrix, split before `axis`, and worked on its rows.
Rewritten rows_of_matrix(RawNode& node, GraphBuilder& builder) {
  const ValueId x = node.input(0);
  const int64_t axis = node.attributes.integer("axis", 1);
  const ValueType type = builder.type(x);
  const bool last = axis == -1 || (type.has_rank() && axis == type.rank() - 1);
  if (last) {
    node.attributes.set("axis", int64_t{-1});
    return std::nullopt;
  }
  Attributes split, along;
  split.set("axis", axis);
  along.set("axis", int64_t{-1});
  const ValueId matrix = builder.add("Flatten", {x}, split);
  const ValueId rows = builder.add(node.op, {matrix}, along);
  return std::vector{builder.add("Reshape", {rows, builder.add("Shape", {x})})};
}

}  // namespace

std::span<const ImportRule> reduction_import_rules() {
  static constexpr std::array rules{
      ImportRule{"ReduceSum", 13, axes_to_input},
      ImportRule{"ReduceMean", 18, axes_to_input},
      ImportRule{"ReduceMax", 18, axes_to_input},
      ImportRule{"ReduceMin", 18, axes_to_input},
      ImportRule{"ReduceProd", 18, axes_to_input},
      ImportRule{"ReduceL1", 18, axes_to_input},
      ImportRule{"ReduceL2", 18, axes_to_input},
      ImportRule{"ReduceLogSum", 18, axes_to_input},
      ImportRule{"ReduceLogSumExp", 18, axes_to_input},
      ImportRule{"ReduceSumSquare", 18, axes_to_input},
      ImportRule{"TopK", 10, k_to_input},
      ImportRule{"Softmax", 13, rows_of_matrix},
      ImportRule{"LogSoftmax", 13, rows_of_matrix},
      ImportRule{"Hardmax", 13, rows_of_matrix},
  };
  return rules;
}

}  // namespace cermet
