// Errors of the commands: made with fmt, shown on stderr, turned into exit statuses.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "cermet/error.h"

namespace cermet::tools {

template <class... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  throw Error(code, fmt::format(text, std::forward<Args>(args)...));
}

// Throws unless `holds`.
template <class... Args>
void require(bool holds, ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  if (!holds) fail(code, text, std::forward<Args>(args)...);
}

// Runs `body`; an Error that leaves it gets `context` put in front.
template <class Body>
decltype(auto) with_context(std::string_view context, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& error) {
    error.add_context(context);
    throw;
  }
}

// The exit status of a command that ended with such an error: the value of its code. 0 is success.
inline int exit_status(ErrorCode code) noexcept { return static_cast<int>(code); }

// The table of exit statuses for --help.
std::string exit_status_help();

// "PROGRAM: error: MESSAGE" on stderr.
void print_error(std::string_view program, std::string_view message);

// Runs the command and returns its exit status; every exception is printed. That of io when
// standard output could not be written, whatever the command says.
int guarded(std::string_view program, const std::function<int()>& command);

}  // namespace cermet::tools
