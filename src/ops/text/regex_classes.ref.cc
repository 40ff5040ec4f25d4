#include "ops/text/regex_classes.ref.h"

#include <algorithm>

namespace cermet {
namespace {

constexpr char32_t last_point = 0x10FFFF;
constexpr char32_t kelvin = 0x212A;  // folds with k
constexpr char32_t long_s = 0x17F;   // folds with s

struct Range {
  char32_t first;
  char32_t last;
};

struct NamedClass {
  std::string_view name;
  std::vector<Range> ranges;
};

const NamedClass named_classes[] = {
    {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
    {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
    {"ascii", {{0, 0x7F}}},
    {"blank", {{'\t', '\t'}, {' ', ' '}}},
    {"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
    {"digit", {{'0', '9'}}},
    {"graph", {{'!', '~'}}},
    {"lower", {{'a', 'z'}}},
    {"print", {{' ', '~'}}},
    {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
    {"space", {{'\t', '\r'}, {' ', ' '}}},
    {"upper", {{'A', 'Z'}}},
    {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
    {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
    // \s, which leaves the vertical tab out
    {"perl space", {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
};

// The part of [first, last] that lies in [low, high], moved by `distance`.
void add_moved(CharacterSet& set, char32_t first, char32_t last, char32_t low, char32_t high,
               int distance) {
  first = std::max(first, low);
  last = std::min(last, high);
  if (first <= last) set.add(first + distance, last + distance);
}

}  // namespace

std::optional<CharacterSet> posix_class(std::string_view name) {
  for (const NamedClass& named : named_classes) {
    if (named.name != name) continue;
    CharacterSet set;
    for (const Range& range : named.ranges) set.add(range.first, range.last);
    return set;
  }
  return std::nullopt;
}

std::optional<CharacterSet> perl_class(char32_t letter) {
  switch (letter) {
    case 'd':
      return posix_class("digit");
    case 's':
      return posix_class("perl space");
    case 'w':
      return posix_class("word");
    default:
      return std::nullopt;
  }
}

std::optional<CharacterSet> fold_case(const CharacterSet& set) {
  CharacterSet folded = set;
  for (const auto& [first, last] : set.ranges) {
    const bool folds = first == last && (first == kelvin || first == long_s);
    if (last > 0x7F && !folds) return std::nullopt;
    add_moved(folded, first, last, 'a', 'z', -32);
    add_moved(folded, first, last, 'A', 'Z', 32);
  }
  const auto join = [&](char32_t letter, char32_t other) {
    if (!folded.contains(letter) && !folded.contains(other)) return;
    folded.add(letter, letter);
    folded.add(letter - 32, letter - 32);
    folded.add(other, other);
  };
  join('k', kelvin);
  join('s', long_s);
  return folded;
}

CharacterSet complement(const CharacterSet& set) {
  auto ranges = set.ranges;
  std::sort(ranges.begin(), ranges.end());
  CharacterSet rest;
  char32_t next = 0;
  for (const auto& [first, last] : ranges) {
    if (first > next) rest.add(next, first - 1);
    next = std::max<char32_t>(next, last + 1);
  }
  if (next <= last_point) rest.add(next, last_point);
  return rest;
}

}  // namespace cermet
