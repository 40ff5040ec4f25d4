#include "ops/learning/forest.ref.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/scalar.h"

namespace cermet {
namespace {

constexpr std::array<std::string_view, 7> branch_names{"BRANCH_LEQ",   "BRANCH_LT", "BRANCH_GTE",
                                                       "BRANCH_GT",    "BRANCH_EQ", "BRANCH_NEQ",
                                                       "BRANCH_MEMBER"};

bool holds(const Forest::Node& node, double x) {
  if (std::isnan(x) && node.missing_is_true) return true;
  switch (node.branch) {
    case Branch::less_equal:
      return x <= node.split;
    case Branch::less:
      return x < node.split;
    case Branch::greater_equal:
      return x >= node.split;
    case Branch::greater:
      return x > node.split;
    case Branch::equal:
      return x == node.split;
    case Branch::not_equal:
      return x != node.split;
    case Branch::member:
      return node.members.contains(x);
  }
  return false;
}

void require_length(size_t got, size_t expected, std::string_view what) {
  require(got == expected, ErrorCode::invalid_model, "{}: expected {} entries, got {}", what,
          expected, got);
}

int64_t checked(int64_t index, size_t limit, std::string_view what) {
  require(index >= 0 && index < static_cast<int64_t>(limit), ErrorCode::invalid_model,
          "{}: expected numbers from 0 to {}, got {}", what, static_cast<int64_t>(limit) - 1,
          index);
  return index;
}

// Lists of the nodes of both forms; missing tracks may be absent.
struct Lists {
  std::vector<int64_t> features, yes, no, missing;

