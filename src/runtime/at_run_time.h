// What is wrong while an engine runs is wrong with the data: the model passed when it was built.
#pragma once

#include <utility>

#include "cermet/error.h"

namespace cermet {

// Runs `body`; inference, which the build uses too, blames the model, and is translated to runtime.
template <class Body>
decltype(auto) at_run_time(Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_model) throw;
    throw Error(ErrorCode::runtime, error.message());
  }
}

}  // namespace cermet
