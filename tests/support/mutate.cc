#include "tests/support/mutate.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace cermet::testing {
namespace {

using Random = std::mt19937_64;

size_t below(Random& random, size_t count) { return count == 0 ? 0 : random() % count; }

std::string flip_bits(std::string_view from, std::string_view, Random& random) {
  std::string bytes(from);
  for (size_t flips = 1 + below(random, 8); flips > 0 && !bytes.empty(); --flips)
    bytes[below(random, bytes.size())] ^= static_cast<char>(1 << below(random, 8));
  return bytes;
}

std::string truncate(std::string_view from, std::string_view, Random& random) {
  return std::string(from.substr(0, below(random, from.size())));
}

// Half of the time in place of as many bytes, so that what follows stays where it was.
std::string splice(std::string_view from, std::string_view other, Random& random) {
  const size_t at = below(random, from.size()), begin = below(random, other.size());
  const std::string_view piece = other.substr(begin, 1 + below(random, 256));
  const bool over = random() % 2;
  const size_t rest = std::min(from.size(), over ? at + piece.size() : at);
  return std::string(from.substr(0, at)).append(piece).append(from.substr(rest));
}

// One field of a message, tag included; `contents` is what lies within it where it has a length.
struct Field {
  std::string_view whole, tag;
  std::optional<std::string_view> contents;
};

std::optional<uint64_t> take_varint(std::string_view& from) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(from[0]);
    from.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

bool skip(std::string_view& from, uint64_t bytes) {
  if (bytes > from.size()) return false;
  from.remove_prefix(bytes);
  return true;
}

std::optional<Field> take_field(std::string_view& from) {
  const std::string_view begin = from;
  const auto tag = take_varint(from);
  if (!tag || *tag >> 3 == 0) return std::nullopt;
  Field field;
  field.tag = begin.substr(0, begin.size() - from.size());
  bool good = false;
  if ((*tag & 7) == 0) good = take_varint(from).has_value();
  if ((*tag & 7) == 1) good = skip(from, 8);
  if ((*tag & 7) == 5) good = skip(from, 4);
  if ((*tag & 7) == 2) {
    const auto length = take_varint(from);
    const std::string_view contents = from.substr(0, length.value_or(0));
    good = length && skip(from, *length);
    field.contents = contents;
  }
  if (!good) return std::nullopt;
  field.whole = begin.substr(0, begin.size() - from.size());
  return field;
}

// Nothing where the bytes are no message.
std::vector<Field> fields_of(std::string_view message) {
  std::vector<Field> fields;
  while (!message.empty()) {
    const auto field = take_field(message);
    if (!field) return {};
    fields.push_back(*field);
  }
  return fields;
}

void append_varint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

// Goes down into a field that is a message itself, three times in four.
std::string change_fields(std::string_view message, std::string_view other, Random& random) {
  const std::vector<Field> fields = fields_of(message);
  if (fields.empty()) return flip_bits(message, other, random);
  std::vector<std::string> parts;
  for (const Field& field : fields) parts.emplace_back(field.whole);
  const size_t at = below(random, fields.size()), second = below(random, fields.size());
  if (fields[at].contents && !fields[at].contents->empty() && random() % 4 != 0) {
    const std::string inner = change_fields(*fields[at].contents, other, random);
    parts[at] = fields[at].tag;
    append_varint(parts[at], inner.size());
    parts[at] += inner;
    return joined(parts);
  }
  switch (below(random, 3)) {
    case 0:
      parts.insert(parts.begin() + static_cast<ptrdiff_t>(second), parts[at]);
      break;
    case 1:
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(at));
      break;
    default:
      std::swap(parts[at], parts[second]);
  }
  return joined(parts);
}

struct Kind {
  std::string_view name;
  std::string (*change)(std::string_view, std::string_view, Random&);
};
constexpr std::array<Kind, 5> kinds{{{"bit flips", flip_bits},
                                     {"truncation", truncate},
                                     {"splice", splice},
                                     {"change of fields", change_fields},
                                     {"change of fields", change_fields}}};

}  // namespace

Mutant mutant_of(std::string_view bytes, std::string_view other, std::mt19937_64& random) {
  const Kind& kind = kinds[below(random, kinds.size())];
  return {kind.name, kind.change(bytes, other, random)};
}

}  // namespace cermet::testing
