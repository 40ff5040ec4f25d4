#include "cermet/tensor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "cermet/error.h"

namespace cermet {
namespace {

ErrorCode code_of(auto&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode{};
}

TEST(ElementTypes, NamesLeadBack) {
  for (int i = 1; i < element_type_count; ++i) {
    const auto type = static_cast<ElementType>(i);
    EXPECT_EQ(element_type_from_name(name(type)), type);
    const int kinds = is_floating(type) + is_signed_integer(type) + is_unsigned_integer(type) +
                      is_complex(type) + (type == ElementType::string) +
                      (type == ElementType::boolean);
    EXPECT_EQ(kinds, 1) << name(type);
  }
  EXPECT_EQ(name(static_cast<ElementType>(200)), "undefined");
  EXPECT_FALSE(element_type_from_name("float"));
}

TEST(Tensors, CountAndSize) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 0, std::numeric_limits<int64_t>::max()}), 0);
  EXPECT_EQ(code_of([] { element_count({2, -1}); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([] { element_count({int64_t{1} << 40, int64_t{1} << 40}); }),
            ErrorCode::out_of_range);
  EXPECT_EQ(byte_size(ElementType::int4, 3), 2u);
  EXPECT_EQ(byte_size(ElementType::uint2, 9), 3u);
  EXPECT_EQ(byte_size(ElementType::complex128, 2), 32u);
  EXPECT_EQ(byte_size(ElementType::string, 2), 2 * sizeof(std::string));
  EXPECT_EQ(code_of([] { byte_size(ElementType::float64, int64_t{1} << 61); }),
            ErrorCode::out_of_range);
  EXPECT_EQ(to_string(Shape{1, 3, 224}), "[1, 3, 224]");
}

TEST(Tensors, AreZeroedAlignedAndShared) {
  Tensor tensor(ElementType::float32, {2, 3});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % 64, 0u);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(tensor.as<float>()[i], 0.0f);
  const Tensor flat = tensor.reshaped({6});
  tensor.view().as<float>()[5] = 7;
  EXPECT_EQ(flat.as<float>()[5], 7);
  EXPECT_EQ(code_of([&] { (void)tensor.reshaped({5}); }), ErrorCode::invalid_argument);
}

TEST(Tensors, CopyStrings) {
  const Tensor words = Tensor::from<std::string>(
      ElementType::string, {2}, {"a", "a text too long to lie inside of the string itself"});
  const Tensor copy = Tensor::copy_of(words.view());
  EXPECT_NE(copy.data(), words.data());
  EXPECT_EQ(copy.as<std::string>()[1], words.as<std::string>()[1]);
}

TEST(Tensors, NameTheBytesThatAreMissing) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers end the program when an allocation fails";
#endif
  try {
    const Tensor tensor(ElementType::float32, {int64_t{1} << 58});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
    EXPECT_NE(error.message().find("1152921504606846976"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace cermet
