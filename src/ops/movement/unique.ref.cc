#include <algorithm>
#include <numeric>

#include "ops/movement/select.ref.h"
#include "ops/movement/strided_copy.ref.h"

namespace cermet {
namespace {

// Input 0 as rows that are compared as wholes: its elements, or its slices along the axis.
struct Rows {
  int64_t count = 0;
  int64_t width = 1;
  Tensor tensor;  // [count, width]
  Shape shape;    // of the slices along the axis, which is dimension `axis` of the input
  std::optional<size_t> axis;
};

// Between [count, rest...] and the tensor that has `count` at dimension `axis`.
std::vector<int64_t> strides_with_axis_first(const Shape& shape, size_t axis) {
  auto strides = row_major_strides(shape);
  std::rotate(strides.begin(), strides.begin() + axis, strides.begin() + axis + 1);
  return strides;
}

Rows read_rows(const EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  Rows rows;
  if (!context.attributes().has("axis")) {
    rows.count = in.elements();
    rows.tensor = Tensor::copy_of(in);
    return rows;
  }
  const size_t axis = context.axis(context.attributes().integer("axis"), in.shape.size());
  rows.axis = axis;
  rows.count = in.shape[axis];
  rows.shape = in.shape;
  rows.shape.erase(rows.shape.begin() + axis);
  rows.width = element_count(rows.shape);
  Shape first = rows.shape;
  first.insert(first.begin(), rows.count);
  rows.tensor = Tensor(in.type, first);
  copy_strided(in, {0, strides_with_axis_first(in.shape, axis)}, rows.tensor.view());
  return rows;
}

template <class T>
int compare_values(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, double>) {  // NaN is last and equal to itself
    if (a != a || b != b) return int(a != a) - int(b != b);
  }
  if constexpr (std::is_same_v<T, std::complex<double>>) {
    const int real = compare_values(a.real(), b.real());
    return real != 0 ? real : compare_values(a.imag(), b.imag());
  } else {
    return a < b ? -1 : b < a ? 1 : 0;
  }
}

// Rows that are equal, by the number of the first of them.
struct Groups {
  std::vector<int64_t> first;    // by group
  std::vector<int64_t> counts;   // by group
  std::vector<int64_t> inverse;  // by row: its group
};

template <class T>
Groups group_values(const std::vector<T>& values, int64_t count, int64_t width) {
  const auto compare = [&](int64_t a, int64_t b) {
    for (int64_t i = 0; i < width; ++i)
      if (int c = compare_values(values[a * width + i], values[b * width + i])) return c;
    return 0;
  };
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return compare(a, b) < 0; });
  Groups groups;
  groups.inverse.resize(count);
  for (int64_t row : order) {
    if (groups.first.empty() || compare(groups.first.back(), row) != 0) {
      groups.first.push_back(row);
      groups.counts.push_back(0);
    }
    ++groups.counts.back();
    groups.inverse[row] = static_cast<int64_t>(groups.first.size()) - 1;
  }
  return groups;
}

Groups group_rows(const Rows& rows) {
  const ConstTensorView view = rows.tensor.view();
  if (view.type == ElementType::string) {
    const auto* strings = view.as<std::string>();
    return group_values(std::vector<std::string>(strings, strings + view.elements()), rows.count,
                        rows.width);
  }
  return dispatch_wide(view.type, [&]<class T>() {
    return group_values(load_all<T>(view), rows.count, rows.width);
  });
}

// Groups in the order in which their first rows come.
Groups by_first_row(const Groups& groups) {
  std::vector<int64_t> order(groups.first.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int64_t a, int64_t b) { return groups.first[a] < groups.first[b]; });
  Groups result = groups;
  std::vector<int64_t> place(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<int64_t>(i);
    result.first[i] = groups.first[order[i]];
    result.counts[i] = groups.counts[order[i]];
  }
  for (int64_t& group : result.inverse) group = place[group];
  return result;
}

void write_unique(EvalContext& context, const Rows& rows, const Groups& groups) {
  const auto count = static_cast<int64_t>(groups.first.size());
  Shape shape = rows.shape;
  const size_t axis = rows.axis.value_or(0);
  shape.insert(shape.begin() + axis, count);
  const TensorView out = context.output(0, rows.tensor.type(), shape);
  const auto strides = strides_with_axis_first(shape, axis);
  const std::vector<int64_t> inner(strides.begin() + 1, strides.end());
  for (int64_t i = 0; i < count; ++i)
    copy_strided(rows.shape, rows.tensor.view(),
                 {groups.first[i] * rows.width, row_major_strides(rows.shape)}, out,
                 {i * strides[0], inner});
}

}  // namespace

void infer_unique(InferContext& context) {
  const Dim count = context.new_dim("unique");
  Dim rows = context.has_rank(0) ? product(context.dims(0)) : Dim();
  if (!context.attributes().has("axis")) {
    context.set_output(0, context.element(0), {count});
    if (!context.has_rank(0)) rows = context.new_dim();
  } else if (context.has_rank(0)) {
    Dims dims = context.dims(0);
    const int axis = context.axis(context.attributes().integer("axis"), context.rank(0));
    rows = dims[axis];
    dims[axis] = count;
    context.set_output(0, context.element(0), std::move(dims));
  } else {
    context.set_output_rank_unknown(0, context.element(0));
    rows = context.new_dim();
  }
  context.set_output(1, ElementType::int64, {count});
  context.set_output(2, ElementType::int64, {rows});
  context.set_output(3, ElementType::int64, {count});
}

void evaluate_unique(EvalContext& context) {
  const Rows rows = read_rows(context);
  Groups groups = group_rows(rows);
  if (context.attributes().integer("sorted", 1) == 0) groups = by_first_row(groups);
  if (context.wants_output(0)) write_unique(context, rows, groups);
  const std::vector<int64_t>* numbers[] = {&groups.first, &groups.inverse, &groups.counts};
  for (size_t i = 1; i < context.output_count(); ++i) {
    if (!context.wants_output(i)) continue;
    const auto& list = *numbers[i - 1];
    const TensorView out =
        context.output(i, ElementType::int64, {static_cast<int64_t>(list.size())});
    std::copy(list.begin(), list.end(), out.as<int64_t>());
  }
}

}  // namespace cermet
