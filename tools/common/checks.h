// Checks of the values of numeric flags. What they refuse is told in words, with the value.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>

namespace cermet::tools {

// A whole number of `least` to `most`; without `most` up to the largest int.
CLI::Validator whole_number(int64_t least, int64_t most = std::numeric_limits<int>::max());
// A seed: a whole number of 0 to 2^64 - 1.
CLI::Validator seed_number();
// A finite number of `least` or more.
CLI::Validator number_from(double least);
// A finite number above 0.
CLI::Validator positive_number();
// A number of `least` to `most`.
CLI::Validator number_between(double least, double most);

}  // namespace cermet::tools
