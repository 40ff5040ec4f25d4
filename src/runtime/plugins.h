// Shared libraries with operators of users, opened and checked.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/custom_operators.h"
#include "cermet/logger.h"

namespace cermet {

// Owns the libraries: what find() gives is valid as long as this is. Immutable, so safe to share.
class Plugins : public CustomOperators {
 public:
  // Opens each library. Throws device when one can't be opened, is no plugin, is of another ABI, or
  // when two offer the same operator.
  explicit Plugins(std::span<const std::string> paths, const Logger& logger = {});
  Plugins(Plugins&&) noexcept;
  ~Plugins() override;

  const cermet_plugin_operator* find(std::string_view domain, std::string_view name,
                                     int64_t version) const override;
  // The operator as a model that imports `opset` of the domain means it: of the newest version up
  // to that. Nothing when no plugin has the operator; throws unsupported when all are newer.
  const cermet_plugin_operator* newest(std::string_view domain, std::string_view name,
                                       int64_t opset) const;
  // What an engine that uses the operator requires: "plugin NAME VERSION".
  std::string requirement(const cermet_plugin_operator& op) const;
  // Throws device naming the first plugin of `requirements` that is not here; other requirements
  // are passed over.
  void check(std::span<const std::string> requirements) const;

 private:
  struct Library;
  std::vector<std::unique_ptr<Library>> libraries_;
};

}  // namespace cermet
