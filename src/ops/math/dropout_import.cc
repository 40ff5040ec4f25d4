#include "ops/math/dropout_import.h"

#include "ops/raw_input.h"

namespace cermet {
namespace {

bool wants_mask(const RawNode& node) { return node.wanted.size() > 1 && node.wanted[1]; }

// All true, in the shape of the data.
ValueId full_mask(GraphBuilder& builder, ValueId data) {
  Tensor one(ElementType::boolean, {1});
  store_element<int64_t>(one.view(), 0, 1);
  Attributes attributes;
  attributes.set("value", std::move(one));
  return builder.add("ConstantOfShape", {builder.add("Shape", {data})}, std::move(attributes));
}

bool is_inference(const RawNode& node, const GraphBuilder& builder) {
  const ValueId training = node.input(2);
  if (training == no_value) return true;
  const Tensor* known = builder.known_constant(training);
  return known != nullptr && known->elements() == 1 && load_element<int64_t>(known->view(), 0) == 0;
}

std::vector<ValueId> hand_on(const RawNode& node, GraphBuilder& builder) {
  std::vector<ValueId> results{builder.add("Identity", {required_input(node, 0)})};
  if (node.output_count > 1)
    results.push_back(wants_mask(node) ? full_mask(builder, node.input(0)) : no_value);
  return results;
}

}  // namespace

std::optional<std::vector<ValueId>> import_old_dropout(RawNode& node, GraphBuilder& builder) {
  const bool training = node.version < 7 && node.attributes.integer("is_test", 0) == 0;
  const ElementType type = builder.element(required_input(node, 0));
  std::vector<ValueId> results;
  if (training) {
    Tensor yes(ElementType::boolean, {});
    store_element<int64_t>(yes.view(), 0, 1);
    const ValueId ratio =
        builder.scalar(ElementType::float32, node.attributes.number("ratio", 0.5));
    results = builder.add_all("Dropout", {node.input(0), ratio, builder.constant(std::move(yes))},
                              node.output_count);
  } else {
    results = hand_on(node, builder);
  }
  if (node.version < 10 && wants_mask(node)) results[1] = builder.cast(results[1], type);
  return results;
}

std::optional<std::vector<ValueId>> import_dropout(RawNode& node, GraphBuilder& builder) {
  if (!is_inference(node, builder)) return std::nullopt;
  return hand_on(node, builder);
}

}  // namespace cermet
