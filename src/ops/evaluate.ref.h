// What a reference kernel sees: inputs, attributes, and outputs whose memory the caller plans.
#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/scalar.h"
#include "ops/infer.ref.h"

namespace cermet {

// One call of one operator. Inputs are tensors (borrowed) or sequences and optionals (Value).
class EvalContext {
 public:
  using Input = std::variant<ConstTensorView, const Value*>;

  EvalContext(std::string_view op, const Attributes& attributes,
              std::vector<std::optional<Input>> inputs, size_t output_count,
              void (*infer)(InferContext&));
  virtual ~EvalContext() = default;

  std::string_view op() const { return op_; }
  const Attributes& attributes() const { return *attributes_; }
  size_t input_count() const { return inputs_.size(); }
  bool has_input(size_t i) const { return i < inputs_.size() && inputs_[i].has_value(); }
  const ConstTensorView& input(size_t i) const;  // a tensor; throws when absent or not one
  const Value& value(size_t i) const;            // a sequence or optional
  bool is_tensor(size_t i) const;
  // Whether somebody reads output i. Writing an output that nobody reads is an error.
  size_t output_count() const { return output_count_; }
  virtual bool wants_output(size_t i) const = 0;

  // Memory for output i, of the type and shape that the operator's inference states for the
  // concrete inputs. Not initialised.
  TensorView output(size_t i);
  // The same where the shape depends on data.
  TensorView output(size_t i, ElementType type, const Shape& shape) {
    return allocate(i, type, shape);
  }
  // A sequence or optional as output i.
  virtual void set_output(size_t i, Value value) = 0;
  // What inference states of output i for these inputs.
  const ValueType& inferred(size_t i);

  // Elements of an integer input.
  std::vector<int64_t> integers(size_t i) const;
  int axis(int64_t value, size_t rank, std::string_view what = "axis") const;

  template <class... Args>
  void require(bool holds, fmt::format_string<Args...> text, Args&&... args) const {
    if (!holds)
      throw Error(ErrorCode::runtime,
                  std::string(op_) + ": " + fmt::format(text, std::forward<Args>(args)...));
  }

 protected:
  virtual TensorView allocate(size_t i, ElementType type, const Shape& shape) = 0;

 private:
  void run_inference();

  std::string_view op_;
  const Attributes* attributes_;
  std::vector<std::optional<Input>> inputs_;
  size_t output_count_;
  void (*infer_)(InferContext&);
  std::optional<std::vector<InferContext::Output>> inferred_;
};

// Walks the coordinates of `shape` in row-major order; `offset(strides)` style loops build on it.
// index is the running element number.
template <class F>
void for_each_index(const Shape& shape, F&& f) {
  const int64_t n = element_count(shape);
  std::vector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < n; ++i) {
    f(index, i);
    for (int d = static_cast<int>(shape.size()) - 1; d >= 0; --d) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

// Element strides of a row-major tensor.
std::vector<int64_t> row_major_strides(const Shape& shape);
// Strides with which a tensor of `shape` is read under the coordinates of `result` by numpy
// broadcasting (0 where it repeats).
std::vector<int64_t> broadcast_strides(const Shape& shape, const Shape& result);
// Copies `count` elements of the same type from one place to another; packed types and strings too.
void copy_elements(const ConstTensorView& from, int64_t from_index, const TensorView& to,
                   int64_t to_index, int64_t count);

}  // namespace cermet
