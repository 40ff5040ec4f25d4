#include "base/scalar.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cermet {
namespace {

template <class T>
T stored(ElementType type, auto value) {
  Tensor tensor(type, {3});
  store_element(tensor.view(), 1, value);
  EXPECT_EQ(load_element<double>(tensor.view(), 0),
            load_element<double>(Tensor(type, {1}).view(), 0));
  EXPECT_EQ(load_element<double>(tensor.view(), 2),
            load_element<double>(Tensor(type, {1}).view(), 0));
  return load_element<T>(tensor.view(), 1);
}

constexpr ElementType integer_types[] = {
    ElementType::int2,  ElementType::uint2,  ElementType::int4,  ElementType::uint4,
    ElementType::int8,  ElementType::uint8,  ElementType::int16, ElementType::uint16,
    ElementType::int32, ElementType::uint32, ElementType::int64, ElementType::uint64};

TEST(Scalar, IntegersWrap) {
  for (const ElementType type : integer_types) {
    const int bits = bit_width(type);
    for (const int64_t value : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{-9}, int64_t{200},
                                int64_t{1} << 40, std::numeric_limits<int64_t>::min()}) {
      const auto all = static_cast<uint64_t>(value);
      const uint64_t low = bits == 64 ? all : all & ((uint64_t{1} << bits) - 1);
      const bool negative = is_signed_integer(type) && (low >> (bits - 1) & 1) != 0;
      const int64_t expected =
          static_cast<int64_t>(negative && bits < 64 ? low | ~uint64_t{0} << bits : low);
      EXPECT_EQ(stored<int64_t>(type, value), expected) << name(type) << " " << value;
    }
  }
}

TEST(Scalar, FloatsClampToIntegers) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(stored<int64_t>(ElementType::int8, 300.0), 127);
  EXPECT_EQ(stored<int64_t>(ElementType::int8, -129.0), -128);
  EXPECT_EQ(stored<int64_t>(ElementType::uint8, -0.9), 0);
  EXPECT_EQ(stored<int64_t>(ElementType::uint8, -5.0), 0);
  EXPECT_EQ(stored<int64_t>(ElementType::int32, 2.9), 2);
  EXPECT_EQ(stored<int64_t>(ElementType::int32, -2.9), -2);
  EXPECT_EQ(stored<int64_t>(ElementType::int64, infinity), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(stored<int64_t>(ElementType::int64, -1e30), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(stored<uint64_t>(ElementType::uint64, 1e30), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(stored<int64_t>(ElementType::int16, std::nan("")), 0);
}

TEST(Scalar, FloatsWrapIntoPackedIntegers) {
  EXPECT_EQ(stored<int64_t>(ElementType::int4, -9.0), 7);
  EXPECT_EQ(stored<int64_t>(ElementType::int4, 8.0), -8);
  EXPECT_EQ(stored<int64_t>(ElementType::uint4, -1.0), 15);
  EXPECT_EQ(stored<int64_t>(ElementType::int2, 2.0), -2);
  EXPECT_EQ(stored<int64_t>(ElementType::uint2, -3.0), 1);
}

TEST(Scalar, BooleansAreZeroOrOne) {
  EXPECT_EQ(stored<uint64_t>(ElementType::boolean, 0.5), 1u);
  EXPECT_EQ(stored<uint64_t>(ElementType::boolean, std::nan("")), 1u);
  EXPECT_EQ(stored<uint64_t>(ElementType::boolean, -0.0), 0u);
  EXPECT_EQ(stored<uint64_t>(ElementType::boolean, int64_t{256}), 1u);
  const uint8_t any = 7;
  EXPECT_EQ(load_element<int64_t>({ElementType::boolean, {1}, &any}, 0), 1);
}

TEST(Scalar, IntegersRoundOnceIntoFloats) {
  // A tie of float32, float16 and bfloat16 in turn, and one more, which a double can't hold.
  const int64_t big = int64_t{1} << 62;
  EXPECT_EQ(stored<double>(ElementType::float32, big + (int64_t{1} << 38) + 1),
            std::ldexp(1.0, 62) + std::ldexp(1.0, 39));
  EXPECT_EQ(stored<double>(ElementType::bfloat16, big + (int64_t{1} << 54) + 1),
            std::ldexp(1.0, 62) + std::ldexp(1.0, 55));
  EXPECT_EQ(stored<double>(ElementType::bfloat16, -(big + (int64_t{1} << 54))),
            -std::ldexp(1.0, 62));
  EXPECT_EQ(stored<double>(ElementType::float16, int64_t{2049}), 2048.0);
  EXPECT_EQ(stored<double>(ElementType::float16, int64_t{70000}),
            std::numeric_limits<double>::infinity());
  EXPECT_EQ(stored<double>(ElementType::float8e4m3fn, int64_t{70000}), 448.0);
  EXPECT_EQ(stored<double>(ElementType::bfloat16, std::numeric_limits<uint64_t>::max()),
            std::ldexp(1.0, 64));
}

TEST(Scalar, PowersOfTwoRoundUpWhenStored) {
  EXPECT_EQ(stored<double>(ElementType::float8e8m0, 1.1), 2.0);
  EXPECT_EQ(stored<double>(ElementType::float8e8m0, 4.0), 4.0);
}

TEST(Scalar, ComplexKeepsBothPartsOrTheRealOne) {
  const std::complex<double> value(1.5, -2.0);
  EXPECT_EQ(stored<std::complex<double>>(ElementType::complex64, value), value);
  EXPECT_EQ(stored<std::complex<double>>(ElementType::complex128, value), value);
  EXPECT_EQ(stored<double>(ElementType::float32, value), 1.5);
  EXPECT_EQ(stored<std::complex<double>>(ElementType::complex64, int64_t{3}),
            std::complex<double>(3.0, 0.0));
}

TEST(Scalar, PacksLowBitsFirst) {
  Tensor tensor(ElementType::int4, {3});
  store_all<int64_t>(tensor.view(), {1, -2, 7});
  EXPECT_EQ(tensor.bytes(), 2u);
  EXPECT_EQ(tensor.as<uint8_t>()[0], 0xe1);
  EXPECT_EQ(tensor.as<uint8_t>()[1], 0x07);
  EXPECT_EQ(load_all<int64_t>(tensor.view()), (std::vector<int64_t>{1, -2, 7}));
  Tensor pairs(ElementType::uint2, {5});
  store_all<uint64_t>(pairs.view(), {1, 2, 3, 0, 3});
  EXPECT_EQ(pairs.as<uint8_t>()[0], 0x39);
  EXPECT_EQ(pairs.as<uint8_t>()[1], 0x03);
}

TEST(Scalar, EveryNumericTypeRoundTripsSmallNumbers) {
  for (int i = 1; i < element_type_count; ++i) {
    const auto type = static_cast<ElementType>(i);
    if (type == ElementType::string) continue;
    const double value = 1.0;
    EXPECT_EQ(stored<double>(type, value), value) << name(type);
    EXPECT_EQ(stored<int64_t>(type, int64_t{1}), 1) << name(type);
    EXPECT_EQ(stored<uint64_t>(type, uint64_t{1}), 1u) << name(type);
  }
}

TEST(Scalar, RefusesStrings) {
  Tensor text(ElementType::string, {1});
  EXPECT_THROW(load_element<double>(text.view(), 0), Error);
  EXPECT_THROW(store_element<int64_t>(text.view(), 0, 1), Error);
  EXPECT_THROW(load_integers(Tensor(ElementType::float32, {1}).view(), "pads"), Error);
}

}  // namespace
}  // namespace cermet
