#include "common/inputs.h"

#include <algorithm>

#include "common/errors.h"
#include "common/files.h"
#include "common/npy.h"
#include "common/random_inputs.h"
#include "common/shapes.h"
#include "common/value_proto.h"

namespace cermet::tools {
namespace {

using Found = std::vector<std::optional<Value>>;

std::string names_of(const std::vector<TensorInfo>& infos) {
  std::string names;
  for (const TensorInfo& info : infos) names += (names.empty() ? "" : ", ") + info.name;
  return names;
}

// Where an entry "NAME=FILE" splits: names may hold '=', and so may paths, so the longest name that
// is an input wins.
std::optional<size_t> input_of(const std::string& entry, const std::vector<TensorInfo>& inputs) {
  std::optional<size_t> best;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (entry.starts_with(inputs[i].name + '=') &&
        (!best || inputs[i].name.size() > inputs[*best].name.size()))
      best = i;
  return best;
}

void read_named(const Engine& engine, const std::vector<std::string>& files, Found& found) {
  for (const std::string& entry : files) {
    require(entry.find('=') != std::string::npos, ErrorCode::invalid_argument,
            "--input '{}': expected NAME=FILE", entry);
    const std::optional<size_t> index = input_of(entry, engine.inputs());
    require(index.has_value(), ErrorCode::invalid_argument,
            "--input '{}' names no input; the inputs are: {}", entry, names_of(engine.inputs()));
    const TensorInfo& info = engine.inputs()[*index];
    require(!found[*index], ErrorCode::invalid_argument, "input '{}' is given twice", info.name);
    found[*index] = read_value_file(entry.substr(info.name.size() + 1), info);
  }
}

std::optional<std::string> numbered_file(const std::string& folder, size_t number) {
  for (const char* ending : {"pb", "npy"}) {
    std::string path = fmt::format("{}/input_{}.{}", folder, number, ending);
    if (file_exists(path)) return path;
  }
  return std::nullopt;
}

void read_folder(const Engine& engine, const std::string& folder, Found& found) {
  require(file_exists(folder), ErrorCode::io, "cannot open '{}': No such file or directory",
          folder);
  for (size_t i = 0; i < found.size(); ++i) {
    const auto path = numbered_file(folder, i);
    if (path && !found[i]) found[i] = read_value_file(*path, engine.inputs()[i]);
  }
  const auto extra = numbered_file(folder, found.size());
  require(!extra, ErrorCode::invalid_argument, "there is '{}', but the engine has {} inputs: {}",
          extra.value_or(""), found.size(), names_of(engine.inputs()));
}

// A value of another shape than the user stated is a mistake in one of the two.
void check_shapes(const Engine& engine, const InputShapes& given, const Found& found) {
  check_names(given, engine.inputs());
  for (size_t i = 0; i < found.size(); ++i) {
    const auto stated = given.find(engine.inputs()[i].name);
    if (!found[i] || stated == given.end() || found[i]->kind != Value::Kind::tensor) continue;
    const Shape& shape = found[i]->tensor.shape();
    require(shape == stated->second, ErrorCode::invalid_argument,
            "input '{}': its file has the shape {}, --shapes says {}", stated->first,
            shape_text(shape), shape_text(stated->second));
  }
}

void make_up(const Engine& engine, const InputOptions& options, const InputShapes& given,
             Found& found) {
  const std::vector<ShapeProfile> profiles = engine.summary().profiles;
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i]) continue;
    const TensorInfo& info = engine.inputs()[i];
    require(info.kind == Value::Kind::tensor, ErrorCode::invalid_argument,
            "input '{}' is no tensor and can't be made up; give a .pb file by --input", info.name);
    found[i] = random_tensor(info.type, input_shape(info, given, profiles), *options.seed + i);
  }
}

void report_missing(const Engine& engine, const Found& found) {
  std::string missing;
  for (size_t i = 0; i < found.size(); ++i) {
    const TensorInfo& info = engine.inputs()[i];
    if (!found[i])
      missing += fmt::format("{}'{}' ({} {})", missing.empty() ? "" : ", ", info.name,
                             name(info.type), dims_text(info));
  }
  require(missing.empty(), ErrorCode::invalid_argument,
          "no value for input {}; give --input NAME=FILE, --input-dir DIR, or --random-inputs",
          missing);
}

}  // namespace

void add_input_options(CLI::App& command, InputOptions& options) {
  command.add_option("--input", options.files, "Value of an input: a .npy or .pb file; repeat")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  command
      .add_option("--shapes", options.shapes,
                  "Shapes of inputs, as x:1x3x224x224,y:2x3 or s:scalar")
      ->type_name("NAME:SHAPE,..");
}

Value read_value_file(const std::string& path, const TensorInfo& info) {
  const std::string contents = read_file(path);
  return with_context(path, [&]() -> Value {
    if (path.ends_with(".pb")) return parse_value(contents, info);
    require(path.ends_with(".npy"), ErrorCode::invalid_argument,
            "expected a file that ends in .npy or .pb");
    require(info.kind == Value::Kind::tensor, ErrorCode::invalid_argument,
            "'{}' is no tensor; give a .pb file", info.name);
    return parse_npy(contents, info.type);
  });
}

std::vector<Value> gather_inputs(const Engine& engine, const InputOptions& options) {
  Found found(engine.inputs().size());
  read_named(engine, options.files, found);
  if (!options.folder.empty()) read_folder(engine, options.folder, found);
  const InputShapes shapes = parse_shapes(options.shapes);
  check_shapes(engine, shapes, found);
  if (options.seed) make_up(engine, options, shapes, found);
  report_missing(engine, found);
  std::vector<Value> values;
  for (std::optional<Value>& value : found) values.push_back(std::move(*value));
  return values;
}

void set_inputs(ExecutionContext& context, const Engine& engine, const std::vector<Value>& values) {
  for (size_t i = 0; i < values.size(); ++i) context.set_input(engine.inputs()[i].name, values[i]);
}

InputShapes shapes_of(const Engine& engine, const std::vector<Value>& inputs) {
  InputShapes shapes;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].kind == Value::Kind::tensor)
      shapes[engine.inputs()[i].name] = inputs[i].tensor.shape();
  return shapes;
}

}  // namespace cermet::tools
