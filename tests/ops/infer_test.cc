#include <gtest/gtest.h>

#include "ops/infer.ref.h"

namespace cermet {
namespace {

const Attributes no_attributes;

InferContext context_of(std::vector<std::optional<InferContext::Input>> inputs) {
  return InferContext("Op", no_attributes, std::move(inputs), 1,
                      [](std::string_view hint) { return Dim::symbol(hint); });
}

InferContext::Input tensor(ElementType type, std::optional<Dims> dims) {
  return {ValueType::tensor(type, std::move(dims)), std::nullopt, std::nullopt};
}

std::string broadcast_result(std::vector<std::optional<InferContext::Input>> inputs) {
  InferContext context = context_of(std::move(inputs));
  infer_broadcast(context);
  return context.outputs()[0].type.to_string();
}

TEST(Infer, BroadcastsSymbols) {
  const Dim n = Dim::symbol("N");
  EXPECT_EQ(broadcast_result({tensor(ElementType::float32, Dims{n, 1, 4}),
                              tensor(ElementType::float32, Dims{3, 1})}),
            "float32[N, 3, 4]");
  EXPECT_EQ(broadcast_result({tensor(ElementType::int8, Dims{n}), std::nullopt}), "int8[N]");
  EXPECT_EQ(broadcast_result(
                {tensor(ElementType::int8, Dims{n}), tensor(ElementType::int8, std::nullopt)}),
            "int8[?]");
}

TEST(Infer, NamesTheInputThatDoesNotBroadcast) {
  try {
    broadcast_result({tensor(ElementType::int8, Dims{2}), tensor(ElementType::int8, Dims{3})});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    EXPECT_EQ(error.message().find("Op: input 1: "), 0u) << error.what();
  }
}

TEST(Infer, ReadsContentsFromConstantsAndExpressions) {
  const Tensor pads = Tensor::from<int64_t>(ElementType::int64, {2}, {1, 2});
  const Tensor grid = Tensor::from<int64_t>(ElementType::int64, {1, 2}, {1, 2});
  InferContext::Input shape = tensor(ElementType::int64, Dims{2});
  shape.contents = Dims{Dim::symbol("N"), 3};
  InferContext::Input constant = tensor(ElementType::int64, Dims{2});
  constant.constant = pads.view();
  InferContext::Input matrix = tensor(ElementType::int64, Dims{1, 2});
  matrix.constant = grid.view();
  InferContext context =
      context_of({shape, constant, matrix, tensor(ElementType::int64, Dims{2}), std::nullopt});
  EXPECT_EQ(to_string(*context.contents(0)), "[N, 3]");
  EXPECT_FALSE(context.integers(0));
  EXPECT_EQ(to_string(*context.contents(1)), "[1, 2]");
  EXPECT_EQ(*context.integers(1), (std::vector<int64_t>{1, 2}));
  EXPECT_FALSE(context.contents(2));
  EXPECT_EQ(*context.integers(2), (std::vector<int64_t>{1, 2}));
  EXPECT_FALSE(context.contents(3));
  EXPECT_FALSE(context.integers(4));
  EXPECT_FALSE(context.constant(4));
}

TEST(Infer, SameHandsContentsOn) {
  InferContext::Input shape = tensor(ElementType::int64, Dims{1});
  shape.contents = Dims{Dim::symbol("N")};
  InferContext context = context_of({shape});
  infer_same(context);
  EXPECT_EQ(context.outputs()[0].type.to_string(), "int64[1]");
  EXPECT_EQ(to_string(*context.outputs()[0].contents), "[N]");
}

TEST(Infer, AxesCountFromTheEndToo) {
  const InferContext context = context_of({});
  EXPECT_EQ(context.axis(-1, 3), 2);
  EXPECT_EQ(context.axis(0, 3), 0);
  try {
    context.axis(3, 3, "batch_axis");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "Op: batch_axis: expected a dimension in [-3, 3), got 3");
  }
}

TEST(Infer, DropsOutputsThatTheNodeDoesNotHave) {
  InferContext context = context_of({});
  context.set_output(1, ElementType::int8, {});
  context.set_contents(1, {});
  context.set_output_rank(1, ElementType::int8, 2);
  EXPECT_EQ(context.outputs().size(), 1u);
}

TEST(Infer, ReportsUnknownRanksAndMissingInputs) {
  const InferContext context = context_of({tensor(ElementType::int8, std::nullopt)});
  EXPECT_THROW(context.dims(0), Error);
  EXPECT_THROW(context.input(1), Error);
}

}  // namespace
}  // namespace cermet
