#include "base/log.h"

namespace cermet {

std::string_view name(Severity severity) noexcept {
  constexpr std::string_view names[] = {"error", "warning", "info", "verbose"};
  const auto index = static_cast<size_t>(severity);
  return index < std::size(names) ? names[index] : "unknown";
}

void log_formatted(const Logger& logger, Severity severity, fmt::string_view text,
                   fmt::format_args arguments) {
  logger(severity, fmt::vformat(text, arguments));
}

}  // namespace cermet
