// How nodes of a model become operators of newest meaning. Operators not named in any rule are
// taken as they stand.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ops/graph_builder.h"

namespace cermet {

// A node as the model states it, inputs and captured values already resolved in the graph.
struct RawNode {
  std::string domain;
  std::string op;
  std::string name;
  int version = 0;  // of the node's domain, as the model imports it
  std::vector<ValueId> inputs;
  size_t output_count = 1;
  std::vector<bool> wanted;  // by output: does the model name it
  Attributes attributes;
  std::map<std::string, ValueType> types;  // attributes that hold types
  // Attributes that hold graphs: each adds its graph's operators to the node's own graph, on the
  // given inputs, and returns its results.
  std::map<std::string, std::function<std::vector<ValueId>(std::span<const ValueId>)>> graphs;

  ValueId input(size_t i) const { return i < inputs.size() ? inputs[i] : no_value; }
};

// Either rewrites `node` in place to the newest meaning and returns nothing, or adds operators
// itself and returns their values as the node's outputs.
using ImportFunction = std::optional<std::vector<ValueId>> (*)(RawNode& node,
                                                               GraphBuilder& builder);

struct ImportRule {
  std::string_view op;
  // Applies to nodes of versions below this; 0: to every version. Rules of one operator are
  // applied in ascending order of `before`, 0 last.
  int before = 0;
  ImportFunction import = nullptr;
  std::string_view domain{};
};

std::vector<const ImportRule*> find_import_rules(std::string_view domain, std::string_view op,
                                                 int version);
std::span<const ImportRule* const> all_import_rules();

// Each family's own rules; one function a folder.
std::span<const ImportRule> math_import_rules();
std::span<const ImportRule> movement_import_rules();
std::span<const ImportRule> reduction_import_rules();
std::span<const ImportRule> matrix_import_rules();
std::span<const ImportRule> convolution_import_rules();
std::span<const ImportRule> normalization_import_rules();
std::span<const ImportRule> quantization_import_rules();
std::span<const ImportRule> recurrent_import_rules();
std::span<const ImportRule> sequence_import_rules();
std::span<const ImportRule> text_import_rules();
std::span<const ImportRule> generation_import_rules();
std::span<const ImportRule> learning_import_rules();

// Rules that several operators share: an attribute that later became an input.
std::optional<std::vector<ValueId>> attribute_to_input(RawNode& node, GraphBuilder& builder,
                                                       std::string_view attribute, size_t input);

}  // namespace cermet
