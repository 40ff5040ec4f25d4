// An operator's attributes by name, as the model gives them and the engine keeps them. Subgraphs
// are not attributes here: they belong to the node.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cermet/tensor.h"

namespace cermet {

using Attribute = std::variant<int64_t, double, std::string, Tensor, std::vector<int64_t>,
                               std::vector<double>, std::vector<std::string>>;

// A value type. The typed getters throw invalid_model when the attribute has another type, and the
// ones without a default also when it is missing.
class Attributes {
 public:
  bool has(std::string_view name) const { return find(name) != nullptr; }
  void set(std::string_view name, Attribute value) {
    values_[std::string(name)] = std::move(value);
  }
  void erase(std::string_view name);
  const Attribute* find(std::string_view name) const;

  int64_t integer(std::string_view name) const;
  int64_t integer(std::string_view name, int64_t otherwise) const;
  double number(std::string_view name) const;
  double number(std::string_view name, double otherwise) const;
  std::string text(std::string_view name) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::vector<int64_t> integers(std::string_view name) const;
  std::vector<int64_t> integers(std::string_view name, std::vector<int64_t> otherwise) const;
  std::vector<double> numbers(std::string_view name, std::vector<double> otherwise = {}) const;
  std::vector<std::string> texts(std::string_view name,
                                 std::vector<std::string> otherwise = {}) const;
  const Tensor& tensor(std::string_view name) const;

  const std::map<std::string, Attribute, std::less<>>& all() const { return values_; }
  bool operator==(const Attributes& other) const;  // tensors compare by content

  // "{axis: 1, mode: \"linear\"}"; long lists and tensors are shortened.
  std::string to_string() const;

 private:
  std::map<std::string, Attribute, std::less<>> values_;
};

}  // namespace cermet
