#include "import/onnx/other_format.h"

#include <algorithm>

#include "base/error.h"

namespace cermet::onnx {
namespace {

using namespace std::string_view_literals;

struct Format {
  std::string_view begin;
  size_t offset;
  const char* what;  // "it is WHAT"
};
constexpr Format formats[] = {
    {"\x89"
     "CERMET\n"sv,
     0, "an engine of Cermet, which is built already: run or inspect it"},
    {"\x89PNG\r\n\x1a\n"sv, 0, "a PNG picture"},
    {"\xFF\xD8\xFF"sv, 0, "a JPEG picture"},
    {"GIF8"sv, 0, "a GIF picture"},
    {"PK\x03\x04"sv, 0,
     "a zip archive, as PyTorch's .pt and Keras's .keras files are: unpack or export it to ONNX"},
    {"\x1F\x8B"sv, 0, "a gzip archive: unpack it"},
    {"ustar"sv, 257, "a tar archive: unpack it"},
    {"\x89HDF\r\n\x1a\n"sv, 0, "an HDF5 file, as Keras writes them: export the model to ONNX"},
    {"TFL3"sv, 4, "a TensorFlow Lite model: export the model to ONNX"},
    {"GGUF"sv, 0, "a GGUF file: export the model to ONNX"},
    {"\x93NUMPY"sv, 0, "an array of NumPy: expected a model, not its data"},
    {"\x80\x02"sv, 0, "a pickle of Python: export the model to ONNX"},
    {"\x7F"
     "ELF"sv,
     0, "a program or library"},
    {"%PDF"sv, 0, "a PDF document"},
};

bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7F : c == '\n' || c == '\r' || c == '\t';
  });
}

const char* text_kind(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "blank text";
  if (text.substr(first).starts_with("version https://git-lfs"))
    return "a pointer of Git LFS: fetch the file that it stands for (git lfs pull)";
  if (text[first] == '{' || text[first] == '[') return "JSON";
  if (text[first] == '<')
    return "a page of HTML or XML, or a model as text: expected the binary form";
  return "text: expected the binary form of a model";
}

}  // namespace

void require_no_other_format(std::string_view bytes) {
  constexpr std::string_view message = "not an ONNX model: it is {}";
  for (const Format& format : formats)
    require(bytes.size() < format.offset || !bytes.substr(format.offset).starts_with(format.begin),
            ErrorCode::invalid_model, message, format.what);
  const std::string_view begin = bytes.substr(0, 4096);
  require(!is_text(begin), ErrorCode::invalid_model, message, text_kind(begin));
}

}  // namespace cermet::onnx
