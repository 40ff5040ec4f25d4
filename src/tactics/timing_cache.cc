#include "tactics/timing_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace cermet {
namespace {

constexpr std::string_view first_line = "cermet timing cache 1";

std::string without_tabs(std::string text) {
  for (char& c : text)
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string text_of(double microseconds) { return fmt::format("{:.3f}", microseconds); }

// A line's fields; nothing when it is damaged.
struct Line {
  std::string_view device;
  TimingKey key;
  double microseconds = 0;  // where there is neither of the others
  std::string_view error = {};
  std::optional<PassedValidation> passed = {};
};

std::string text_of(const PassedValidation& passed) {
  return fmt::format("{}{} {:.3g}", passed_prefix, passed.points, passed.error);
}

std::optional<PassedValidation> read_passed(std::string_view text) {
  const auto parts = split(text.substr(passed_prefix.size()), ' ');
  if (parts.size() != 2) return std::nullopt;
  const auto points = number<int64_t>(parts[0]);
  const auto error = number<double>(parts[1]);
  if (!points || *points < 1 || !error || !(*error >= 0 && *error <= 1)) return std::nullopt;
  return PassedValidation{*points, *error};
}

// Fills in what the last field says; false when it is damaged.
bool read_outcome(std::string_view text, Line& into) {
  if (text.starts_with(error_prefix)) {
    into.error = text;
    return true;
  }
  if (text.starts_with(passed_prefix)) {
    into.passed = read_passed(text);
    return into.passed.has_value();
  }
  const auto microseconds = number<double>(text);
  if (!microseconds || !(*microseconds >= 0)) return false;
  into.microseconds = *microseconds;
  return true;
}

std::optional<Line> read_line(std::string_view text) {
  const auto fields = split(text, '\t');
  if (fields.size() != 6) return std::nullopt;
  const auto threads = number<int>(fields[1]);
  if (!threads || *threads < 1 || fields[0].empty() || fields[2].empty() || fields[3].empty())
    return std::nullopt;
  Line line{fields[0],
            {std::string(fields[2]), *threads, std::string(fields[3]), std::string(fields[4])}};
  return read_outcome(fields[5], line) ? std::optional(std::move(line)) : std::nullopt;
}

TimingKey cleaned(TimingKey key) {
  key.problem = without_tabs(std::move(key.problem));
  return key;
}

// The file's lines after the first; none where there is no file.
std::vector<std::string> read_lines(const std::string& path) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  require(!error, ErrorCode::io, "{}: {}", path, error.message());
  if (!there) return {};
  require(std::filesystem::is_regular_file(path, error), ErrorCode::io,
          "{} is no file that a timing cache could be in; give the name of a file", path);
  const std::string text = read_file(path);
  if (text.empty()) return {};
  const auto lines = split(text, '\n');
  require(lines[0] == first_line, ErrorCode::invalid_argument,
          "{} is no timing cache: its first line is not '{}'. Give another file, or delete it",
          path, first_line);
  std::vector<std::string> result;
  // Files that were put together bring a first line each.
  for (const std::string_view line : lines)
    if (!line.empty() && line != first_line) result.emplace_back(line);
  return result;
}

// Held by one builder of this file at a time.
class FileLock {
 public:
  explicit FileLock(const std::string& path)
      : file_(open((path + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
    bool failed = file_ < 0;
    while (!failed && flock(file_, LOCK_EX) != 0) failed = errno != EINTR;
    if (!failed) return;
    const std::string why = std::strerror(errno);
    if (file_ >= 0) close(file_);
    fail(ErrorCode::io, "{}.lock: {}", path, why);
  }
  ~FileLock() { close(file_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

}  // namespace

void TimingCache::load(const std::string& path, const Logger& logger) {
  size_t damaged = 0;
  for (const std::string& text : read_lines(path)) {
    const auto line = read_line(text);
    damaged += !line;
    if (!line || line->device != without_tabs(device_)) continue;
    if (line->passed)
      passed_[line->key] = *line->passed;
    else if (line->error.empty())
      times_[line->key] = line->microseconds;
    else
      errors_[line->key] = line->error;
  }
  if (damaged > 0 && logger)
    logger(Severity::warning,
           fmt::format("{}: {} lines can't be read and are left out; what they held is measured "
                       "again",
                       path, damaged));
}

std::string TimingCache::line_of(const TimingKey& key) const {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t", without_tabs(device_), key.threads, key.problem,
                     key.tactic, key.configuration);
}

void TimingCache::save(const std::string& path) const {
  const FileLock lock(path);
  std::map<std::string, std::string> lines;  // what was measured -> microseconds
  for (const std::string& text : read_lines(path))
    if (read_line(text)) {
      const size_t cut = text.rfind('\t') + 1;
      lines[text.substr(0, cut)] = text.substr(cut);
    }
  for (const auto& [key, microseconds] : times_) lines[line_of(key)] = text_of(microseconds);
  for (const auto& [key, error] : errors_) lines[line_of(key)] = error;
  for (const auto& [key, passed] : passed_) lines[line_of(key)] = text_of(passed);
  std::string text = std::string(first_line) + "\n";
  for (const auto& [what, microseconds] : lines) text += what + microseconds + "\n";
  write_file_atomically(path, text);
}

std::optional<double> TimingCache::find(const TimingKey& key) const {
  const auto found = times_.find(cleaned(key));
  if (found == times_.end()) return std::nullopt;
  return found->second;
}

double TimingCache::add(const TimingKey& key, double microseconds) {
  changed_ = true;
  return times_[cleaned(key)] = *number<double>(text_of(microseconds));
}

std::optional<std::string> TimingCache::find_error(const TimingKey& key) const {
  const auto found = errors_.find(cleaned(key));
  if (found == errors_.end()) return std::nullopt;
  return found->second;
}

std::optional<PassedValidation> TimingCache::find_passed(const TimingKey& key) const {
  const auto found = passed_.find(cleaned(key));
  return found == passed_.end() ? std::nullopt : std::optional(found->second);
}

void TimingCache::add_passed(const TimingKey& key, const PassedValidation& passed) {
  changed_ = true;
  passed_[cleaned(key)] = passed;
}

void TimingCache::add_error(const TimingKey& key, const std::string& text) {
  require(text.starts_with(error_prefix), ErrorCode::internal, "'{}' is no error of a kernel",
          text);
  changed_ = true;
  errors_[cleaned(key)] = without_tabs(text);
}

}  // namespace cermet
