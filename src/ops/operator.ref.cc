#include "ops/operator.ref.h"

#include <unordered_map>

#include "ops/families.ref.h"

namespace cermet {
namespace {

using Family = std::span<const Operator> (*)();
constexpr Family families[] = {
    math_operators,        movement_operators,      reduction_operators,    matrix_operators,
    convolution_operators, normalization_operators, quantization_operators, recurrent_operators,
    sequence_operators,    text_operators,          generation_operators,   learning_operators,
};

struct Key {
  std::string_view domain;
  std::string_view name;
  bool operator==(const Key&) const = default;
};

struct KeyHash {
  size_t operator()(const Key& key) const {
    const std::hash<std::string_view> hash;
    return hash(key.domain) * 31 + hash(key.name);
  }
};

class Registry {
 public:
  Registry() {
    for (const Family family : families)
      for (const Operator& op : family()) add(op);
  }

  const Operator* find(const Key& key) const {
    const auto found = by_name_.find(key);
    return found == by_name_.end() ? nullptr : found->second;
  }
  std::span<const Operator* const> all() const { return all_; }

 private:
  void add(const Operator& op) {
    if (!by_name_.emplace(Key{op.domain, op.name}, &op).second)
      fail(ErrorCode::internal, "the operator \"{}\" of domain \"{}\" is listed twice", op.name,
           op.domain);
    all_.push_back(&op);
  }

  std::vector<const Operator*> all_;
  std::unordered_map<Key, const Operator*, KeyHash> by_name_;
};

const Registry& registry() {
  static const Registry built;
  return built;
}

// Every output is wanted and gets memory of its own.
class OwnedContext final : public EvalContext {
 public:
  OwnedContext(const Operator& op, const Attributes& attributes,
               std::vector<std::optional<Input>> inputs, size_t output_count)
      : EvalContext(op.name, attributes, std::move(inputs), output_count, op.infer),
        outputs_(output_count) {}

  bool wants_output(size_t i) const override { return i < output_count(); }
  void set_output(size_t i, Value value) override { slot(i) = std::move(value); }

  std::vector<Value> take() {
    std::vector<Value> values;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (!outputs_[i]) fail(ErrorCode::internal, "{}: the kernel left output {} unset", op(), i);
      values.push_back(std::move(*outputs_[i]));
    }
    return values;
  }

 protected:
  TensorView allocate(size_t i, ElementType type, const Shape& shape) override {
    slot(i) = Tensor(type, shape);
    return outputs_[i]->tensor.view();
  }

 private:
  std::optional<Value>& slot(size_t i) {
    if (i >= outputs_.size())
      fail(ErrorCode::internal, "{}: the kernel wrote output {} of {}", op(), i, outputs_.size());
    return outputs_[i];
  }

  std::vector<std::optional<Value>> outputs_;
};

}  // namespace

const Operator* find_operator(std::string_view domain, std::string_view name) {
  return registry().find({domain, name});
}

std::span<const Operator* const> all_operators() { return registry().all(); }

std::vector<Value> evaluate(const Operator& op, const Attributes& attributes,
                            std::span<const std::optional<Value>> inputs, size_t output_count) {
  std::vector<std::optional<EvalContext::Input>> borrowed(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i]) borrowed[i] = &*inputs[i];
  OwnedContext context(op, attributes, std::move(borrowed), output_count);
  op.evaluate(context);
  return context.take();
}

}  // namespace cermet
