#include "ops/text/regex_syntax.ref.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "ops/text/regex_classes.ref.h"
#include "ops/text/utf8.ref.h"

namespace cermet {
namespace {

constexpr int largest_count = 1000;   // of {n,m}
constexpr int deepest_nesting = 250;  // of groups
constexpr char32_t last_point = 0x10FFFF;

struct Flags {
  bool ignore_case = false;
  bool lines = false;        // (?m): ^ and $ at line ends too
  bool dot_newline = false;  // (?s)
};

class Parser {
 public:
  explicit Parser(std::string_view pattern) : shown_(pattern), text_(decode_utf8(pattern)) {}

  RegexNode parse() {
    RegexNode node = alternatives();
    if (!at_end()) refuse("unexpected )");
    return node;
  }

 private:
  [[noreturn]] void refuse(std::string_view why, ErrorCode code = ErrorCode::invalid_model) const {
    fail(code, "pattern \"{}\": {} at character {}", shown_, why, at_);
  }

  bool at_end() const { return at_ >= text_.size(); }
  char32_t peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0;
  }
  bool take(char32_t point) {
    if (at_end() || text_[at_] != point) return false;
    ++at_;
    return true;
  }
  bool take(std::u32string_view word) {
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }
  char32_t next() {
    if (at_end()) refuse("the pattern ends too early");
    return text_[at_++];
  }

  RegexNode alternatives();
  RegexNode sequence();
  void quoted(RegexNode& sequence);
  RegexNode repeated(RegexNode node);
  bool counts(int& low, int& high);
  std::optional<int> number();
  std::optional<RegexNode> atom();
  std::optional<RegexNode> group();
  bool flags();  // true when a group follows, false when they hold for the rest
  RegexNode escape();
  char32_t escaped_point(char32_t letter);
  char32_t hexadecimal();
  RegexNode bracket();
  void bracket_item(CharacterSet& set);
  char32_t bracket_point();
  CharacterSet folded(CharacterSet set) const;
  RegexNode literal(char32_t point) const;
  std::optional<CharacterSet> perl_set(char32_t letter) const;
  static RegexNode of_set(CharacterSet set);
  static RegexNode of_assertion(RegexAssertion assertion);

