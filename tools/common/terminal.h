// Colours, log lines and progress: plain text where nobody looks at a terminal.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "cermet/logger.h"

namespace cermet::tools {

enum class Colour : int { red = 31, green = 32, yellow = 33, blue = 34, grey = 90 };

// Whether the stream is a terminal that takes colours and NO_COLOR is unset or empty.
bool shows_colour(std::FILE* stream);
// The text, coloured where the stream shows colours.
std::string coloured(std::FILE* stream, Colour colour, std::string_view text);

// Prints to stderr: warnings and errors, and the rest too when `verbose`.
Logger stderr_logger(bool verbose);

// One line on stderr that is drawn anew; nothing when stderr is no terminal or `wanted` is false.
class ProgressBar {
 public:
  explicit ProgressBar(bool wanted);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `done` is the part that is finished, 0 to 1.
  void show(std::string_view stage, double done);
  void clear();

 private:
  bool active_;
  std::string shown_;
};

}  // namespace cermet::tools
