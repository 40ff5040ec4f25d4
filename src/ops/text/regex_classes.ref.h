// The named classes of regular expressions, and folding of case.
#pragma once

#include <optional>
#include <string_view>

#include "ops/text/regex_syntax.ref.h"

namespace cermet {

// What \d, \s and \w mean, by letter.
std::optional<CharacterSet> perl_class(char32_t letter);
// "alpha" of [[:alpha:]].
std::optional<CharacterSet> posix_class(std::string_view name);
// The set with each letter in both cases; nothing when letters beyond ASCII are in it.
std::optional<CharacterSet> fold_case(const CharacterSet& set);
// The ranges that a negated set leaves.
CharacterSet complement(const CharacterSet& set);

}  // namespace cermet
