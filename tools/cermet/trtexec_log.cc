#include "trtexec_log.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

namespace cermet::tools::trtexec {
namespace {

std::string time_text() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  const size_t length = std::strftime(text, sizeof text, "%m/%d/%Y-%H:%M:%S", &local);
  return std::string(text, length);
}

char letter_of(Severity severity) {
  constexpr std::string_view letters = "EWIV";
  return letters[std::clamp<size_t>(static_cast<size_t>(severity), 0, letters.size() - 1)];
}

}  // namespace

void print_log(Severity severity, std::string_view text) {
  std::FILE* stream = severity <= Severity::warning ? stderr : stdout;
  // Both streams often go to one file; its lines should keep their order.
  if (stream == stderr) std::fflush(stdout);
  std::string lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines += fmt::format("[{}] [{}] {}\n", time_text(), letter_of(severity),
                         text.substr(begin, end - begin));
    begin = end + 1;
  }
  fmt::print(stream, "{}", lines);
}

Logger log_lines(bool verbose) {
  return [verbose](Severity severity, std::string_view message) {
    if (severity <= Severity::warning || verbose) print_log(severity, message);
  };
}

}  // namespace cermet::tools::trtexec
