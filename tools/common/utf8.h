// Between UTF-8 and little-endian UTF-32, NumPy's form of text.
#pragma once

#include <string>
#include <string_view>

namespace cermet::tools {

// Trailing zeros are left out. Throws invalid_argument for values that are no code points.
std::string utf8_from_utf32(std::string_view bytes);
// Throws invalid_argument for what is not UTF-8.
std::string utf32_from_utf8(std::string_view text);

}  // namespace cermet::tools
