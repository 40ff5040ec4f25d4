// Scan: its body becomes a closed graph that runs once a slice.
#include "import/onnx/control_nodes.h"
#include "import/onnx/node_importer.h"

namespace cermet::onnx {
namespace {

// The type of one slice of a scanned tensor.
ValueType slice_type(const ValueType& type, int64_t axis) {
  if (!type.has_rank()) return ValueType::tensor(type.element, std::nullopt);
  Dims dims = *type.dims;
  const int64_t rank = static_cast<int64_t>(dims.size());
  if (axis < 0) axis += rank;
  require(axis >= 0 && axis < rank, ErrorCode::invalid_model,
          "scan input axis {} is outside rank {}", axis, rank);
  dims.erase(dims.begin() + axis);
  return ValueType::tensor(type.element, std::move(dims));
}

size_t scanned_inputs(const Attributes& attributes, size_t inputs) {
  const int64_t scanned = attributes.integer("num_scan_inputs");
  require(scanned >= 1 && scanned <= static_cast<int64_t>(inputs), ErrorCode::invalid_model,
          "num_scan_inputs is {}, with {} inputs", scanned, inputs);
  return static_cast<size_t>(scanned);
}

// The first elements of a sequence: all that counts of one item of a batch.
ValueId shortened(GraphBuilder& builder, ValueId sequence, ValueId length) {
  return builder.add("Slice", {sequence, builder.integers({0}), length, builder.integers({0})});
}

// Zeros behind the elements of `sequence`, until it is as long as `whole`.
ValueId lengthened(GraphBuilder& builder, ValueId sequence, ValueId length, ValueId whole) {
  const ValueType& type = builder.type(sequence);
  require(type.has_rank(), ErrorCode::unsupported,
          "Scan of opset 8 with sequence_lens: the rank of the scan output {} has to be known",
          type.to_string());
  Attributes first;
  first.set("start", int64_t{0});
  first.set("end", int64_t{1});
  const ValueId missing = builder.add("Sub", {builder.add("Shape", {whole}, first), length});
  std::vector<ValueId> pads{builder.integers(std::vector<int64_t>(type.rank(), 0)), missing};
  if (type.rank() > 1) pads.push_back(builder.integers(std::vector<int64_t>(type.rank() - 1, 0)));
  Attributes axis;
  axis.set("axis", int64_t{0});
  return builder.add("Pad", {sequence, builder.add("Concat", std::move(pads), axis)});
}

}  // namespace

std::vector<ValueId> NodeImporter::import_scan(const OnnxNode& node, GraphBuilder& builder,
                                               Scope& scope) {
  const std::vector<ValueId> inputs = resolve(node.inputs, scope);
  const Attributes attributes = attributes_of(node, scope);
  const OnnxGraph& from = body_of(node, "body");
  const auto opset = scope.opsets->find("");
  if (opset != scope.opsets->end() && opset->second < 9)
    return scan_batch(from, inputs, attributes, node.outputs.size(), builder, scope);
  return scan(from, inputs, attributes, node.outputs.size(), builder, scope);
}

std::vector<ValueId> NodeImporter::scan(const OnnxGraph& from, std::vector<ValueId> inputs,
                                        const Attributes& attributes, size_t outputs,
                                        GraphBuilder& builder, Scope& scope) {
  const size_t scanned = scanned_inputs(attributes, inputs.size());
  const size_t states = inputs.size() - scanned;
  const auto axes = attributes.integers("scan_input_axes", std::vector<int64_t>(scanned, 0));
  require(axes.size() == scanned, ErrorCode::invalid_model,
          "scan_input_axes has {} entries for {} scanned inputs", axes.size(), scanned);
  std::vector<ValueType> types;
  for (size_t i = 0; i < inputs.size(); ++i) {
    require(inputs[i] != no_value, ErrorCode::invalid_model, "input {} is absent", i);
    const ValueType& type = scope.graph->type(inputs[i]);
    types.push_back(i < states ? type : slice_type(type, axes[i - states]));
  }
  Body body = import_stable(from, std::move(types), 0, states, 0, scope);
  require_results(body.graph, outputs, "Scan");
  inputs.insert(inputs.end(), body.captured.begin(), body.captured.end());
  std::vector<Graph> bodies;
  bodies.push_back(std::move(body.graph));
  return add_control(builder, "Scan", std::move(inputs), std::move(bodies),
                     with_captured(attributes, body.captured.size()), outputs);
}

// Before opset 9 every tensor had a leading batch dimension, and an optional first input told how
// long each item's sequences are: a scan over the batch of a scan over one item's sequences.
std::vector<ValueId> NodeImporter::scan_batch(const OnnxGraph& from, std::vector<ValueId> inputs,
                                              const Attributes& attributes, size_t outputs,
                                              GraphBuilder& builder, Scope& scope) {
  require(!inputs.empty(), ErrorCode::invalid_model, "Scan of opset 8 has no inputs");
  const bool has_lengths = inputs[0] != no_value;
  if (!has_lengths) inputs.erase(inputs.begin());
  const size_t scanned = scanned_inputs(attributes, inputs.size() - has_lengths);
  Graph item;
  item.name = from.name + ".item";
  item.share_symbols(*scope.graph);
  Scope inner;
  inner.graph = &item;
  inner.opsets = scope.opsets;
  inner.prefix = scope.prefix;
  inner.call_attributes = scope.call_attributes;
  inner.depth = scope.depth + 1;
  GraphBuilder inside(item, builder.origin());
  std::vector<ValueId> slices;
  for (ValueId input : inputs) {
    require(input != no_value, ErrorCode::invalid_model, "an input of Scan is absent");
    const GraphValue& whole = scope.graph->value(input);
    slices.push_back(item.add_input(whole.name + ".item", slice_type(whole.type, 0)));
  }
  const std::vector<ValueId> captured = capture(free_names(from), scope, inner);

  ValueId length = no_value;
  if (has_lengths) {
    length = inside.add("Reshape", {slices.front(), inside.integers({1})});
    slices.erase(slices.begin());
  }
  const ValueId whole = slices.back();
  const size_t states = slices.size() - scanned;
  if (has_lengths)
    for (size_t i = states; i < slices.size(); ++i)
      slices[i] = shortened(inside, slices[i], length);
  Attributes one;
  one.set("num_scan_inputs", static_cast<int64_t>(scanned));
  if (attributes.has("directions"))
    one.set("scan_input_directions", attributes.integers("directions"));
  std::vector<ValueId> results = scan(from, std::move(slices), one, outputs, inside, inner);
  for (size_t i = 0; i < results.size(); ++i)
    item.add_output(has_lengths && i >= states ? lengthened(inside, results[i], length, whole)
                                               : results[i]);

  Attributes batch;
  batch.set("num_scan_inputs", static_cast<int64_t>(inputs.size()));
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  std::vector<Graph> bodies;
  bodies.push_back(std::move(item));
  return add_control(builder, "Scan", std::move(inputs), std::move(bodies),
                     with_captured(std::move(batch), captured.size()), outputs);
}

}  // namespace cermet::onnx
