#include "common/utf8.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "common/errors.h"

namespace cermet::tools {
namespace {

constexpr uint32_t largest_code_point = 0x10FFFF;

void append_utf8(std::string& text, uint32_t code) {
  require(code <= largest_code_point, ErrorCode::invalid_argument,
          "{:#x} in the text is no code point of Unicode", code);
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const int following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const uint32_t lead = 0xFF00u >> (following + 1) & 0xFFu;
  text += static_cast<char>(lead | code >> (6 * following));
  for (int i = following - 1; i >= 0; --i)
    text += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
}

}  // namespace

std::string utf8_from_utf32(std::string_view bytes) {
  const std::string_view used = bytes.substr(0, (bytes.find_last_not_of('\0') + 4) / 4 * 4);
  std::string text;
  for (size_t i = 0; i < used.size(); i += 4) {
    uint32_t code;
    std::memcpy(&code, used.data() + i, 4);
    append_utf8(text, code);
  }
  return text;
}

std::string utf32_from_utf8(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const int ones = std::countl_one(lead);
    const size_t length = ones == 0 ? 1 : static_cast<size_t>(ones);
    require(ones != 1 && ones <= 4 && length <= text.size() - i, ErrorCode::invalid_argument,
            "the text is not UTF-8 at byte {}; .npy files hold nothing else, .pb files do", i);
    uint32_t code = ones == 0 ? lead : lead & (0x7Fu >> ones);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      require((next & 0xC0) == 0x80, ErrorCode::invalid_argument,
              "the text is not UTF-8 at byte {}; .npy files hold nothing else, .pb files do",
              i + k);
      code = code << 6 | (next & 0x3F);
    }
    bytes.append(reinterpret_cast<const char*>(&code), 4);
    i += length;
  }
  return bytes;
}

}  // namespace cermet::tools
