#include <gtest/gtest.h>

#include "ops/evaluate.ref.h"
#include "ops/operator.ref.h"

namespace cermet {
namespace {

// Adds one, in the shape that inference states.
void add_one(EvalContext& context) {
  const ConstTensorView& x = context.input(0);
  const TensorView y = context.output(0);
  for (int64_t i = 0; i < x.elements(); ++i) store_element(y, i, load_element<int64_t>(x, i) + 1);
}
constexpr Operator increment{"Increment", infer_same, add_one};

void infer_data_dependent(InferContext& context) {
  context.set_output_rank(0, ElementType::int64, 1);
}
void positive(EvalContext& context) {
  std::vector<int64_t> kept;
  for (const int64_t value : context.integers(0))
    if (value > 0) kept.push_back(value);
  store_all(context.output(0, ElementType::int64, {static_cast<int64_t>(kept.size())}), kept);
}
constexpr Operator positive_only{"PositiveOnly", infer_data_dependent, positive};

constexpr Operator without_size{"WithoutSize", infer_data_dependent,
                                [](EvalContext& context) { context.output(0); }};
constexpr Operator forgetful{"Forgetful", infer_same, [](EvalContext&) {}};

// The shape is the content of input 0.
void infer_filled(InferContext& context) {
  context.set_output(0, ElementType::uint4, to_dims(*context.integers(0)));
}
constexpr Operator filled{"Filled", infer_filled, [](EvalContext& context) { context.output(0); }};

std::vector<Value> run(const Operator& op, std::vector<std::optional<Value>> inputs,
                       size_t outputs = 1) {
  return evaluate(op, Attributes(), inputs, outputs);
}

Value integers(const std::vector<int64_t>& values) {
  const auto count = static_cast<int64_t>(values.size());
  return Tensor::from(ElementType::int64, {count}, values);
}

std::string message_of(auto&& body, ErrorCode expected) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), expected) << error.what();
    return error.message();
  }
  return "no error";
}

TEST(Evaluate, GivesOutputsTheInferredShape) {
  const auto outputs = run(increment, {integers({1, 2, 3})});
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].tensor.shape(), Shape{3});
  EXPECT_EQ(load_all<int64_t>(outputs[0].tensor.view()), (std::vector<int64_t>{2, 3, 4}));
}

TEST(Evaluate, TakesTheKernelsShapeWhereItDependsOnData) {
  const auto outputs = run(positive_only, {integers({-1, 5, 0, 7})});
  EXPECT_EQ(load_all<int64_t>(outputs[0].tensor.view()), (std::vector<int64_t>{5, 7}));
}

TEST(Evaluate, InferenceSeesContents) {
  const auto outputs = run(filled, {integers({3, 1})});
  EXPECT_EQ(outputs[0].tensor.shape(), (Shape{3, 1}));
  EXPECT_EQ(outputs[0].tensor.type(), ElementType::uint4);
}

TEST(Evaluate, ReportsBrokenKernels) {
  EXPECT_EQ(message_of([] { run(without_size, {integers({1})}); }, ErrorCode::internal),
            "WithoutSize: output 0: inference states int64[d0.0] for these inputs; the kernel has "
            "to say which size the output takes");
  EXPECT_EQ(message_of([] { run(forgetful, {integers({1})}); }, ErrorCode::internal),
            "Forgetful: the kernel left output 0 unset");
}

TEST(Evaluate, ReportsMissingAndWrongInputs) {
  EXPECT_EQ(message_of([] { run(increment, {std::nullopt}); }, ErrorCode::runtime),
            "Increment: input 0 is missing");
  EXPECT_EQ(
      message_of([] { run(increment, {Value::sequence({integers({1})}, ElementType::int64)}); },
                 ErrorCode::runtime),
      "Increment: input 0: expected a tensor, got sequence(int64[1])");
}

TEST(Evaluate, StridesOfBroadcasting) {
  EXPECT_EQ(row_major_strides({2, 3, 4}), (std::vector<int64_t>{12, 4, 1}));
  EXPECT_EQ(broadcast_strides({3, 1}, {2, 3, 4}), (std::vector<int64_t>{0, 1, 0}));
  EXPECT_THROW(broadcast_strides({3}, {2, 4}), Error);
}

TEST(Evaluate, WalksRowMajor) {
  std::vector<std::vector<int64_t>> seen;
  for_each_index({2, 2}, [&](const auto& index, int64_t) { seen.push_back(index); });
  EXPECT_EQ(seen, (std::vector<std::vector<int64_t>>{{0, 0}, {0, 1}, {1, 0}, {1, 1}}));
  int calls = 0;
  for_each_index({}, [&](const auto&, int64_t) { ++calls; });
  for_each_index({2, 0}, [&](const auto&, int64_t) { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(Evaluate, CopiesElementsOfEveryWidth) {
  for (const ElementType type : {ElementType::uint2, ElementType::int4, ElementType::float4e2m1,
                                 ElementType::int8, ElementType::float16, ElementType::complex128})
    for (const int64_t from : {0, 1, 4})
      for (const int64_t to : {0, 3, 4})
        for (const int64_t count : {0, 1, 5, 8}) {
          Tensor source(type, {16});
          for (int64_t i = 0; i < 16; ++i) store_element<int64_t>(source.view(), i, i % 2);
          Tensor target(type, {16});
          copy_elements(source.view(), from, target.view(), to, count);
          for (int64_t i = 0; i < 16; ++i)
            EXPECT_EQ(load_element<double>(target.view(), i),
                      i >= to && i < to + count ? static_cast<double>((i - to + from) % 2) : 0.0);
        }
  const Tensor words = Tensor::from<std::string>(ElementType::string, {2}, {"a", "b"});
  Tensor copy(ElementType::string, {2});
  copy_elements(words.view(), 0, copy.view(), 1, 1);
  EXPECT_EQ(copy.as<std::string>()[1], "a");
}

TEST(Operators, AreFoundByDomainAndName) {
  for (const Operator* op : all_operators()) {
    EXPECT_EQ(find_operator(op->domain, op->name), op);
    EXPECT_NE(op->infer, nullptr) << op->name;
    EXPECT_NE(op->evaluate, nullptr) << op->name;
  }
  EXPECT_EQ(find_operator("", "NoSuchOperator"), nullptr);
  EXPECT_EQ(find_operator("no.such.domain", "Add"), nullptr);
}

}  // namespace
}  // namespace cermet
