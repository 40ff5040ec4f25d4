#include "common/shapes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cermet/error.h"
#include "common/small_float.h"
#include "common/table.h"

namespace cermet::tools {
namespace {

TEST(Shapes, EntriesSplitAtTheLastColon) {
  const InputShapes shapes = parse_shapes("x:1x3x224,a:b:0:2,s:scalar,t=7");
  EXPECT_EQ(shapes.size(), 4u);
  EXPECT_EQ(shapes.at("x"), (Shape{1, 3, 224}));
  EXPECT_EQ(shapes.at("a:b:0"), (Shape{2}));
  EXPECT_EQ(shapes.at("s"), Shape{});
  EXPECT_EQ(shapes.at("t"), (Shape{7}));
  EXPECT_TRUE(parse_shapes("").empty());
}

TEST(Shapes, WrongOnesAreErrors) {
  for (const char* text :
       {"x", "x:", "x:1x", "x:ax3", "x:-1", ":1", "x:1,x:2", "x:1 x2", "x:99999999999999999999"})
    EXPECT_THROW(parse_shapes(text), Error) << text;
}

TEST(Shapes, ShapeOfAnInput) {
  TensorInfo input;
  input.name = "x";
  input.dims = {"N", "3"};
  const ShapeProfile profile = {{"x", {1, 3}, {4, 3}, {8, 3}}};
  EXPECT_EQ(input_shape(input, parse_shapes("x:2x3"), {}), (Shape{2, 3}));
  EXPECT_EQ(input_shape(input, {}, std::span(&profile, 1)), (Shape{4, 3}));
  EXPECT_THROW(input_shape(input, {}, {}), Error);
  input.dims = {"5", "3"};
  EXPECT_EQ(input_shape(input, {}, {}), (Shape{5, 3}));
}

TEST(SmallFloat, EveryPatternComesBack) {
  for (int t = 0; t < element_type_count; ++t) {
    const auto type = static_cast<ElementType>(t);
    if (!is_small_float(type)) continue;
    for (int bits = 0; bits < 1 << bit_width(type); ++bits) {
      const double value = decode_small_float(type, static_cast<uint16_t>(bits));
      if (!std::isfinite(value)) continue;
      EXPECT_EQ(encode_small_float(type, value), bits) << name(type);
    }
  }
}

TEST(SmallFloat, KnownValues) {
  EXPECT_EQ(encode_small_float(ElementType::float16, 1.0), 0x3C00);
  EXPECT_EQ(encode_small_float(ElementType::bfloat16, -2.0), 0xC000);
  EXPECT_EQ(encode_small_float(ElementType::float8e4m3fn, 1e9), 0x7E);
  EXPECT_EQ(decode_small_float(ElementType::float8e4m3fn, 0x7E), 448);
  EXPECT_EQ(decode_small_float(ElementType::float8e5m2, 0x7B), 57344);
  EXPECT_EQ(decode_small_float(ElementType::float4e2m1, 7), 6);
}

TEST(Table, ColumnsLineUp) {
  Table table({{"name"}, {"n", Table::Align::right}});
  table.add({"größe", "1"});
  table.add({"x", "100"});
  EXPECT_EQ(table.to_string(), "name     n\ngröße    1\nx      100\n");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
}

}  // namespace
}  // namespace cermet::tools