  std::string_view shown_;
  std::u32string text_;
  size_t at_ = 0;
  int depth_ = 0;
  Flags flags_;
};

CharacterSet Parser::folded(CharacterSet set) const {
  if (!flags_.ignore_case) return set;
  auto both = fold_case(set);
  if (!both) refuse("letters beyond ASCII can't ignore case", ErrorCode::unsupported);
  return std::move(*both);
}

RegexNode Parser::of_set(CharacterSet set) {
  RegexNode node;
  node.kind = RegexNode::Kind::set;
  node.set = std::move(set);
  return node;
}

RegexNode Parser::literal(char32_t point) const {
  CharacterSet set;
  set.add(point, point);
  return of_set(folded(std::move(set)));
}

// \d or \D and their like; `letter` follows the backslash.
std::optional<CharacterSet> Parser::perl_set(char32_t letter) const {
  if (auto set = perl_class(letter)) return folded(std::move(*set));
  if (const auto set = perl_class(letter | 32)) return complement(folded(*set));
  return std::nullopt;
}

RegexNode Parser::of_assertion(RegexAssertion assertion) {
  RegexNode node;
  node.kind = RegexNode::Kind::assertion;
  node.assertion = assertion;
  return node;
}

RegexNode Parser::alternatives() {
  if (++depth_ > deepest_nesting) refuse("groups are nested too deeply");
  const Flags outer = flags_;
  RegexNode node;
  node.kind = RegexNode::Kind::alternatives;
  do node.children.push_back(sequence());
  while (take(U'|'));
  flags_ = outer;
  --depth_;
  return node;
}

// What stands between \Q and \E; a repetition after it belongs to its last character.
void Parser::quoted(RegexNode& sequence) {
  while (!at_end() && !take(U"\\E")) {
    RegexNode piece = literal(next());
    const bool last = take(U"\\E");
    sequence.children.push_back(last ? repeated(std::move(piece)) : std::move(piece));
    if (last) return;
  }
}

RegexNode Parser::sequence() {
  RegexNode node;
  while (!at_end() && peek() != '|' && peek() != ')') {
    if (take(U"\\Q")) {
      quoted(node);
      continue;
    }
    if (auto piece = atom()) node.children.push_back(repeated(std::move(*piece)));
  }
  return node;
}

// {n}, {n,} or {n,m}; anything else is literal text and is left alone.
bool Parser::counts(int& low, int& high) {
  const size_t begin = at_;
  const auto undo = [&] {
    at_ = begin;
    return false;
  };
  if (!take(U'{')) return false;
  const auto first = number();
  if (!first) return undo();
  low = high = *first;
  if (take(U',')) {
    const auto last = number();
    high = last ? *last : -1;
  }
  if (!take(U'}')) return undo();
  if (low > largest_count || high > largest_count || (high >= 0 && high < low))
    refuse("the count of a repetition is too large or upside down");
  return true;
}

std::optional<int> Parser::number() {
  if (peek() < '0' || peek() > '9') return std::nullopt;
  int value = 0;
  while (peek() >= '0' && peek() <= '9')
    value = std::min(value * 10 + static_cast<int>(next() - '0'), largest_count + 1);
  return value;
}

// Lazy repetitions match the same whole texts as greedy ones.
RegexNode Parser::repeated(RegexNode node) {
  int low = 0;
  int high = -1;
  if (take(U'+'))
    low = 1;
  else if (take(U'?'))
    high = 1;
  else if (!take(U'*') && !counts(low, high))
    return node;
  take(U'?');
  const size_t end = at_;
  int unused = 0;
  if (peek() == '*' || peek() == '+' || peek() == '?' || counts(unused, unused)) {
    at_ = end;
    refuse("a repetition of a repetition needs a group");
  }
  RegexNode repeat;
  repeat.kind = RegexNode::Kind::repeat;
  repeat.low = low;
  repeat.high = high;
  repeat.children.push_back(std::move(node));
  return repeat;
}

std::optional<RegexNode> Parser::atom() {
  const char32_t point = next();
  switch (point) {
    case '(':
      return group();
    case '[':
      return bracket();
    case '\\':
      return escape();
    case '^':
      return of_assertion(flags_.lines ? RegexAssertion::line_begin : RegexAssertion::text_begin);
    case '$':
      return of_assertion(flags_.lines ? RegexAssertion::line_end : RegexAssertion::text_end);
    case '.': {
      RegexNode any;
      any.kind = RegexNode::Kind::set;
      any.set.negated = true;
      if (!flags_.dot_newline) any.set.add('\n', '\n');
      return any;
    }
    case '*':
    case '+':
    case '?':
      refuse("there is nothing to repeat");
    default:
      return literal(point);
  }
}

// Nothing when the parentheses only set flags for what follows.
std::optional<RegexNode> Parser::group() {
  const Flags outer = flags_;
  if (take(U'?')) {
    if (take(U"P<") || (peek() == '<' && peek(1) != '=' && peek(1) != '!' && take(U'<'))) {
      while (next() != '>') {
      }
    } else if (!flags()) {
      return std::nullopt;
    }
  }
  RegexNode node = alternatives();
  if (!take(U')')) refuse("a ) is missing");
  flags_ = outer;
  return node;
}

bool Parser::flags() {
  bool value = true;
  while (true) {
    switch (next()) {
      case 'i':
        flags_.ignore_case = value;
        break;
      case 'm':
        flags_.lines = value;
        break;
      case 's':
        flags_.dot_newline = value;
        break;
      case 'U':  // greed does not change which texts match as a whole
        break;
      case '-':
        value = false;
        break;
      case ':':
        return true;
      case ')':
        return false;
      default:
        refuse("this kind of group is not one of RE2's");
    }
  }
}

char32_t Parser::hexadecimal() {
  const auto digit = [&] {
    const char32_t c = next();
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
    refuse("expected a hexadecimal digit");
  };
  char32_t value = 0;
  if (!take(U'{')) {
    value = digit() << 4;
    return value | digit();
  }
  do {
    value = value << 4 | digit();
    if (value > last_point) refuse("there is no such code point");
  } while (!take(U'}'));
  return value;
}

char32_t Parser::escaped_point(char32_t letter) {
  constexpr std::pair<char32_t, char32_t> controls[] = {{'a', 7},    {'f', '\f'}, {'n', '\n'},
                                                        {'r', '\r'}, {'t', '\t'}, {'v', '\v'}};
  for (const auto& [name, point] : controls)
    if (letter == name) return point;
  if (letter == 'x') return hexadecimal();
  const auto octal = [&](size_t ahead) { return peek(ahead) >= '0' && peek(ahead) <= '7'; };
  if (letter == '0' || (letter >= '1' && letter <= '7' && octal(0))) {
    char32_t value = letter - '0';
    for (int i = 0; i < 2 && octal(0); ++i) value = value * 8 + (next() - '0');
    return value;
  }
  if (letter == 'p' || letter == 'P')
    refuse("classes of Unicode properties are not supported", ErrorCode::unsupported);
  if (letter == 'C') refuse("\\C is not supported", ErrorCode::unsupported);
  const bool word = letter > 0x7F || posix_class("alnum")->contains(letter);
  if (word) refuse("this escape is not one of RE2's");
  return letter;
}

RegexNode Parser::escape() {
  constexpr std::pair<char32_t, RegexAssertion> assertions[] = {
      {'A', RegexAssertion::text_begin},
      {'z', RegexAssertion::text_end},
      {'b', RegexAssertion::word_boundary},
      {'B', RegexAssertion::no_word_boundary}};
  const char32_t letter = next();
  for (const auto& [name, assertion] : assertions)
    if (letter == name) return of_assertion(assertion);
  if (auto set = perl_set(letter)) return of_set(std::move(*set));
  return literal(escaped_point(letter));
}

char32_t Parser::bracket_point() {
  const char32_t point = next();
  return point == '\\' ? escaped_point(next()) : point;
}

void Parser::bracket_item(CharacterSet& set) {
  const auto add_all = [&](const CharacterSet& other) {
    set.ranges.insert(set.ranges.end(), other.ranges.begin(), other.ranges.end());
  };
  if (take(U"[:")) {
    const bool negated = take(U'^');
    std::string name;
    while (peek() != ':') name += static_cast<char>(next());
    ++at_;
    const auto named = name == "perl space" ? std::nullopt : posix_class(name);
    if (!named || !take(U']')) refuse("there is no class [:" + name + ":]");
    return add_all(negated ? complement(folded(*named)) : folded(*named));
  }
  if (peek() == '\\') {
    if (const auto named = perl_set(peek(1))) {
      at_ += 2;
      return add_all(*named);
    }
  }
  const char32_t first = bracket_point();
  char32_t last = first;
  if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
    ++at_;
    last = bracket_point();
  }
  if (last < first) refuse("a range of characters is upside down");
  CharacterSet range;
  range.add(first, last);
  add_all(folded(std::move(range)));
}

RegexNode Parser::bracket() {
  CharacterSet set;
  const bool negated = take(U'^');
  do bracket_item(set);
  while (!take(U']'));
  RegexNode node = of_set(std::move(set));
  node.set.negated = negated;
  return node;
}

}  // namespace

bool CharacterSet::contains(char32_t point) const {
  const bool found = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return point >= range.first && point <= range.second;
  });
  return found != negated;
}

RegexNode parse_regex(std::string_view pattern) { return Parser(pattern).parse(); }

}  // namespace cermet
