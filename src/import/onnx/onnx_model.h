// An ONNX file as it stands: names are strings, nothing is resolved, tensors are read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/attributes.h"
#include "expr/value_type.h"

namespace cermet::onnx {

struct OnnxGraph;

struct OnnxAttribute {
  std::string name;
  std::optional<Attribute> value;  // nothing for graphs, types and references
  std::vector<OnnxGraph> graphs;
  std::optional<ValueType> type;  // a TypeProto
  std::string reference;          // within a function: the caller's attribute of that name
};

struct OnnxNode {
  std::string domain;  // "" for "ai.onnx" too
  std::string op;
  std::string overload;
  std::string name;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes;

  const OnnxAttribute* attribute(std::string_view attribute_name) const;
};

struct OnnxValueInfo {
  std::string name;
  std::optional<ValueType> type;  // free sizes are symbols
};

struct OnnxTensor {
  std::string name;
  Tensor tensor;
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxValueInfo> inputs;
  std::vector<OnnxValueInfo> outputs;
  std::vector<OnnxValueInfo> value_infos;
  std::vector<OnnxTensor> initializers;  // sparse ones are already dense
};

using OpsetImports = std::map<std::string, int, std::less<>>;

struct OnnxFunction {
  std::string domain;
  std::string name;
  std::string overload;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> defaults;
  std::vector<OnnxNode> nodes;
  OpsetImports opsets;
};

struct OnnxModel {
  int64_t ir_version = 0;
  std::string producer;
  OpsetImports opsets;
  OnnxGraph graph;
  std::vector<OnnxFunction> functions;
};

// Reads a model file. Weights stay in the mapped file where their alignment allows; external data
// is looked for in the model's own folder and nowhere else. Throws io or invalid_model naming the
// field that is wrong.
OnnxModel read_model_file(const std::string& path);
// The same from memory, which is copied where needed; `folder` holds external data, empty: none.
OnnxModel read_model(std::string_view bytes, const std::string& folder,
                     std::shared_ptr<void> owner = nullptr);
// The same from bytes of write_model(); `kept` gives the data that it kept elsewhere.
using KeptTensors = std::function<Tensor(ElementType, const Shape&, const std::string& location)>;
OnnxModel read_model(std::string_view bytes, const KeptTensors& kept);

}  // namespace cermet::onnx
