// Adds the nodes of a model's graphs, one at a time, to the graph under construction.
#pragma once

#include <set>

#include "base/error.h"
#include "import/onnx/importer.h"
#include "import/onnx/scope.h"
#include "ops/import_rule.h"

namespace cermet::onnx {

class NodeImporter {
 public:
  NodeImporter(const OnnxModel& model, const ImportOptions& options);

  // Initialisers, nodes and outputs of `from`; the inputs are already in the scope.
  void import_body(const OnnxGraph& from, Scope& scope);

 private:
  void import_nodes(const OnnxGraph& from, Scope& scope);  // initialisers too
  void import_node(const OnnxNode& node, size_t index, Scope& scope);
  // Problems of one node are thrown, or collected with the node's results marked as unknown.
  void import_node_guarded(const OnnxNode& node, size_t index, Scope& scope);
  bool inputs_unknown(const OnnxNode& node, const Scope& scope) const;

  std::vector<ValueId> resolve(const std::vector<std::string>& names, const Scope& scope) const;
  Attributes attributes_of(const OnnxNode& node, const Scope& scope) const;
  void bind_outputs(const OnnxNode& node, const std::vector<ValueId>& results, Scope& scope);

  // The version of the node's domain that counts where the node stands.
  static int version_of(const OnnxNode& node, const Scope& scope);
  // The plugin's operator if it takes one; throws unsupported when nobody knows the node's.
  std::optional<CustomOperator> require_known(const OnnxNode& node, const Scope& scope) const;
  const OnnxFunction* find_function(const OnnxNode& node) const;
  void import_call(const OnnxNode& node, const OnnxFunction& function, const std::string& name,
                   Scope& scope);
  // The nodes of a graph attribute beside its node, on the given inputs; returns its results.
  std::vector<ValueId> import_inline(const OnnxGraph& from, std::span<const ValueId> inputs,
                                     const std::string& name, const Scope& outer);
  std::vector<ValueId> import_operator(const OnnxNode& node, const std::string& name, Scope& scope);

  // control_importer.cc, scan_importer.cc
  std::vector<ValueId> import_if(const OnnxNode& node, GraphBuilder& builder, Scope& scope);
  std::vector<ValueId> import_loop(const OnnxNode& node, GraphBuilder& builder, Scope& scope);
  std::vector<ValueId> import_scan(const OnnxNode& node, GraphBuilder& builder, Scope& scope);
  std::vector<ValueId> import_sequence_map(const OnnxNode& node, GraphBuilder& builder,
                                           Scope& scope);
  std::vector<ValueId> scan(const OnnxGraph& from, std::vector<ValueId> inputs,
                            const Attributes& attributes, size_t outputs, GraphBuilder& builder,
                            Scope& scope);
  std::vector<ValueId> scan_batch(const OnnxGraph& from, std::vector<ValueId> inputs,
                                  const Attributes& attributes, size_t outputs,
                                  GraphBuilder& builder, Scope& scope);
  struct Body {
    Graph graph;
    std::vector<ValueId> captured;  // values of the outer graph, after the formal inputs
    std::vector<bool> wrapped;      // carried values whose results were made optionals
  };
  Body import_closed(const OnnxGraph& from, const std::vector<ValueType>& types,
                     const std::vector<std::string>& captures, const Scope& outer);
  // Imports a loop's body until the types of its carried values hold in every iteration.
  Body import_stable(const OnnxGraph& from, std::vector<ValueType> types, size_t first_state,
                     size_t states, size_t first_result, const Scope& outer);
  // gradient.cc: ai.onnx.preview.training.Gradient, of a value that the graph has so far.
  std::vector<ValueId> import_gradient(const OnnxNode& node, GraphBuilder& builder, Scope& scope);

  const OnnxModel* model_;
  const ImportOptions* options_;
  std::set<std::string> active_functions_;
  size_t nodes_of_functions_ = 0;  // of all calls so far
};

// The graph attribute of a control-flow node; throws when it is missing.
const OnnxGraph& body_of(const OnnxNode& node, std::string_view attribute);

}  // namespace cermet::onnx
