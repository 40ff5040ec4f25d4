#include "common/npy.h"

#include <gtest/gtest.h>

#include <cstring>

#include "cermet/error.h"
#include "common/npy_header.h"
#include "common/random_inputs.h"

namespace cermet::tools {
namespace {

bool equal(const Tensor& a, const Tensor& b) {
  if (a.type() != b.type() || a.shape() != b.shape()) return false;
  if (a.type() == ElementType::string)
    return std::equal(a.as<std::string>(), a.as<std::string>() + a.elements(), b.as<std::string>());
  return std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

// A file of version 1 with any header text.
std::string file_of(std::string dictionary, std::string_view data) {
  dictionary += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(dictionary.size() & 0xFF);
  file += static_cast<char>(dictionary.size() >> 8);
  return file + dictionary + std::string(data);
}

std::string error_of(const std::string& file) {
  try {
    parse_npy(file);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(Npy, EveryTypeComesBack) {
  for (int i = 1; i < element_type_count; ++i) {
    const auto type = static_cast<ElementType>(i);
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3, 3}, Shape{0, 4}}) {
      const Tensor tensor = random_tensor(type, shape, 7);
      EXPECT_TRUE(equal(parse_npy(npy_text(tensor.view()), type), tensor))
          << name(type) << to_string(shape);
    }
  }
}

TEST(Npy, DataBeginAtAMultipleOf64) {
  for (size_t rank = 0; rank < 40; ++rank)
    EXPECT_EQ(npy_header_text("<f4", Shape(rank, 123456)).size() % 64, 0u);
}

TEST(Npy, FortranOrderIsTurnedRound) {
  const std::string data("\0\3\1\4\2\5", 6);  // [[0, 1, 2], [3, 4, 5]] by columns
  const Tensor tensor =
      parse_npy(file_of("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", data));
  EXPECT_TRUE(equal(tensor, Tensor::from<uint8_t>(ElementType::uint8, {2, 3}, {0, 1, 2, 3, 4, 5})));
}

TEST(Npy, TextsOfBytesAndOfCodePoints) {
  const Tensor bytes = parse_npy(
      file_of("{'descr': '|S3', 'fortran_order': False, 'shape': (2,), }", {"ab\0abc", 6}));
  EXPECT_EQ(bytes.as<std::string>()[0], "ab");
  EXPECT_EQ(bytes.as<std::string>()[1], "abc");
  const Tensor texts =
      Tensor::from<std::string>(ElementType::string, {4}, {"", "ö", "€uro", "\U0001F600"});
  EXPECT_TRUE(equal(parse_npy(npy_text(texts.view())), texts));
}

TEST(Npy, VersionTwo) {
  std::string file("\x93NUMPY\x02\x00", 8);
  const std::string dictionary = "{'shape': (1,), 'fortran_order': False, 'descr': '<i2'}\n";
  file += static_cast<char>(dictionary.size());
  file += std::string(3, '\0') + dictionary + std::string("\2\1", 2);
  EXPECT_EQ(parse_npy(file).as<int16_t>()[0], 0x102);
}

TEST(Npy, BrokenFilesAreNamed) {
  EXPECT_NE(error_of("PK").find("no .npy file"), std::string::npos);
  EXPECT_NE(
      error_of(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "12345678"))
          .find("ends early"),
      std::string::npos);
  EXPECT_NE(error_of(file_of("{'descr': '>f4', 'fortran_order': False, 'shape': (), }", "1234"))
                .find("little-endian"),
            std::string::npos);
  EXPECT_NE(error_of(file_of("{'descr': '|O8', 'fortran_order': False, 'shape': (), }", ""))
                .find("Python objects"),
            std::string::npos);
  EXPECT_NE(
      error_of(file_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }", ""))
          .find("structured"),
      std::string::npos);
  EXPECT_NE(error_of(file_of("{'descr': '<f4'", "")).find("damaged"), std::string::npos);
}

TEST(Npy, TruncatedFilesAreErrors) {
  const std::string file = npy_text(random_tensor(ElementType::float32, {2, 2}, 1).view());
  for (size_t length = 0; length < file.size(); ++length)
    EXPECT_THROW(parse_npy(file.substr(0, length)), Error) << length;
}

}  // namespace
}  // namespace cermet::tools
