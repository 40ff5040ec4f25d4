// Regular expressions in RE2's syntax, read into a tree.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace cermet {

// A set of code points as closed ranges.
struct CharacterSet {
  std::vector<std::pair<char32_t, char32_t>> ranges;
  bool negated = false;

  void add(char32_t first, char32_t last) { ranges.emplace_back(first, last); }
  bool contains(char32_t point) const;
};

enum class RegexAssertion : uint8_t {
  text_begin,
  text_end,
  line_begin,
  line_end,
  word_boundary,
  no_word_boundary,
};

struct RegexNode {
  enum class Kind : uint8_t { set, sequence, alternatives, repeat, assertion };

  Kind kind = Kind::sequence;  // an empty sequence matches the empty text
  CharacterSet set;
  std::vector<RegexNode> children;
  int low = 0;    // repeat: at least
  int high = -1;  // repeat: at most, -1 without limit
  RegexAssertion assertion = RegexAssertion::text_begin;
};

// Throws invalid_model where the pattern breaks the syntax and unsupported for classes of Unicode
// properties (\p), single bytes (\C) and letters beyond ASCII that ignore case.
RegexNode parse_regex(std::string_view pattern);

}  // namespace cermet
