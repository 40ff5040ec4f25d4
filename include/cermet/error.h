// The one exception type of Cermet and the codes by which programs tell errors apart.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace cermet {

// The C API returns these values, so they are permanent.
enum class ErrorCode : int {
  invalid_argument = 1,  // the caller passed something that the call does not take
  invalid_model = 2,     // the ONNX file is damaged or breaks the ONNX specification
  unsupported = 3,       // legal, but not something that Cermet does
  out_of_range = 4,      // a shape outside the profile, an index outside its tensor
  out_of_memory = 5,     // memory or a user's memory limit ran out
  io = 6,                // a file could not be read or written
  invalid_engine = 7,    // the engine file is damaged, foreign or of another version
  device = 8,            // the machine lacks what the engine needs
  runtime = 9,           // the data contradicts the model while it runs
  internal = 10,         // a law of Cermet's own was broken: a bug to report
};

// An error with a chain of context, outermost first: "building conv2: weights: expected 4
// dimensions, got 3".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message)
      : std::runtime_error(message), code_(code), message_(std::move(message)) {}

  ErrorCode code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const noexcept { return message_; }

  // Puts "context: " in front of the message.
  void add_context(std::string_view context) { message_.insert(0, std::string(context) + ": "); }

 private:
  ErrorCode code_;
  std::string message_;
};

}  // namespace cermet