  explicit Lists(const Attributes& a)
      : features(a.integers("nodes_featureids", {})),
        yes(a.integers("nodes_truenodeids", {})),
        no(a.integers("nodes_falsenodeids", {})),
        missing(a.integers("nodes_missing_value_tracks_true", {})) {
    require_length(yes.size(), features.size(), "nodes_truenodeids");
    require_length(no.size(), features.size(), "nodes_falsenodeids");
    if (missing.empty()) missing.assign(features.size(), 0);
    require_length(missing.size(), features.size(), "nodes_missing_value_tracks_true");
  }
};

// Sets of members, each ended by a NaN, for the member nodes in order.
void assign_members(Forest& forest, const Attributes& a) {
  std::vector<double> values;
  if (a.has("membership_values")) values = load_all<double>(a.tensor("membership_values").view());
  size_t at = 0;
  for (Forest::Node& node : forest.nodes) {
    if (node.branch != Branch::member) continue;
    require(at < values.size(), ErrorCode::invalid_model,
            "membership_values: too few sets for the member nodes");
    for (; at < values.size() && !std::isnan(values[at]); ++at) node.members.insert(values[at]);
    ++at;
  }
}

using NodeKey = std::pair<int64_t, int64_t>;  // tree, node

// Numbers every node: branches from 0 on, leaves as -1, -2 ...
std::map<NodeKey, int64_t> number_nodes(const Attributes& a, const std::vector<std::string>& modes,
                                        Forest& forest) {
  const std::vector<int64_t> trees = a.integers("nodes_treeids", {});
  const std::vector<int64_t> ids = a.integers("nodes_nodeids", {});
  require_length(trees.size(), modes.size(), "nodes_treeids");
  require_length(ids.size(), modes.size(), "nodes_nodeids");
  std::map<NodeKey, int64_t> numbers;
  int64_t branches = 0;
  for (size_t i = 0; i < modes.size(); ++i) {
    int64_t number = branches;
    if (modes[i] == "LEAF") {
      forest.leaves.emplace_back();
      number = -static_cast<int64_t>(forest.leaves.size());
    } else {
      ++branches;
    }
    const bool first = i == 0 || trees[i] != trees[i - 1];
    if (first) forest.roots.push_back(number);
    require(numbers.emplace(NodeKey{trees[i], ids[i]}, number).second, ErrorCode::invalid_model,
            "node {} of tree {} is listed twice", ids[i], trees[i]);
  }
  return numbers;
}

int64_t number_of(const std::map<NodeKey, int64_t>& numbers, int64_t tree, int64_t node) {
  const auto found = numbers.find({tree, node});
  require(found != numbers.end(), ErrorCode::invalid_model, "tree {} has no node {}", tree, node);
  return found->second;
}

Branch branch_named(std::string_view mode) {
  const auto found = std::find(branch_names.begin(), branch_names.end(), mode);
  require(found != branch_names.end(), ErrorCode::invalid_model, "nodes_modes: unknown mode '{}'",
          mode);
  return static_cast<Branch>(found - branch_names.begin());
}

void add_votes(Forest& forest, const Attributes& a, const std::string& votes, int64_t targets,
               const std::map<NodeKey, int64_t>& numbers) {
  const std::vector<int64_t> trees = a.integers(votes + "_treeids", {});
  const std::vector<int64_t> nodes = a.integers(votes + "_nodeids", {});
  const std::vector<int64_t> ids = a.integers(votes + "_ids", {});
  const std::vector<double> weights = numbers_or_tensor(a, votes + "_weights");
  for (const size_t length : {nodes.size(), ids.size(), weights.size()})
    require_length(length, trees.size(), votes + "_treeids and its companions");
  for (size_t i = 0; i < trees.size(); ++i) {
    const int64_t number = number_of(numbers, trees[i], nodes[i]);
    require(number < 0, ErrorCode::invalid_model, "node {} of tree {} has a vote but is no leaf",
            nodes[i], trees[i]);
    checked(ids[i], static_cast<size_t>(targets), votes + "_ids");
    forest.leaves[-1 - number].emplace_back(ids[i], weights[i]);
  }
}

void note_features(Forest& forest) {
  for (const Forest::Node& node : forest.nodes) {
    require(node.feature >= 0, ErrorCode::invalid_model, "nodes_featureids: got {}", node.feature);
    forest.features = std::max(forest.features, node.feature + 1);
  }
}

}  // namespace

std::vector<double> numbers_or_tensor(const Attributes& attributes, const std::string& name) {
  if (attributes.has(name + "_as_tensor"))
    return load_all<double>(attributes.tensor(name + "_as_tensor").view());
  return attributes.numbers(name);
}

Forest Forest::from_ensemble(const Attributes& a, int64_t targets) {
  const Lists lists(a);
  const size_t count = lists.features.size();
  const std::vector<double> splits = load_all<double>(a.tensor("nodes_splits").view());
  const std::vector<int64_t> modes = load_integers(a.tensor("nodes_modes").view(), "nodes_modes");
  const std::vector<int64_t> yes_leaf = a.integers("nodes_trueleafs");
  const std::vector<int64_t> no_leaf = a.integers("nodes_falseleafs");
  for (const size_t length : {splits.size(), modes.size(), yes_leaf.size(), no_leaf.size()})
    require_length(length, count, "the lists named nodes_");
  const std::vector<int64_t> ids = a.integers("leaf_targetids");
  const std::vector<double> weights = load_all<double>(a.tensor("leaf_weights").view());
  require_length(weights.size(), ids.size(), "leaf_weights");

  Forest forest;
  for (size_t i = 0; i < ids.size(); ++i)
    forest.leaves.push_back(
        {{checked(ids[i], static_cast<size_t>(targets), "leaf_targetids"), weights[i]}});
  const auto child = [&](int64_t index, bool leaf) {
    return leaf ? -1 - checked(index, ids.size(), "a leaf") : checked(index, count, "a branch");
  };
  for (size_t i = 0; i < count; ++i) {
    Node node;
    node.branch = static_cast<Branch>(checked(modes[i], branch_names.size(), "nodes_modes"));
    node.feature = lists.features[i];
    node.split = splits[i];
    node.missing_is_true = lists.missing[i] != 0;
    node.yes = child(lists.yes[i], yes_leaf[i] != 0);
    node.no = child(lists.no[i], no_leaf[i] != 0);
    forest.nodes.push_back(std::move(node));
  }
  for (const int64_t root : a.integers("tree_roots"))
    forest.roots.push_back(checked(root, count, "tree_roots"));
  assign_members(forest, a);
  note_features(forest);
  return forest;
}

Forest Forest::from_nodes(const Attributes& a, const std::string& votes, int64_t targets) {
  const Lists lists(a);
  const std::vector<std::string> modes = a.texts("nodes_modes");
  const std::vector<int64_t> trees = a.integers("nodes_treeids", {});
  const std::vector<double> splits = numbers_or_tensor(a, "nodes_values");
  require_length(modes.size(), lists.features.size(), "nodes_modes");
  require_length(splits.size(), modes.size(), "nodes_values");
  Forest forest;
  const std::map<NodeKey, int64_t> numbers = number_nodes(a, modes, forest);
  for (size_t i = 0; i < modes.size(); ++i) {
    if (modes[i] == "LEAF") continue;
    Node node;
    node.branch = branch_named(modes[i]);
    node.feature = lists.features[i];
    node.split = splits[i];
    node.missing_is_true = lists.missing[i] != 0;
    node.yes = number_of(numbers, trees[i], lists.yes[i]);
    node.no = number_of(numbers, trees[i], lists.no[i]);
    forest.nodes.push_back(std::move(node));
  }
  add_votes(forest, a, votes, targets, numbers);
  note_features(forest);
  return forest;
}

const Forest::Leaf& Forest::walk(int64_t root, std::span<const double> row) const {
  int64_t at = root;
  for (size_t steps = 0; at >= 0; ++steps) {
    require(steps <= nodes.size(), ErrorCode::invalid_model, "the tree of node {} has a cycle",
            root);
    const Node& node = nodes[at];
    at = holds(node, row[node.feature]) ? node.yes : node.no;
  }
  return leaves[-1 - at];
}

}  // namespace cermet
