#include "common/outputs.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "common/errors.h"
#include "common/files.h"
#include "common/npy.h"
#include "common/table.h"
#include "common/tensor_text.h"
#include "common/value_proto.h"

namespace cermet::tools {
namespace {

// What a file system may refuse becomes '_'.
std::string file_stem(std::string name) {
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) {
        return c >= 0x80 || !(std::isalnum(c) || c == '.' || c == '_' || c == '-');
      },
      '_');
  return name;
}

std::vector<std::string> stems(const std::vector<TensorInfo>& outputs, bool by_name) {
  std::vector<std::string> result;
  for (size_t i = 0; i < outputs.size(); ++i)
    result.push_back(by_name ? file_stem(outputs[i].name) : fmt::format("output_{}", i));
  const std::set<std::string> unique(result.begin(), result.end());
  require(unique.size() == result.size(), ErrorCode::invalid_argument,
          "two outputs would have the same file name; leave out --by-name");
  return result;
}

std::string contents(const Value& value, const std::string& name, FileFormat format) {
  if (format == FileFormat::pb) return value_message(value, name);
  require(value.kind == Value::Kind::tensor, ErrorCode::invalid_argument,
          "output '{}' is a {}, which .npy can't hold; give --format pb", name,
          value_summary(value));
  return npy_text(value.tensor.view());
}

}  // namespace

void give_outputs(const Engine& engine, const ExecutionContext& context,
                  const OutputOptions& options) {
  const std::vector<std::string> files = stems(engine.outputs(), options.by_name);
  const FileFormat format = options.format.value_or(FileFormat::npy);
  const char* ending = format == FileFormat::pb ? "pb" : "npy";
  if (!options.folder.empty()) make_folder(options.folder);
  Table table({{"output"}, {"value"}, {"first elements"}, {"file"}});
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string& name = engine.outputs()[i].name;
    const Value value = context.output_value(name);
    std::string path;
    if (!options.folder.empty()) {
      path = fmt::format("{}/{}.{}", options.folder, files[i], ending);
      write_file(path, contents(value, name, format));
    }
    const bool is_tensor = value.kind == Value::Kind::tensor;
    table.add(
        {name, value_summary(value), is_tensor ? first_elements(value.tensor.view()) : "", path});
  }
  table.print();
}

}  // namespace cermet::tools
