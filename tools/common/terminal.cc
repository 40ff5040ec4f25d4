#include "common/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace cermet::tools {
namespace {

bool is_terminal(std::FILE* stream) {
  if (!isatty(fileno(stream))) return false;
  const char* term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace

bool shows_colour(std::FILE* stream) {
  const char* refused = std::getenv("NO_COLOR");
  return (refused == nullptr || *refused == '\0') && is_terminal(stream);
}

std::string coloured(std::FILE* stream, Colour colour, std::string_view text) {
  if (!shows_colour(stream)) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", static_cast<int>(colour), text);
}

Logger stderr_logger(bool verbose) {
  return [verbose](Severity severity, std::string_view message) {
    switch (severity) {
      case Severity::error:
        fmt::print(stderr, "{} {}\n", coloured(stderr, Colour::red, "error:"), message);
        break;
      case Severity::warning:
        fmt::print(stderr, "{} {}\n", coloured(stderr, Colour::yellow, "warning:"), message);
        break;
      default:
        if (verbose) fmt::print(stderr, "{}\n", coloured(stderr, Colour::grey, message));
    }
  };
}

ProgressBar::ProgressBar(bool wanted) : active_(wanted && is_terminal(stderr)) {}

void ProgressBar::show(std::string_view stage, double done) {
  if (!active_) return;
  constexpr int width = 30;
  const double part = std::clamp(done, 0.0, 1.0);
  const int filled = static_cast<int>(part * width);
  std::string line = fmt::format("[{}{}] {:3.0f}% {:.40}", std::string(filled, '#'),
                                 std::string(width - filled, '.'), 100 * part, stage);
  if (line == shown_) return;
  fmt::print(stderr, "\r{}\x1b[K", line);
  std::fflush(stderr);
  shown_ = std::move(line);
}

void ProgressBar::clear() {
  if (!active_ || shown_.empty()) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_.clear();
}

}  // namespace cermet::tools
