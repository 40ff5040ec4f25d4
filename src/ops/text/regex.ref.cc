#include "ops/text/regex.ref.h"

#include <map>

#include "base/error.h"
#include "ops/text/utf8.ref.h"

namespace cermet {
namespace {

constexpr size_t largest_program = 200000;

bool is_word(char32_t point) {
  return (point >= '0' && point <= '9') || (point >= 'A' && point <= 'Z') || point == '_' ||
         (point >= 'a' && point <= 'z');
}

bool holds(RegexAssertion assertion, std::u32string_view text, size_t at) {
  const bool word_before = at > 0 && is_word(text[at - 1]);
  const bool word_after = at < text.size() && is_word(text[at]);
  switch (assertion) {
    case RegexAssertion::text_begin:
      return at == 0;
    case RegexAssertion::text_end:
      return at == text.size();
    case RegexAssertion::line_begin:
      return at == 0 || text[at - 1] == '\n';
    case RegexAssertion::line_end:
      return at == text.size() || text[at] == '\n';
    case RegexAssertion::word_boundary:
      return word_before != word_after;
    case RegexAssertion::no_word_boundary:
      return word_before == word_after;
  }
  return false;
}

}  // namespace

// Turns a tree into a program; what stands in a repetition is written once for each time.
class Regex::Compiler {
 public:
  explicit Compiler(Regex& regex) : program_(regex.program_), sets_(regex.sets_) {}

  void emit(const RegexNode& node);
  int add(Instruction instruction) {
    program_.push_back(instruction);
    return static_cast<int>(program_.size()) - 1;
  }

 private:
  void emit_set(const RegexNode& node);
  void emit_alternatives(const RegexNode& node);
  void emit_repeat(const RegexNode& node);

  std::vector<Instruction>& program_;
  std::vector<CharacterSet>& sets_;
  std::map<const RegexNode*, int> set_of_;
  size_t emitted_ = 0;  // nodes, as repetitions of what needs no instruction must end too
};

Regex::Regex(std::string_view pattern) {
  const RegexNode tree = parse_regex(pattern);
  Compiler compiler(*this);
  compiler.emit(tree);
  compiler.add({.kind = Instruction::Kind::match});
}

void Regex::Compiler::emit_set(const RegexNode& node) {
  const auto [entry, added] = set_of_.emplace(&node, static_cast<int>(sets_.size()));
  if (added) sets_.push_back(node.set);
  add({.kind = Instruction::Kind::set, .set = entry->second});
}

void Regex::Compiler::emit(const RegexNode& node) {
  if (++emitted_ > largest_program)
    fail(ErrorCode::unsupported,
         "the repetitions of a pattern make it too large: more than {} steps", largest_program);
  switch (node.kind) {
    case RegexNode::Kind::set:
      return emit_set(node);
    case RegexNode::Kind::assertion:
      add({.kind = Instruction::Kind::assertion, .assertion = node.assertion});
      return;
    case RegexNode::Kind::sequence:
      for (const RegexNode& child : node.children) emit(child);
      return;
    case RegexNode::Kind::alternatives:
      return emit_alternatives(node);
    case RegexNode::Kind::repeat:
      return emit_repeat(node);
  }
}

void Regex::Compiler::emit_alternatives(const RegexNode& node) {
  std::vector<int> jumps;
  for (size_t i = 0; i + 1 < node.children.size(); ++i) {
    const int split = add({.kind = Instruction::Kind::split});
    program_[split].target = split + 1;
    emit(node.children[i]);
    jumps.push_back(add({.kind = Instruction::Kind::jump}));
    program_[split].alternate = static_cast<int>(program_.size());
  }
  emit(node.children.back());
  for (const int jump : jumps) program_[jump].target = static_cast<int>(program_.size());
}

void Regex::Compiler::emit_repeat(const RegexNode& node) {
  const RegexNode& child = node.children[0];
  for (int i = 0; i < node.low; ++i) emit(child);
  if (node.high < 0) {
    const int split = add({.kind = Instruction::Kind::split});
    program_[split].target = split + 1;
    emit(child);
    add({.kind = Instruction::Kind::jump, .target = split});
    program_[split].alternate = static_cast<int>(program_.size());
    return;
  }
  std::vector<int> splits;
  for (int i = node.low; i < node.high; ++i) {
    splits.push_back(add({.kind = Instruction::Kind::split}));
    program_[splits.back()].target = splits.back() + 1;
    emit(child);
  }
  for (const int split : splits) program_[split].alternate = static_cast<int>(program_.size());
}

// All places of the program that the text so far can lead to, each once.
class Regex::Run {
 public:
  Run(const Regex& regex, std::u32string_view text)
      : regex_(regex), text_(text), seen_(regex.program_.size(), no_step) {}

  bool whole() {
    enter(0, 0);
    for (size_t at = 0; at < text_.size() && !places_.empty(); ++at) {
      std::vector<int> before;
      before.swap(places_);
      for (const int place : before)
        if (regex_.sets_[regex_.program_[place].set].contains(text_[at])) enter(place + 1, at + 1);
    }
    return matched_at_ == text_.size();
  }

 private:
  static constexpr size_t no_step = static_cast<size_t>(-1);

  // Follows what needs no character from `place`.
  void enter(int place, size_t at) {
    std::vector<int> open{place};
    while (!open.empty()) {
      const int current = open.back();
      open.pop_back();
      if (seen_[current] == at) continue;
      seen_[current] = at;
      const Instruction& step = regex_.program_[current];
      if (step.kind == Instruction::Kind::set) places_.push_back(current);
      if (step.kind == Instruction::Kind::match) matched_at_ = at;
      if (step.kind == Instruction::Kind::assertion && holds(step.assertion, text_, at))
        open.push_back(current + 1);
      if (step.kind == Instruction::Kind::jump || step.kind == Instruction::Kind::split)
        open.push_back(step.target);
      if (step.kind == Instruction::Kind::split) open.push_back(step.alternate);
    }
  }

  const Regex& regex_;
  std::u32string_view text_;
  std::vector<size_t> seen_;  // by instruction: the last position at which it was entered
  std::vector<int> places_;   // instructions that wait for a character
  size_t matched_at_ = no_step;
};

bool Regex::matches_whole(std::string_view text) const {
  const std::u32string points = decode_utf8(text);
  return Run(*this, points).whole();
}

}  // namespace cermet
