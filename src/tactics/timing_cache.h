// What kernels took, kept from one build to the next and from one machine to another.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cermet/logger.h"

namespace cermet {

inline constexpr std::string_view error_prefix = "error of ", passed_prefix = "passed ";

// How a kernel's results compared with the model's.
struct PassedValidation {
  int64_t points = 0;
  double error = 0;  // in parts of what was allowed

  bool operator==(const PassedValidation&) const = default;
};

// One kernel on one problem.
struct TimingKey {
  std::string problem;  // with the shapes at which it was run
  int threads = 1;
  std::string tactic;  // "cpu.winograd@1"
  std::string configuration;

  auto operator<=>(const TimingKey&) const = default;
};

// A text file: a first line that says what it is, then a line a measurement, sorted, with the
// fields device, threads, problem, tactic, configuration and microseconds between tabs. Where a
// kernel was found to be wrong the last field says so instead: "error of ...". Where it was found
// to be right on one step of one model, which the problem's field names too, it is "passed POINTS
// ERROR". Lines of several files may be put together by any tool.
class TimingCache {
 public:
  // `device` names processor and versions of libraries: what a time depends on and no key says.
  explicit TimingCache(std::string device) : device_(std::move(device)) {}

  // Adds what the file holds for this device; a file that does not exist holds nothing. A line that
  // can't be read is left out and reported as a warning. Throws io, and invalid_argument for a file
  // that is no timing cache.
  void load(const std::string& path, const Logger& logger);
  // Puts what was added here and what the file holds by now, other devices' lines too, into the
  // file, atomically; builders that do so at the same time wait for each other. Throws io.
  void save(const std::string& path) const;

  // Microseconds; infinity where the kernel could not be run.
  std::optional<double> find(const TimingKey& key) const;
  // Gives the time as the file will hold it, so that the next build decides by the same number.
  double add(const TimingKey& key, double microseconds);
  // How the kernel was found to be wrong, a text that begins with error_prefix.
  std::optional<std::string> find_error(const TimingKey& key) const;
  void add_error(const TimingKey& key, const std::string& text);
  // Of a key whose problem names model and step.
  std::optional<PassedValidation> find_passed(const TimingKey& key) const;
  void add_passed(const TimingKey& key, const PassedValidation& passed);
  bool holds_errors() const { return !errors_.empty(); }
  // Whether something was added since load().
  bool changed() const { return changed_; }
  size_t size() const { return times_.size(); }

 private:
  std::string line_of(const TimingKey& key) const;  // without the time

  std::string device_;
  std::map<TimingKey, double> times_;
  std::map<TimingKey, std::string> errors_;
  std::map<TimingKey, PassedValidation> passed_;
  bool changed_ = false;
};

}  // namespace cermet
