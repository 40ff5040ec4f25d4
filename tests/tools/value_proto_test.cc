#include "common/value_proto.h"

#include <gtest/gtest.h>

#include <cstring>
#include <protozero/pbf_writer.hpp>

#include "cermet/error.h"
#include "common/random_inputs.h"

namespace cermet::tools {
namespace {

void expect_equal(const Value& a, const Value& b) {
  ASSERT_EQ(a.kind, b.kind);
  ASSERT_EQ(a.elements.size(), b.elements.size());
  for (size_t i = 0; i < a.elements.size(); ++i) expect_equal(a.elements[i], b.elements[i]);
  if (a.kind != Value::Kind::tensor) return;
  ASSERT_EQ(a.tensor.type(), b.tensor.type());
  ASSERT_EQ(a.tensor.shape(), b.tensor.shape());
  if (a.tensor.type() == ElementType::string)
    EXPECT_TRUE(std::equal(a.tensor.as<std::string>(),
                           a.tensor.as<std::string>() + a.tensor.elements(),
                           b.tensor.as<std::string>()));
  else
    EXPECT_EQ(std::memcmp(a.tensor.data(), b.tensor.data(), a.tensor.bytes()), 0);
}

TensorInfo expecting(Value::Kind kind, ElementType type) {
  TensorInfo info;
  info.kind = kind;
  info.type = type;
  return info;
}

void expect_round_trip(const Value& value, ElementType type) {
  expect_equal(parse_value(value_message(value, "x"), expecting(value.kind, type)), value);
}

// A TensorProto of shape [count] whose elements are in a list of varints.
std::string with_varints(ElementType type, int field, const std::vector<uint64_t>& entries,
                         int64_t count, bool packed) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_int64(1, count);
  writer.add_int32(2, static_cast<int32_t>(type));
  if (packed)
    writer.add_packed_uint64(static_cast<uint32_t>(field), entries.begin(), entries.end());
  else
    for (const uint64_t entry : entries) writer.add_uint64(static_cast<uint32_t>(field), entry);
  return message;
}

TEST(ValueProto, EveryTypeComesBack) {
  for (int i = 1; i < element_type_count; ++i) {
    const auto type = static_cast<ElementType>(i);
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3, 3}, Shape{0, 4}})
      expect_round_trip(random_tensor(type, shape, 7), type);
  }
}

TEST(ValueProto, SequencesAndOptionals) {
  const ElementType type = ElementType::float32;
  const Value a = random_tensor(type, {2}, 1), b = random_tensor(type, {3, 1}, 2);
  expect_round_trip(Value::sequence({a, b}, type), type);
  expect_round_trip(Value::sequence({}, type), type);
  expect_round_trip(Value::some(a), type);
  expect_round_trip(Value::none(type), type);
  expect_round_trip(Value::some(Value::sequence({a}, type)), type);
  expect_round_trip(Value::sequence({Value::sequence({a, b}, type)}, type), type);
}

TEST(ValueProto, EmptySequenceHasTheExpectedType) {
  const Value value = parse_value(value_message(Value::sequence({}, ElementType::int64), ""),
                                  expecting(Value::Kind::sequence, ElementType::int64));
  EXPECT_EQ(value.element_type, ElementType::int64);
}

TEST(ValueProto, ListsPackedOrNot) {
  for (const bool packed : {true, false}) {
    const auto parse = [&](ElementType type, int field, const std::vector<uint64_t>& entries,
                           int64_t count) {
      return parse_value(with_varints(type, field, entries, count, packed),
                         expecting(Value::Kind::tensor, type))
          .tensor;
    };
    EXPECT_EQ(parse(ElementType::float16, 5, {0x3C00, 0xC000}, 2).as<uint16_t>()[1], 0xC000);
    EXPECT_EQ(parse(ElementType::int8, 5, {~uint64_t{0}, 5}, 2).as<int8_t>()[0], -1);
    EXPECT_EQ(parse(ElementType::int32, 5, {~uint64_t{0}}, 1).as<int32_t>()[0], -1);
    EXPECT_EQ(parse(ElementType::uint32, 11, {4'000'000'000}, 1).as<uint32_t>()[0], 4'000'000'000);
    EXPECT_EQ(parse(ElementType::int4, 5, {0x21, 0x03}, 3).as<uint8_t>()[1], 3);
    EXPECT_EQ(parse(ElementType::uint2, 5, {0xE4}, 4).as<uint8_t>()[0], 0xE4);
    EXPECT_EQ(parse(ElementType::float8e4m3fn, 5, {0x38}, 1).as<uint8_t>()[0], 0x38);
  }
}

TEST(ValueProto, DamagedMessagesAreErrors) {
  const TensorInfo info = expecting(Value::Kind::tensor, ElementType::float32);
  const std::string message =
      tensor_message(random_tensor(ElementType::float32, {2, 2}, 1).view(), "");
  for (size_t length = 0; length < message.size(); ++length)
    EXPECT_THROW(parse_value(message.substr(0, length), info), Error) << length;
  EXPECT_THROW(parse_value(with_varints(ElementType::int32, 5, {1}, int64_t{1} << 40, true), info),
               Error);
  EXPECT_THROW(parse_value(with_varints(ElementType::int32, 5, {1, 2, 3}, 2, true), info), Error);
}

TEST(ValueProto, DataInAnotherFileAreRefused) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_int64(1, 2);
  writer.add_int32(2, 1);
  writer.add_enum(14, 1);
  try {
    parse_value(message, expecting(Value::Kind::tensor, ElementType::float32));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("another file"), std::string::npos);
  }
}

}  // namespace
}  // namespace cermet::tools
