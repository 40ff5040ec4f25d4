#include "base/plugin_call.h"

namespace cermet {
namespace {

// Calls `give` with the attribute when it is there with the type T.
template <class T, class Give>
int read(const void* node, const char* name, Give&& give) noexcept {
  const Attribute* found = static_cast<const Attributes*>(node)->find(name);
  if (found == nullptr) return CERMET_PLUGIN_ABSENT;
  const T* value = std::get_if<T>(found);
  if (value == nullptr) return CERMET_PLUGIN_OTHER_TYPE;
  give(*value);
  return 0;
}

template <class T>
int get_value(const void* node, const char* name, T* value) {
  return read<T>(node, name, [&](T found) { *value = found; });
}

template <class T>
int get_list(const void* node, const char* name, const T** values, size_t* count) {
  return read<std::vector<T>>(node, name, [&](const std::vector<T>& found) {
    *values = found.data();
    *count = found.size();
  });
}

int get_string(const void* node, const char* name, const char** text, size_t* length) {
  return read<std::string>(node, name, [&](const std::string& found) {
    *text = found.c_str();
    *length = found.size();
  });
}

}  // namespace

cermet_plugin_attributes plugin_attributes(const Attributes& attributes) {
  return {sizeof(cermet_plugin_attributes),
          &attributes,
          get_value<int64_t>,
          get_value<double>,
          get_string,
          get_list<int64_t>,
          get_list<double>};
}

ElementType plugin_element_type(int32_t number) {
  require(number > 0 && number < element_type_count, ErrorCode::invalid_argument,
          "the plugin names element type {}, which ONNX does not have", number);
  const auto type = static_cast<ElementType>(number);
  require(type != ElementType::string, ErrorCode::unsupported,
          "string tensors are not handed to plugins");
  return type;
}

void PluginInputs::add(ElementType type, std::vector<int64_t> sizes, const void* data) {
  Kept& kept = kept_.emplace_back();
  kept.sizes = std::move(sizes);
  kept.tensor = {sizeof(cermet_plugin_tensor), static_cast<int32_t>(type),
                 static_cast<int32_t>(kept.sizes.size()), kept.sizes.data(), data};
  pointers_.push_back(&kept.tensor);
}

void PluginInputs::add_unknown_rank(ElementType type) {
  Kept& kept = kept_.emplace_back();
  kept.tensor = {sizeof(cermet_plugin_tensor), static_cast<int32_t>(type), -1, nullptr, nullptr};
  pointers_.push_back(&kept.tensor);
}

void PluginCall::finish(int status, ErrorCode code) {
  if (failure_) std::rethrow_exception(failure_);
  if (status == 0) return;
  message_.back() = '\0';
  require(message_.front() != '\0', code, "the plugin failed with code {} and no message", status);
  fail(code, "{}", message_.data());
}

}  // namespace cermet
