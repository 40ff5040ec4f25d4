#include "common/npy_header.h"

#include <cctype>
#include <charconv>
#include <optional>

#include "common/errors.h"

namespace cermet::tools {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

size_t little_endian(std::string_view bytes) {
  size_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// Reads the literal of a Python dictionary that the header is.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, NpyHeader& header) : text_(text), header_(header) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      entry(key);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    require(header_.kind != 0 && has_shape_ && has_order_, ErrorCode::invalid_argument,
            "the .npy header lacks descr, fortran_order or shape");
  }

 private:
  void entry(const std::string& key) {
    if (key == "descr") {
      descr();
    } else if (key == "fortran_order") {
      header_.fortran_order = truth();
      has_order_ = true;
    } else if (key == "shape") {
      shape();
      has_shape_ = true;
    } else {
      fail(ErrorCode::invalid_argument, "the .npy header has an unknown entry '{}'", key);
    }
  }

  void descr() {
    skip_space();
    require(peek() != '[', ErrorCode::invalid_argument,
            "structured .npy arrays are not tensors; save each field by itself");
    const std::string dtype = quoted();
    require(dtype.size() >= 3 && dtype[0] != '>', ErrorCode::invalid_argument,
            "dtype '{}' of the .npy file is not little-endian numbers or text; save it with "
            "array.astype(array.dtype.newbyteorder('<'))",
            dtype);
    header_.kind = dtype[1];
    const auto [end, error] =
        std::from_chars(dtype.data() + 2, dtype.data() + dtype.size(), header_.item_size);
    require(error == std::errc() && end == dtype.data() + dtype.size(), ErrorCode::invalid_argument,
            "dtype '{}' of the .npy file is not one of numbers or text", dtype);
    require(header_.kind != 'O', ErrorCode::invalid_argument,
            "the .npy file holds Python objects; convert the array to numbers or to text (str)");
    if (header_.kind == 'U') header_.item_size *= 4;
  }

  bool truth() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return value;
    }
    damaged("True or False");
  }

  void shape() {
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t size = 0;
      const auto [end, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) damaged("a size");
      at_ = end - text_.data();
      accept('L');
      header_.shape.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string quoted() {
    skip_space();
    const char quote = peek();
    if (quote != '\'' && quote != '"') damaged("a quoted word");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) damaged("the end of a quoted word");
    std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char wanted) {
    skip_space();
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) damaged(std::string_view(&wanted, 1));
  }
  [[noreturn]] void damaged(std::string_view wanted) const {
    fail(ErrorCode::invalid_argument, "the .npy header is damaged: expected {} at byte {} of it",
         wanted, at_);
  }

  std::string_view text_;
  NpyHeader& header_;
  size_t at_ = 0;
  bool has_shape_ = false;
  bool has_order_ = false;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view file) {
  require(file.starts_with(magic) && file.size() >= 10, ErrorCode::invalid_argument,
          "this is no .npy file: it does not begin with \\x93NUMPY");
  const int version = static_cast<unsigned char>(file[6]);
  require(version >= 1 && version <= 3, ErrorCode::invalid_argument,
          "version {} of .npy is not known; 1 to 3 are", version);
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t begin = magic.size() + 2 + length_bytes;
  require(file.size() >= begin, ErrorCode::invalid_argument, "the .npy file ends in its header");
  const size_t length = little_endian(file.substr(8, length_bytes));
  require(length <= file.size() - begin, ErrorCode::invalid_argument,
          "the .npy file ends in its header");
  NpyHeader header;
  HeaderParser(file.substr(begin, length), header).parse();
  header.data_offset = begin + length;
  return header;
}

std::string npy_header_text(std::string_view dtype, const Shape& shape) {
  std::string sizes;
  for (const int64_t size : shape) sizes += fmt::format("{}, ", size);
  if (shape.size() > 1) sizes.resize(sizes.size() - 2);
  if (shape.size() == 1) sizes.pop_back();
  std::string dictionary =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", dtype, sizes);
  // 64 KiB and more need the longer length of version 2.
  const size_t length_bytes = dictionary.size() + 128 < 65536 ? 2 : 4;
  const size_t begin = magic.size() + 2 + length_bytes;
  dictionary.append(63 - (begin + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  std::string text(magic);
  text += length_bytes == 2 ? '\1' : '\2';
  text += '\0';
  for (size_t i = 0; i < length_bytes; ++i)
    text += static_cast<char>(dictionary.size() >> (8 * i) & 0xFF);
  return text + dictionary;
}

}  // namespace cermet::tools
