// Texts that are kept in tests/golden and read by people when they change.
#pragma once

#include <string>
#include <string_view>

namespace cermet::testing {

// Fails the running test unless the file tests/golden/NAME holds the text. With
// CERMET_UPDATE_GOLDEN set the file is written instead.
void expect_golden(std::string_view name, const std::string& text);

}  // namespace cermet::testing
