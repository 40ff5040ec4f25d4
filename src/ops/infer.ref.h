// What an operator's inference sees: types of its inputs, as much of their contents as is known,
// and where it states the types of its outputs. The same function infers while building (symbolic
// sizes) and while running (every size constant), so an operator's shapes are written once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/attributes.h"
#include "base/error.h"
#include "expr/value_type.h"

namespace cermet {

class InferContext {
 public:
  struct Input {
    ValueType type;
    std::optional<ConstTensorView> constant;  // the whole contents, when known
    std::optional<Dims> contents;  // integer tensors of rank 0 or 1: elements as expressions
  };
  struct Output {
    ValueType type;
    std::optional<Dims> contents;
  };
  // Makes a new symbol whose value the operator's step defines while running.
  using NewSymbol = std::function<Dim(std::string_view hint)>;

  InferContext(std::string_view op, const Attributes& attributes,
               std::vector<std::optional<Input>> inputs, size_t output_count, NewSymbol new_symbol);

  const Attributes& attributes() const { return *attributes_; }
  std::string_view op() const { return op_; }

  size_t input_count() const { return inputs_.size(); }  // absent optional ones included
  bool has_input(size_t i) const { return i < inputs_.size() && inputs_[i].has_value(); }
  const ValueType& input(size_t i) const;  // throws invalid_model when absent
  ElementType element(size_t i) const { return input(i).element; }
  bool has_rank(size_t i) const { return input(i).has_rank(); }
  int rank(size_t i) const;          // throws when unknown: ask has_rank first
  const Dims& dims(size_t i) const;  // likewise

  // The elements of an integer input of rank 0 or 1, in order, when all are known as expressions.
  std::optional<Dims> contents(size_t i) const;
  // The same when all are plain numbers; of any rank.
  std::optional<std::vector<int64_t>> integers(size_t i) const;
  // The whole constant of an input, if it is one.
  std::optional<ConstTensorView> constant(size_t i) const;

  // What is stated of outputs that the node does not have is dropped.
  size_t output_count() const { return outputs_.size(); }
  void set_output(size_t i, ValueType type);
  void set_output(size_t i, ElementType element, Dims dims) {
    set_output(i, ValueType::tensor(element, std::move(dims)));
  }
  void set_output_rank_unknown(size_t i, ElementType element) {
    set_output(i, ValueType::tensor(element, std::nullopt));
  }
  // Element type known, `rank` new symbols as sizes.
  void set_output_rank(size_t i, ElementType element, int rank);
  void set_contents(size_t i, Dims elements);
  // A fresh size that depends on data, defined by this operator's step.
  Dim new_dim(std::string_view hint = "n") { return new_symbol_(hint); }

  // A dimension index in [-rank, rank) made non-negative; throws naming the attribute or input.
  int axis(int64_t value, int rank, std::string_view what = "axis") const;

  template <class... Args>
  void require(bool holds, fmt::format_string<Args...> text, Args&&... args) const {
    if (!holds)
      throw Error(ErrorCode::invalid_model,
                  std::string(op_) + ": " + fmt::format(text, std::forward<Args>(args)...));
  }

  const std::vector<Output>& outputs() const { return outputs_; }

 private:
  std::string_view op_;
  const Attributes* attributes_;
  std::vector<std::optional<Input>> inputs_;
  std::vector<Output> outputs_;
  NewSymbol new_symbol_;
};

// Inference shared by many operators.
Dims broadcast_dims(const Dims& a, const Dims& b);
// Output 0 has the type of input 0 (element and dims); contents are handed on.
void infer_same(InferContext& context);
// Numpy broadcasting of all inputs; element type of input `element_from`, or `element` if given.
void infer_broadcast(InferContext& context, std::optional<ElementType> element = {},
                     size_t element_from = 0);

}  // namespace cermet
