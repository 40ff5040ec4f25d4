#include "ops/text/utf8.ref.h"

namespace cermet {
namespace {

constexpr char32_t replacement = 0xFFFD;

struct Lead {
  int length;     // bytes of the sequence, 0 when no sequence begins so
  char32_t bits;  // of the first byte
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, byte};
  if (byte >= 0xC2 && byte < 0xE0) return {2, byte & 0x1Fu};
  if (byte >= 0xE0 && byte < 0xF0) return {3, byte & 0x0Fu};
  if (byte >= 0xF0 && byte < 0xF5) return {4, byte & 0x07u};
  return {0, 0};
}

// The smallest code point that needs that many bytes.
constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

bool is_scalar(char32_t point) { return point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF); }

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string points;
  for (size_t i = 0; i < text.size();) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[i]));
    char32_t point = lead.bits;
    int read = 1;
    while (read < lead.length && i + read < text.size()) {
      const auto byte = static_cast<unsigned char>(text[i + read]);
      if ((byte & 0xC0) != 0x80) break;
      point = point << 6 | (byte & 0x3Fu);
      ++read;
    }
    const bool whole = lead.length != 0 && read == lead.length && point >= smallest[lead.length] &&
                       is_scalar(point);
    points += whole ? point : replacement;
    i += whole ? lead.length : 1;
  }
  return points;
}

std::string encode_utf8(std::u32string_view text) {
  std::string bytes;
  const auto tail = [&](char32_t point, int shift) {
    bytes += static_cast<char>(0x80 | (point >> shift & 0x3F));
  };
  for (const char32_t point : text) {
    if (point < 0x80) {
      bytes += static_cast<char>(point);
    } else if (point < 0x800) {
      bytes += static_cast<char>(0xC0 | point >> 6);
      tail(point, 0);
    } else if (point < 0x10000) {
      bytes += static_cast<char>(0xE0 | point >> 12);
      tail(point, 6);
      tail(point, 0);
    } else {
      bytes += static_cast<char>(0xF0 | point >> 18);
      tail(point, 12);
      tail(point, 6);
      tail(point, 0);
    }
  }
  return bytes;
}

}  // namespace cermet
