#include "common/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace cermet::tools {
namespace {

// Columns on the screen, taking every code point of UTF-8 as one.
size_t width_of(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

}  // namespace

std::string Table::line(const std::vector<std::string>& cells,
                        const std::vector<size_t>& widths) const {
  std::string text;
  for (size_t c = 0; c < cells.size(); ++c) {
    const std::string space(widths[c] - width_of(cells[c]), ' ');
    if (c > 0) text += "  ";
    text += columns_[c].align == Align::right ? space + cells[c] : cells[c] + space;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

std::string Table::to_string() const {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::vector<size_t> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    widths.push_back(width_of(titles[c]));
    for (const auto& row : rows_) widths[c] = std::max(widths[c], width_of(row[c]));
  }
  std::string text = line(titles, widths);
  for (const auto& row : rows_) text += line(row, widths);
  return text;
}

void Table::print(std::FILE* stream) const { fmt::print(stream, "{}", to_string()); }

std::string bytes_text(size_t bytes) {
  constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < std::size(units); ++unit) amount /= 1024;
  return fmt::format("{:.1f} {}", amount, units[unit]);
}

}  // namespace cermet::tools
