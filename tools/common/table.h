// Tables of text with columns as wide as their contents.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace cermet::tools {

class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell a column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  std::string to_string() const;
  void print(std::FILE* stream = stdout) const;

 private:
  std::string line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "1.5 MiB"
std::string bytes_text(size_t bytes);

}  // namespace cermet::tools
