#include "compiler/kernels.h"

#include <cctype>

namespace fake_cuda {
namespace {

std::string without_comments(const std::string& source) {
  std::string result;
  for (size_t i = 0; i < source.size(); ++i) {
    const bool line = source.compare(i, 2, "//") == 0;
    if (!line && source.compare(i, 2, "/*") != 0) {
      result += source[i];
      continue;
    }
    const size_t end = source.find(line ? "\n" : "*/", i + 2);
    if (end == std::string::npos) break;
    i = line ? end : end + 1;
    result += ' ';
  }
  return result;
}

// Behind the parenthesis that closes the one at `at`.
size_t behind_parentheses(const std::string& text, size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0) return at + 1;
  }
  return at;
}

std::string first_argument(const std::string& arguments) {
  int depth = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const char c = arguments[i];
    if (c == '(' || c == '<' || c == '[') ++depth;
    if (c == ')' || c == '>' || c == ']') --depth;
    if (c == ',' && depth == 0) return arguments.substr(0, i);
  }
  return arguments;
}

// Reads from behind __global__ to the name of the kernel.
KernelText read_kernel(const std::string& text, size_t at) {
  KernelText kernel{"", "0"};
  std::string word;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
      continue;
    }
    if (c == '(') {
      if (!word.empty()) kernel.name = word;
      if (kernel.name.rfind("__", 0) != 0) return kernel;
      const size_t end = behind_parentheses(text, at);
      if (kernel.name == "__launch_bounds__")
        kernel.max_threads = first_argument(text.substr(at + 1, end - at - 2));
      kernel.name.clear();
      at = end - 1;
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      kernel.name = word.empty() ? kernel.name : word;
    } else if (c == ';' || c == '{') {
      break;
    }
    word.clear();
  }
  return {"", "0"};
}

}  // namespace

std::vector<KernelText> kernels_of(const std::string& source) {
  const std::string text = without_comments(source), mark = "__global__";
  std::vector<KernelText> result;
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const size_t begin = text.find_last_of(";}", at);
    const std::string before = text.substr(begin == std::string::npos ? 0 : begin, at - begin);
    if (before.find("extern \"C\"") == std::string::npos) continue;
    KernelText kernel = read_kernel(text, at + mark.size());
    if (!kernel.name.empty()) result.push_back(kernel);
  }
  return result;
}

}  // namespace fake_cuda
