#include "common/errors.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

#include "common/terminal.h"

namespace cermet::tools {
namespace {

struct StatusMeaning {
  int status;
  const char* meaning;
};
constexpr StatusMeaning meanings[] = {
    {0, "success"},
    {1, "wrong use: options, names, types of inputs"},
    {2, "the ONNX model is damaged or breaks the specification"},
    {3, "the model needs something that Cermet does not do"},
    {4, "a shape outside the profile"},
    {5, "memory or the memory limit ran out"},
    {6, "a file or standard output could not be read or written"},
    {7, "the engine file is damaged, foreign or of another version"},
    {8, "this machine lacks what the engine needs"},
    {9, "the data contradict the model"},
    {10, "a bug of Cermet: please report it"},
};

int status_of(std::string_view program, const std::function<int()>& command) {
  try {
    return command();
  } catch (const Error& error) {
    print_error(program, error.message());
    return exit_status(error.code());
  } catch (const std::bad_alloc&) {
    print_error(program, "out of memory");
    return exit_status(ErrorCode::out_of_memory);
  } catch (const std::exception& error) {
    // What is printed where nothing can be written is no bug; guarded() tells of it.
    if (std::ferror(stdout) == 0) print_error(program, fmt::format("unexpected: {}", error.what()));
    return exit_status(ErrorCode::internal);
  }
}

}  // namespace

std::string exit_status_help() {
  std::string text = "Exit status:\n";
  for (const auto& [status, meaning] : meanings)
    text += fmt::format("  {:>2}  {}\n", status, meaning);
  return text;
}

void print_error(std::string_view program, std::string_view message) {
  fmt::print(stderr, "{}: {} {}\n", program, coloured(stderr, Colour::red, "error:"), message);
}

int guarded(std::string_view program, const std::function<int()>& command) {
  const int status = status_of(program, command);
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && std::ferror(stdout) == 0) return status;
  print_error(program, fmt::format("cannot write standard output{}{}", flushed ? "" : ": ",
                                   flushed ? "" : std::strerror(errno)));
  return exit_status(ErrorCode::io);
}

}  // namespace cermet::tools
