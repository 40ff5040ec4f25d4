#include "ops/learning/label_encoder.ref.h"

#include <cmath>
#include <map>

namespace cermet {
namespace {

// A list attribute of any of its forms as a vector tensor: NAME_strings, _int64s, _floats, _tensor.
Tensor list_of(const Attributes& a, const std::string& stem) {
  if (a.has(stem + "_tensor")) return a.tensor(stem + "_tensor");
  if (a.has(stem + "_strings")) {
    const std::vector<std::string> values = a.texts(stem + "_strings");
    Tensor tensor(ElementType::string, {static_cast<int64_t>(values.size())});
    std::copy(values.begin(), values.end(), tensor.view().as<std::string>());
    return tensor;
  }
  if (a.has(stem + "_int64s")) {
    const std::vector<int64_t> values = a.integers(stem + "_int64s");
    return Tensor::from(ElementType::int64, {static_cast<int64_t>(values.size())}, values);
  }
  const std::vector<double> values = a.numbers(stem + "_floats");
  Tensor tensor(ElementType::float32, {static_cast<int64_t>(values.size())});
  store_all(tensor.view(), values);
  return tensor;
}

// What stands for keys that are not in the table, as a tensor of one element.
Tensor otherwise_of(const Attributes& a, ElementType type) {
  if (a.has("default_tensor")) return a.tensor("default_tensor");
  Tensor tensor(type, {1});
  if (type == ElementType::string)
    tensor.view().as<std::string>()[0] = a.text("default_string", "_Unused");
  else if (is_floating(type))
    store_element(tensor.view(), 0, a.number("default_float", -0.0));
  else
    store_element(tensor.view(), 0, a.integer("default_int64", -1));
  return tensor;
}

// Places of the elements of x among the keys, -1 for none; of equal keys the last counts. A NaN
// finds a NaN.
template <class T, class Load>
std::vector<int64_t> places(const ConstTensorView& x, const ConstTensorView& keys, Load&& load) {
  std::map<T, int64_t> table;
  int64_t nan_place = -1;
  for (int64_t i = 0; i < keys.elements(); ++i) {
    const T key = load(keys, i);
    if (key != key)
      nan_place = i;
    else
      table[key] = i;
  }
  std::vector<int64_t> found;
  for (int64_t i = 0; i < x.elements(); ++i) {
    const T key = load(x, i);
    const auto entry = key != key ? table.end() : table.find(key);
    if (entry != table.end())
      found.push_back(entry->second);
    else
      found.push_back(key != key ? nan_place : -1);
  }
  return found;
}

std::vector<int64_t> find_places(const ConstTensorView& x, const ConstTensorView& keys) {
  if (x.type == ElementType::string)
    return places<std::string>(
        x, keys, [](const ConstTensorView& view, int64_t i) { return view.as<std::string>()[i]; });
  if (is_floating(x.type))
    return places<double>(x, keys, [](const ConstTensorView& view, int64_t i) {
      return load_element<double>(view, i);
    });
  return places<int64_t>(x, keys, [](const ConstTensorView& view, int64_t i) {
    return load_element<int64_t>(view, i);
  });
}

}  // namespace

void infer_label_encoder(InferContext& ctx) {
  const Tensor keys = list_of(ctx.attributes(), "keys");
  const Tensor values = list_of(ctx.attributes(), "values");
  ctx.require(keys.elements() == values.elements(), "{} keys, but {} values", keys.elements(),
              values.elements());
  const bool strings = keys.type() == ElementType::string;
  ctx.require(strings == (ctx.element(0) == ElementType::string),
              "keys of type {} do not match elements of type {}", name(keys.type()),
              name(ctx.element(0)));
  ctx.set_output(0, ValueType::tensor(values.type(), ctx.input(0).dims));
}

void evaluate_label_encoder(EvalContext& ctx) {
  const TensorView y = ctx.output(0);  // checks the table
  const Tensor keys = list_of(ctx.attributes(), "keys");
  const Tensor values = list_of(ctx.attributes(), "values");
  const Tensor otherwise = otherwise_of(ctx.attributes(), values.type());
  ctx.require(otherwise.type() == values.type() && otherwise.elements() == 1,
              "the default: expected one {}, got {} of type {}", name(values.type()),
              otherwise.elements(), name(otherwise.type()));
  const std::vector<int64_t> found = find_places(ctx.input(0), keys.view());
  for (size_t i = 0; i < found.size(); ++i)
    copy_elements(found[i] < 0 ? otherwise.view() : values.view(), std::max<int64_t>(found[i], 0),
                  y, static_cast<int64_t>(i), 1);
}

}  // namespace cermet
