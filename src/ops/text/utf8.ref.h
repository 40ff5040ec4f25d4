// Text as Unicode code points.
#pragma once

#include <string>
#include <string_view>

namespace cermet {

// Bytes that are no UTF-8 become U+FFFD.
std::u32string decode_utf8(std::string_view text);
std::string encode_utf8(std::u32string_view text);

}  // namespace cermet
