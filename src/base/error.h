// Making and dressing errors: formatting by fmt, context by scope.
#pragma once

#include <fmt/format.h>

#include <utility>

#include "cermet/error.h"

namespace cermet {

template <class... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  throw Error(code, fmt::format(text, std::forward<Args>(args)...));
}

// Throws unless `holds`; for conditions whose message is cheap to name.
template <class... Args>
void require(bool holds, ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  if (!holds) fail(code, text, std::forward<Args>(args)...);
}

// Runs `body`; an Error that leaves it gets `context()` put in front.
template <class Context, class Body>
decltype(auto) with_context(Context&& context, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& error) {
    error.add_context(context());
    throw;
  }
}

}  // namespace cermet
