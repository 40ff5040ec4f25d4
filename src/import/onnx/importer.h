// An ONNX model becomes a graph: names resolved, functions inlined, subgraphs closed, every
// operator of newest meaning with its types inferred.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "import/onnx/onnx_model.h"
#include "ir/graph.h"

namespace cermet::onnx {

// One thing that is wrong with a model.
struct Diagnostic {
  std::string node;  // empty: the model as a whole
  ErrorCode code = ErrorCode::invalid_model;
  std::string message;
};

// An operator that a plugin offers.
struct CustomOperator {
  int version = 1;
  std::function<void(InferContext&)> infer;
};

struct ImportOptions {
  // Collects every problem instead of throwing the first; the graph is then not to be used if any
  // was found.
  std::vector<Diagnostic>* diagnostics = nullptr;
  // Gives the operator of a domain, in the version that counts for an opset, when a plugin offers
  // it; then the node becomes a Custom one. Empty: there are no plugins.
  std::function<std::optional<CustomOperator>(std::string_view domain, std::string_view op,
                                              int opset)>
      claims;
  // Values of the main graph that become additional outputs, by name.
  std::vector<std::string> marked_outputs;
};

Graph import_model(const OnnxModel& model, const ImportOptions& options = {});

// The newest versions that are understood.
inline constexpr int newest_opset = 27;
inline constexpr int newest_ir_version = 13;

}  // namespace cermet::onnx
