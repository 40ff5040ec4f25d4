#include "engine/writer_constants.h"

#include <array>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/hash.h"
#include "engine/format.h"

namespace cermet {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::array<std::byte, section_alignment> zeros{};

void append_number(std::string& text, uint64_t number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// The ends of all strings, then their characters.
std::string string_bytes(const Tensor& tensor) {
  std::string ends, characters;
  const auto* strings = tensor.as<std::string>();
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    characters += strings[i];
    append_number(ends, characters.size());
  }
  return ends + characters;
}

class Placer {
 public:
  ConstantPlace place(const Tensor& tensor) {
    return tensor.type() == ElementType::string ? place_strings(tensor) : place_weights(tensor);
  }

  PlacedConstants placed;

 private:
  ConstantPlace place_strings(const Tensor& tensor) {
    std::string bytes = string_bytes(tensor);
    const auto [entry, fresh] = strings_.emplace(std::move(bytes), placed.strings.size());
    if (fresh) {
      placed.strings += entry->first;
      while (placed.strings.size() % sizeof(uint64_t) != 0) placed.strings += '\0';
    }
    return {entry->second, entry->first.size()};
  }

  ConstantPlace place_weights(const Tensor& tensor) {
    const Bytes bytes{static_cast<const std::byte*>(tensor.data()), tensor.bytes()};
    if (bytes.empty()) return {};
    const uint64_t hash = hash_bytes(bytes.data(), bytes.size());
    const auto [begin, end] = weights_.equal_range(hash);
    for (auto entry = begin; entry != end; ++entry) {
      const auto& [known, offset] = entry->second;
      if (known.size() == bytes.size() &&
          std::memcmp(known.data(), bytes.data(), bytes.size()) == 0)
        return {offset, bytes.size()};
    }
    const uint64_t offset = align_section(placed.weight_bytes);
    if (offset != placed.weight_bytes)
      placed.weights.push_back(Bytes(zeros).first(offset - placed.weight_bytes));
    placed.weights.push_back(bytes);
    placed.weight_bytes = offset + bytes.size();
    weights_.emplace(hash, std::pair(bytes, offset));
    return {offset, bytes.size()};
  }

  std::map<std::string, uint64_t> strings_;
  std::multimap<uint64_t, std::pair<Bytes, uint64_t>> weights_;
};

}  // namespace

PlacedConstants place_constants(const Plan& first, const Plan* second) {
  Placer placer;
  for (const Plan* plan : {&first, second}) {
    if (plan == nullptr) continue;
    for (size_t i = 0; i < plan->constants.size(); ++i) {
      const Tensor& tensor = plan->constants[i].tensor;
      require(static_cast<bool>(tensor), ErrorCode::internal,
              "writing the engine: constant {}: expected a tensor, got none", i);
      placer.placed.places.push_back(placer.place(tensor));
    }
  }
  return std::move(placer.placed);
}

}  // namespace cermet
