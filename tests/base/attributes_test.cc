#include "base/attributes.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cermet {
namespace {

std::string message_of(auto&& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    return error.message();
  }
  return "";
}

TEST(Attributes, GivesValuesAndDefaults) {
  Attributes attributes;
  attributes.set("axis", int64_t{2});
  attributes.set("pads", std::vector<int64_t>{1, 2});
  EXPECT_EQ(attributes.integer("axis"), 2);
  EXPECT_EQ(attributes.integer("group", 1), 1);
  EXPECT_EQ(attributes.text("mode", "constant"), "constant");
  EXPECT_EQ(attributes.integers("pads"), (std::vector<int64_t>{1, 2}));
  EXPECT_TRUE(attributes.numbers("scales").empty());
  attributes.erase("axis");
  EXPECT_FALSE(attributes.has("axis"));
}

TEST(Attributes, SaysWhatWasExpected) {
  Attributes attributes;
  attributes.set("axis", 2.5);
  EXPECT_EQ(message_of([&] { attributes.integer("axis"); }),
            "attribute axis: expected an integer, got a number");
  EXPECT_EQ(message_of([&] { (void)attributes.integer("axis", 0); }),
            "attribute axis: expected an integer, got a number");
  EXPECT_EQ(message_of([&] { attributes.tensor("value"); }),
            "attribute value: expected a tensor, it is missing");
}

TEST(Attributes, PrintsShortly) {
  Attributes attributes;
  attributes.set("axis", int64_t{1});
  attributes.set("mode", std::string("li\"near"));
  attributes.set("long", std::vector<int64_t>(10, 3));
  attributes.set("value", Tensor::from<float>(ElementType::float32, {2}, {1.5f, 2.0f}));
  EXPECT_EQ(attributes.to_string(),
            "{axis: 1, long: [3, 3, 3, 3, 3, 3, 3, 3, ... 10 in all], mode: \"li\\\"near\", "
            "value: float32[2] [1.5, 2]}");
}

TEST(Attributes, CompareTensorsByContent) {
  Attributes a, b;
  a.set("value", Tensor::from<float>(ElementType::float32, {2}, {1, 2}));
  b.set("value", Tensor::from<float>(ElementType::float32, {2}, {1, 2}));
  EXPECT_TRUE(a == b);
  b.set("value", Tensor::from<float>(ElementType::float32, {1, 2}, {1, 2}));
  EXPECT_FALSE(a == b);
  b.set("value", std::vector<int64_t>{1, 2});
  EXPECT_FALSE(a == b);
}

}  // namespace
}  // namespace cermet
