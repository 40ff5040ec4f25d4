// Regular expressions in RE2's syntax, matched in time linear in the text for any pattern.
#pragma once

#include <string_view>
#include <vector>

#include "ops/text/regex_syntax.ref.h"

namespace cermet {

// Immutable; matching from several threads is safe.
class Regex {
 public:
  // Throws as parse_regex does, and unsupported when repetitions make the pattern too large.
  explicit Regex(std::string_view pattern);

  // Whether the pattern matches the text from its beginning to its end.
  bool matches_whole(std::string_view text) const;

 private:
  struct Instruction {
    enum class Kind : uint8_t { set, assertion, split, jump, match };

    Kind kind = Kind::match;
    RegexAssertion assertion = RegexAssertion::text_begin;
    int set = 0;        // index into sets_
    int target = 0;     // jump, split
    int alternate = 0;  // split
  };
  class Compiler;
  class Run;

  std::vector<Instruction> program_;
  std::vector<CharacterSet> sets_;
};

}  // namespace cermet
