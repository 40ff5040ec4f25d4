// Where the kernel of a custom step finds the operator that a plugin offers.
#pragma once

#include <cstdint>
#include <string_view>

#include "cermet/plugin.h"

namespace cermet {

// Attributes of a step of kind `custom` that say which operator it is.
inline constexpr std::string_view custom_domain = "custom.domain";
inline constexpr std::string_view custom_op = "custom.op";
inline constexpr std::string_view custom_version = "custom.version";

class CustomOperators {
 public:
  virtual ~CustomOperators() = default;
  // nullptr when there is none.
  virtual const cermet_plugin_operator* find(std::string_view domain, std::string_view name,
                                             int64_t version) const = 0;
};

}  // namespace cermet
