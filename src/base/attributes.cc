#include "base/attributes.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/error.h"
#include "base/scalar.h"

namespace cermet {
namespace {

constexpr size_t shown_elements = 8;

// By index of Attribute's alternatives.
constexpr std::string_view kind_names[] = {
    "an integer",         "a number",          "a text",         "a tensor",
    "a list of integers", "a list of numbers", "a list of texts"};
static_assert(std::size(kind_names) == std::variant_size_v<Attribute>);

template <class T>
std::string_view kind_name() {
  static const size_t index = Attribute(std::in_place_type<T>).index();
  return kind_names[index];
}

template <class T>
const T* get_if_present(const Attributes& attributes, std::string_view name) {
  const Attribute* found = attributes.find(name);
  if (found == nullptr) return nullptr;
  const T* value = std::get_if<T>(found);
  require(value != nullptr, ErrorCode::invalid_model, "attribute {}: expected {}, got {}", name,
          kind_name<T>(), kind_names[found->index()]);
  return value;
}

template <class T>
const T& get(const Attributes& attributes, std::string_view name) {
  const T* value = get_if_present<T>(attributes, name);
  require(value != nullptr, ErrorCode::invalid_model, "attribute {}: expected {}, it is missing",
          name, kind_name<T>());
  return *value;
}

template <class T>
T get_or(const Attributes& attributes, std::string_view name, T otherwise) {
  if (const T* value = get_if_present<T>(attributes, name)) return *value;
  return otherwise;
}

bool same_content(const Tensor& a, const Tensor& b) {
  if (a.type() != b.type() || a.shape() != b.shape()) return false;
  if (a.data() == b.data()) return true;
  if (a.type() == ElementType::string)
    return std::equal(a.as<std::string>(), a.as<std::string>() + a.elements(), b.as<std::string>());
  return a.bytes() == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

bool same(const Attribute& a, const Attribute& b) {
  return a.index() == b.index() && std::visit(
                                       [&]<class T>(const T& value) {
                                         if constexpr (std::is_same_v<T, Tensor>)
                                           return same_content(value, std::get<T>(b));
                                         else
                                           return value == std::get<T>(b);
                                       },
                                       a);
}

std::string shown(int64_t value) { return fmt::format("{}", value); }
std::string shown(double value) { return fmt::format("{}", value); }

std::string shown(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      quoted += c;
  }
  return quoted + '"';
}

template <class T>
std::string shown(const std::vector<T>& list) {
  std::string text = "[";
  for (size_t i = 0; i < std::min(list.size(), shown_elements); ++i)
    text += (i == 0 ? "" : ", ") + shown(list[i]);
  if (list.size() > shown_elements) text += fmt::format(", ... {} in all", list.size());
  return text + "]";
}

std::string shown(const Tensor& tensor) {
  std::string text = fmt::format("{}{}", name(tensor.type()), to_string(tensor.shape()));
  if (tensor.elements() > static_cast<int64_t>(shown_elements) || is_complex(tensor.type()) ||
      tensor.type() == ElementType::undefined)
    return text;
  if (tensor.type() == ElementType::string) {
    const auto* begin = tensor.as<std::string>();
    return text + " " + shown(std::vector<std::string>(begin, begin + tensor.elements()));
  }
  return text + " " + dispatch_real(tensor.type(), [&]<class T>() {
           return fmt::format("[{}]", fmt::join(load_all<T>(tensor.view()), ", "));
         });
}

}  // namespace

void Attributes::erase(std::string_view name) {
  if (const auto found = values_.find(name); found != values_.end()) values_.erase(found);
}

const Attribute* Attributes::find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

int64_t Attributes::integer(std::string_view name) const { return get<int64_t>(*this, name); }

int64_t Attributes::integer(std::string_view name, int64_t otherwise) const {
  return get_or(*this, name, otherwise);
}

double Attributes::number(std::string_view name) const { return get<double>(*this, name); }

double Attributes::number(std::string_view name, double otherwise) const {
  return get_or(*this, name, otherwise);
}

std::string Attributes::text(std::string_view name) const { return get<std::string>(*this, name); }

std::string Attributes::text(std::string_view name, std::string_view otherwise) const {
  return get_or(*this, name, std::string(otherwise));
}

std::vector<int64_t> Attributes::integers(std::string_view name) const {
  return get<std::vector<int64_t>>(*this, name);
}

std::vector<int64_t> Attributes::integers(std::string_view name,
                                          std::vector<int64_t> otherwise) const {
  return get_or(*this, name, std::move(otherwise));
}

std::vector<double> Attributes::numbers(std::string_view name,
                                        std::vector<double> otherwise) const {
  return get_or(*this, name, std::move(otherwise));
}

std::vector<std::string> Attributes::texts(std::string_view name,
                                           std::vector<std::string> otherwise) const {
  return get_or(*this, name, std::move(otherwise));
}

const Tensor& Attributes::tensor(std::string_view name) const { return get<Tensor>(*this, name); }

bool Attributes::operator==(const Attributes& other) const {
  return std::equal(
      values_.begin(), values_.end(), other.values_.begin(), other.values_.end(),
      [](const auto& a, const auto& b) { return a.first == b.first && same(a.second, b.second); });
}

std::string Attributes::to_string() const {
  std::string text = "{";
  for (const auto& [name, value] : values_) {
    text += text.size() == 1 ? "" : ", ";
    text += name + ": " + std::visit([](const auto& v) { return shown(v); }, value);
  }
  return text + "}";
}

}  // namespace cermet
