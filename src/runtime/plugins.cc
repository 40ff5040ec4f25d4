#include "runtime/plugins.h"

#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "base/error.h"
#include "base/log.h"

namespace cermet {
namespace {

constexpr std::string_view requirement_prefix = "plugin ";

bool is_word(const char* text) {
  if (text == nullptr || *text == '\0') return false;
  const std::string_view word(text);
  return std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("._-+").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// What the table's writer got wrong is found here, once, and not when a callback is missing.
void check_operator(const cermet_plugin_operator* op, size_t index) {
  require(op != nullptr, ErrorCode::device, "operator {} of the plugin's table is NULL", index);
  require(op->size >= sizeof(cermet_plugin_operator), ErrorCode::device,
          "operator {} has size {}, expected at least {}: set it to "
          "sizeof(cermet_plugin_operator)",
          index, op->size, sizeof(cermet_plugin_operator));
  require(op->domain != nullptr && *op->domain != '\0', ErrorCode::device,
          "operator {} has no domain; ONNX's own can't be extended", index);
  require(op->name != nullptr && *op->name != '\0', ErrorCode::device, "operator {} has no name",
          index);
  require(op->version >= 1, ErrorCode::device,
          "operator {}.{} has version {}; versions count from 1", op->domain, op->name,
          op->version);
  require(op->infer != nullptr && op->evaluate != nullptr, ErrorCode::device,
          "operator {}.{} needs both callbacks, infer and evaluate", op->domain, op->name);
}

void check_library(const cermet_plugin_library* library) {
  require(library != nullptr, ErrorCode::device, "{} returned NULL", CERMET_PLUGIN_FUNCTION);
  // Size and ABI are at their place in every ABI; the rest is read only when both fit.
  require(library->size >= offsetof(cermet_plugin_library, name), ErrorCode::device,
          "the plugin's table has size {}: set it to sizeof(cermet_plugin_library)", library->size);
  require(library->abi == CERMET_PLUGIN_ABI, ErrorCode::device,
          "the plugin is of plugin ABI {}, this release of Cermet takes {}. Build the plugin with "
          "this release's cermet/plugin.h",
          library->abi, CERMET_PLUGIN_ABI);
  require(library->size >= sizeof(cermet_plugin_library), ErrorCode::device,
          "the plugin's table has size {}, expected at least {}", library->size,
          sizeof(cermet_plugin_library));
  require(is_word(library->name) && is_word(library->version), ErrorCode::device,
          "a plugin's name and version are letters, digits and . _ - +, got '{}' and '{}'",
          library->name ? library->name : "", library->version ? library->version : "");
  require(library->operator_count == 0 || library->operators != nullptr, ErrorCode::device,
          "the plugin says that it has {} operators, but its list is NULL",
          library->operator_count);
  for (size_t i = 0; i < library->operator_count; ++i) check_operator(library->operators[i], i);
}

std::string reason_of_dl() {
  const char* why = ::dlerror();
  return why ? why : "unknown reason";
}

}  // namespace

struct Plugins::Library {
  explicit Library(const std::string& path) {
    // A name without a folder means a file here, not one of the system's libraries.
    const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
    handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    require(handle != nullptr, ErrorCode::device, "can't open the plugin: {}", reason_of_dl());
    try {
      const auto function =
          reinterpret_cast<cermet_plugin_function>(::dlsym(handle, CERMET_PLUGIN_FUNCTION));
      require(function != nullptr, ErrorCode::device,
              "the library has no function {}: it is no plugin", CERMET_PLUGIN_FUNCTION);
      table = function();
      check_library(table);
    } catch (...) {
      ::dlclose(handle);
      throw;
    }
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { ::dlclose(handle); }

  std::span<const cermet_plugin_operator* const> operators() const {
    return {table->operators, table->operator_count};
  }

  void* handle = nullptr;
  const cermet_plugin_library* table = nullptr;
};

Plugins::Plugins(std::span<const std::string> paths, const Logger& logger) {
  for (const std::string& path : paths)
    with_context([&] { return fmt::format("plugin {}", path); },
                 [&] {
                   auto library = std::make_unique<Library>(path);
                   for (const cermet_plugin_operator* op : library->operators())
                     require(find(op->domain, op->name, op->version) == nullptr, ErrorCode::device,
                             "operator {}.{} of version {} is offered by another plugin already; "
                             "leave one of them out",
                             op->domain, op->name, op->version);
                   if (logger)
                     logger(Severity::verbose,
                            fmt::format("plugin {} {}: {} operators", library->table->name,
                                        library->table->version, library->table->operator_count));
                   libraries_.push_back(std::move(library));
                 });
}

Plugins::Plugins(Plugins&&) noexcept = default;
Plugins::~Plugins() = default;

const cermet_plugin_operator* Plugins::find(std::string_view domain, std::string_view name,
                                            int64_t version) const {
  for (const auto& library : libraries_)
    for (const cermet_plugin_operator* op : library->operators())
      if (op->domain == domain && op->name == name && op->version == version) return op;
  return nullptr;
}

const cermet_plugin_operator* Plugins::newest(std::string_view domain, std::string_view name,
                                              int64_t opset) const {
  const cermet_plugin_operator* best = nullptr;
  const cermet_plugin_operator* oldest = nullptr;
  for (const auto& library : libraries_)
    for (const cermet_plugin_operator* op : library->operators()) {
      if (op->domain != domain || op->name != name) continue;
      if (oldest == nullptr || op->version < oldest->version) oldest = op;
      if (op->version <= opset && (best == nullptr || op->version > best->version)) best = op;
    }
  require(best != nullptr || oldest == nullptr, ErrorCode::unsupported,
          "the plugins offer {}.{} from version {} of the domain on, the model imports version {}",
          domain, name, oldest ? oldest->version : 0, opset);
  return best;
}

std::string Plugins::requirement(const cermet_plugin_operator& op) const {
  for (const auto& library : libraries_) {
    const auto operators = library->operators();
    if (std::find(operators.begin(), operators.end(), &op) != operators.end())
      return fmt::format("{}{} {}", requirement_prefix, library->table->name,
                         library->table->version);
  }
  fail(ErrorCode::internal, "operator {}.{} is of no open plugin", op.domain, op.name);
}

void Plugins::check(std::span<const std::string> requirements) const {
  for (const std::string& requirement : requirements) {
    if (!requirement.starts_with(requirement_prefix)) continue;
    const std::string needed = requirement.substr(requirement_prefix.size());
    const std::string name = needed.substr(0, needed.find(' '));
    std::string other;
    bool found = false;
    for (const auto& library : libraries_) {
      if (library->table->name != name) continue;
      other = library->table->version;
      found = found || fmt::format("{} {}", name, other) == needed;
    }
    require(found, ErrorCode::device,
            "the engine needs the plugin {}, {}. Give its file by --plugin FILE.so, or in a "
            "program as `plugins` of Engine::load",
            needed, other.empty() ? "which is not loaded" : "but version " + other + " is loaded");
  }
}

}  // namespace cermet
