// Log lines as trtexec prints them: "[MM/DD/YYYY-HH:MM:SS] [I] text".
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "cermet/logger.h"

namespace cermet::tools::trtexec {

// One line for each line of `text`; errors and warnings to stderr, the rest to stdout.
void print_log(Severity severity, std::string_view text);

template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  print_log(Severity::info, fmt::format(text, std::forward<Args>(args)...));
}

// Messages of the library; those for the curious only when `verbose`.
Logger log_lines(bool verbose);

}  // namespace cermet::tools::trtexec
