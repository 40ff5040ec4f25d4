// Formatting messages for the user's Logger.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "cermet/logger.h"

namespace cermet {

// "error", "warning", "info", "verbose"; "unknown" for values outside the enumeration.
std::string_view name(Severity severity) noexcept;

void log_formatted(const Logger& logger, Severity severity, fmt::string_view text,
                   fmt::format_args arguments);

// Formats only when somebody listens. The arguments are evaluated either way.
template <class... Args>
void log(const Logger& logger, Severity severity, fmt::format_string<Args...> text,
         Args&&... args) {
  if (logger) log_formatted(logger, severity, text, fmt::make_format_args(args...));
}

template <class... Args>
void log_warning(const Logger& logger, fmt::format_string<Args...> text, Args&&... args) {
  log(logger, Severity::warning, text, std::forward<Args>(args)...);
}

template <class... Args>
void log_info(const Logger& logger, fmt::format_string<Args...> text, Args&&... args) {
  log(logger, Severity::info, text, std::forward<Args>(args)...);
}

template <class... Args>
void log_verbose(const Logger& logger, fmt::format_string<Args...> text, Args&&... args) {
  log(logger, Severity::verbose, text, std::forward<Args>(args)...);
}

}  // namespace cermet
