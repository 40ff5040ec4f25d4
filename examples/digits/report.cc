#include "report.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace examples {
namespace {

using Confusion = std::array<std::array<int, 10>, 10>;  // [label][digit]

Confusion confusion_of(const Readings& readings) {
  Confusion confusion = {};
  for (const Reading& it : readings)
    ++confusion.at(static_cast<size_t>(it.label)).at(static_cast<size_t>(it.digit));
  return confusion;
}

size_t right_ones(const Readings& readings) {
  return static_cast<size_t>(std::ranges::count_if(readings, &Reading::right));
}

const char* escape(const char* code) {
  static const bool coloured = [] {
    const char* refused = std::getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (refused == nullptr || *refused == '\0');
  }();
  return coloured ? code : "";
}

void print_confusion(const Confusion& confusion) {
  std::printf("\n      read as\n        ");
  for (int digit = 0; digit < 10; ++digit) std::printf("%4d", digit);
  std::printf("\n");
  for (size_t label = 0; label < 10; ++label) {
    std::printf("      %zu ", label);
    for (size_t digit = 0; digit < 10; ++digit) {
      const int count = confusion[label][digit];
      const char* colour = count == 0 ? "\x1b[90m" : label == digit ? "\x1b[32m" : "\x1b[1;31m";
      const std::string text = count == 0 ? "." : std::to_string(count);
      std::printf("%s%4s%s", escape(colour), text.c_str(), escape("\x1b[0m"));
    }
    std::printf("\n");
  }
}

}  // namespace

void print_report(const Readings& readings) {
  const size_t right = right_ones(readings);
  std::printf("   %s%zu of %zu right: %.2f %%%s\n", escape("\x1b[1m"), right, readings.size(),
              100.0 * static_cast<double>(right) / static_cast<double>(readings.size()),
              escape("\x1b[0m"));
  print_confusion(confusion_of(readings));
  for (size_t i = 0; i < readings.size(); ++i)
    if (!readings[i].right())
      std::printf("\n   picture %zu is a %d, %sread as %d%s (probability %.2f)\n", i,
                  readings[i].label, escape("\x1b[31m"), readings[i].digit, escape("\x1b[0m"),
                  readings[i].probability);
}

void write_json(const std::string& path, const Readings& readings) {
  std::ofstream file(path);
  file << "{\n  \"pictures\": " << readings.size() << ",\n  \"right\": " << right_ones(readings)
       << ",\n  \"confusion\": [";
  const Confusion confusion = confusion_of(readings);
  for (size_t label = 0; label < 10; ++label) {
    file << (label == 0 ? "\n    [" : ",\n    [");
    for (size_t digit = 0; digit < 10; ++digit)
      file << (digit == 0 ? "" : ", ") << confusion[label][digit];
    file << "]";
  }
  file << "\n  ]\n}\n";
  file.close();
  if (!file) throw std::runtime_error(path + ": can't be written");
}

}  // namespace examples
