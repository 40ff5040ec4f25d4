// Decision trees in the one form in which they are walked.
#pragma once

#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/attributes.h"

namespace cermet {

enum class Branch : uint8_t {
  less_equal,
  less,
  greater_equal,
  greater,
  equal,
  not_equal,
  member,
};

struct Forest {
  struct Node {
    Branch branch = Branch::less_equal;
    int64_t feature = 0;
    double split = 0;
    std::set<double> members;
    bool missing_is_true = false;
    // A node when not negative, else leaf number -1 - child.
    int64_t yes = 0;
    int64_t no = 0;
  };
  // Targets and weights.
  using Leaf = std::vector<std::pair<int64_t, double>>;

  std::vector<Node> nodes;
  std::vector<Leaf> leaves;
  std::vector<int64_t> roots;  // as children are written
  int64_t features = 0;        // one more than the highest feature that is read

  // TreeEnsemble of ai.onnx.ml 5. Throws invalid_model naming the fault.
  static Forest from_ensemble(const Attributes& attributes, int64_t targets);
  // TreeEnsembleRegressor ("target") and TreeEnsembleClassifier ("class"); likewise.
  static Forest from_nodes(const Attributes& attributes, const std::string& votes, int64_t targets);

  // The leaf that a tree gives a row of features; throws invalid_model on a cycle.
  const Leaf& walk(int64_t root, std::span<const double> row) const;
};

// Floats given as a list or, under NAME_as_tensor, as a tensor.
std::vector<double> numbers_or_tensor(const Attributes& attributes, const std::string& name);

}  // namespace cermet
