#include "expr/value_type.h"

#include <gtest/gtest.h>

namespace cermet {
namespace {

const ValueType image =
    ValueType::tensor(ElementType::float32, Dims{Dim::symbol("N"), 3, 224, 224});

TEST(ValueType, Prints) {
  EXPECT_EQ(image.to_string(), "float32[N, 3, 224, 224]");
  EXPECT_EQ(ValueType::tensor(ElementType::int64, std::nullopt).to_string(), "int64[?]");
  EXPECT_EQ(ValueType::tensor(ElementType::boolean, Dims{}).to_string(), "boolean[]");
  EXPECT_EQ(ValueType::sequence(image).to_string(), "sequence(float32[N, 3, 224, 224])");
  EXPECT_EQ(ValueType::optional(ValueType::sequence(image)).to_string(),
            "optional(sequence(float32[N, 3, 224, 224]))");
}

TEST(ValueType, RankAndStaticShape) {
  EXPECT_EQ(image.rank(), 4);
  EXPECT_FALSE(image.is_static());
  EXPECT_TRUE(ValueType::tensor(ElementType::int8, Dims{}).is_static());
  EXPECT_FALSE(ValueType::tensor(ElementType::int8, std::nullopt).has_rank());
  EXPECT_FALSE(ValueType::sequence(image).has_rank());
  EXPECT_EQ(ValueType::sequence(image).element, ElementType::float32);
}

TEST(ValueType, Equality) {
  EXPECT_EQ(image, image);
  EXPECT_EQ(ValueType::sequence(image), ValueType::sequence(image));
  EXPECT_FALSE(image == ValueType::sequence(image));
  EXPECT_FALSE(ValueType::optional(image) == ValueType::sequence(image));
  EXPECT_FALSE(image == ValueType::tensor(ElementType::float32, std::nullopt));
  EXPECT_FALSE(image == ValueType::tensor(ElementType::float16, image.dims));
  EXPECT_FALSE(ValueType::sequence(image) ==
               ValueType::sequence(ValueType::tensor(ElementType::float32, Dims{1})));
}

}  // namespace
}  // namespace cermet
