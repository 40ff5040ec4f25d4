#include "ops/matrix/einsum.ref.h"

#include <algorithm>
#include <map>

#include "ops/matrix/einsum_equation.ref.h"

namespace cermet {
namespace {

// Loops over labels: sizes, and the step of each operand for one step of a label.
struct Loops {
  Shape sizes;
  std::vector<std::vector<int64_t>> steps;  // by operand, then label
};

struct Problem {
  Loops kept;    // in the order of the result
  Loops summed;  // the rest
};

Loops loops_over(const std::string& labels, const std::map<char, int64_t>& sizes,
                 const std::vector<std::string>& terms, const std::vector<Shape>& shapes) {
  Loops loops;
  for (const char label : labels) loops.sizes.push_back(sizes.at(label));
  for (size_t t = 0; t < terms.size(); ++t) {
    const std::vector<int64_t> strides = row_major_strides(shapes[t]);
    std::vector<int64_t> steps;
    for (const char label : labels) {
      int64_t step = 0;
      for (size_t d = 0; d < terms[t].size(); ++d)
        if (terms[t][d] == label && shapes[t][d] != 1) step += strides[d];
      steps.push_back(step);
    }
    loops.steps.push_back(std::move(steps));
  }
  return loops;
}

Problem make_problem(const EvalContext& ctx) {
  const EinsumEquation equation = EinsumEquation::parse(ctx.attributes().text("equation"));
  std::vector<std::string> terms;
  std::vector<Shape> shapes;
  std::map<char, int64_t> sizes;
  size_t dots = 0;
  for (size_t i = 0; i < equation.operands.size(); ++i) {
    shapes.push_back(ctx.input(i).shape);
    terms.push_back(expand_ellipsis(equation.operands[i], shapes[i].size()));
    if (equation.operands[i].find('.') != std::string::npos)
      dots = std::max(dots, terms[i].size() + 1 - equation.operands[i].size());
    for (size_t d = 0; d < terms[i].size(); ++d) {
      const auto [place, fresh] = sizes.emplace(terms[i][d], shapes[i][d]);
      if (!fresh && place->second == 1) place->second = shapes[i][d];
    }
  }
  const std::string result = expand_result(equation.result, dots);
  std::string rest;
  for (const auto& [label, size] : sizes)
    if (result.find(label) == std::string::npos) rest += label;
  return {loops_over(result, sizes, terms, shapes), loops_over(rest, sizes, terms, shapes)};
}

// Adds up the products over the summed labels, the innermost one in a plain loop.
template <class T>
T sum_products(const Loops& loops, const std::vector<std::vector<T>>& data,
               std::vector<int64_t> offsets) {
  T total{};
  const bool scalar = loops.sizes.empty();
  const Shape outer(loops.sizes.begin(), loops.sizes.end() - (scalar ? 0 : 1));
  const int64_t length = scalar ? 1 : loops.sizes.back();
  if (length == 0) return total;  // operands of no elements have no address
  for_each_index(outer, [&](const std::vector<int64_t>& index, int64_t) {
    std::vector<const T*> at(data.size());
    for (size_t t = 0; t < data.size(); ++t) {
      int64_t offset = offsets[t];
      for (size_t d = 0; d < index.size(); ++d) offset += index[d] * loops.steps[t][d];
      at[t] = data[t].data() + offset;
    }
    for (int64_t i = 0; i < length; ++i) {
      T product = *at[0];
      for (size_t t = 1; t < at.size(); ++t) product *= *at[t];
      total += product;
      if (i + 1 < length)
        for (size_t t = 0; t < at.size(); ++t) at[t] += loops.steps[t].back();
    }
  });
  return total;
}

template <class T>
std::vector<T> compute(const EvalContext& ctx, const Problem& problem) {
  std::vector<std::vector<T>> data;
  for (size_t i = 0; i < problem.kept.steps.size(); ++i) data.push_back(load_all<T>(ctx.input(i)));
  std::vector<T> result;
  std::vector<int64_t> offsets(data.size());
  for_each_index(problem.kept.sizes, [&](const std::vector<int64_t>& index, int64_t) {
    for (size_t t = 0; t < data.size(); ++t) {
      offsets[t] = 0;
      for (size_t d = 0; d < index.size(); ++d) offsets[t] += index[d] * problem.kept.steps[t][d];
    }
    result.push_back(sum_products(problem.summed, data, offsets));
  });
  return result;
}

}  // namespace

void infer_einsum(InferContext& ctx) {
  const EinsumEquation equation = EinsumEquation::parse(ctx.attributes().text("equation"));
  ctx.require(equation.operands.size() == ctx.input_count(),
              "the equation has {} operands, but {} inputs came", equation.operands.size(),
              ctx.input_count());
  std::map<char, Dim> sizes;
  size_t dots = 0;
  bool dots_known = true;
  for (size_t i = 0; i < equation.operands.size(); ++i) {
    const std::string& written = equation.operands[i];
    if (!ctx.has_rank(i)) {
      dots_known &= written.find('.') == std::string::npos;
      continue;
    }
    const std::string term = expand_ellipsis(written, ctx.dims(i).size());
    if (written.find('.') != std::string::npos)
      dots = std::max(dots, term.size() + 1 - written.size());
    for (size_t d = 0; d < term.size(); ++d) {
      const auto [place, fresh] = sizes.emplace(term[d], ctx.dims(i)[d]);
      if (!fresh) place->second = broadcast(place->second, ctx.dims(i)[d]);
    }
  }
  const bool has_dots = equation.result.find('.') != std::string::npos;
  if (has_dots && !dots_known) return ctx.set_output_rank_unknown(0, ctx.element(0));
  Dims dims;
  for (const char label : expand_result(equation.result, dots)) {
    const auto size = sizes.find(label);
    dims.push_back(size != sizes.end() ? size->second : ctx.new_dim("e"));
  }
  ctx.set_output(0, ctx.element(0), std::move(dims));
}

void evaluate_einsum(EvalContext& ctx) {
  const TensorView y = ctx.output(0);  // checks the operands against the equation
  const Problem problem = make_problem(ctx);
  if (is_floating(y.type))
    store_all(y, compute<double>(ctx, problem));
  else if (is_complex(y.type))
    store_all(y, compute<std::complex<double>>(ctx, problem));
  else
    store_all(y, compute<uint64_t>(ctx, problem));
}

}  // namespace cermet
