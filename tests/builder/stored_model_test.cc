// The model within an engine: what comes back is what was put in, weights are stored once, and what
// a damaged file holds is refused.
#include "builder/stored_model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/error.h"
#include "builder/build_engine.h"
#include "builder/validation_digest.h"
#include "cermet/tune.h"
#include "engine/reader.h"
#include "engine/writer.h"
#include "import/onnx/importer.h"
#include "import/onnx/model_writer.h"

namespace cermet {
namespace {

constexpr auto f32 = ElementType::float32;

Tensor ramp(Shape shape, float step) {
  Tensor tensor(f32, std::move(shape));
  for (int64_t i = 0; i < tensor.elements(); ++i) tensor.view().as<float>()[i] = step * i;
  return tensor;
}

// x of 4 channels through two convolutions, one of 3x3.
onnx::OnnxModel convolutions() {
  onnx::OnnxModel model;
  model.ir_version = 8;
  model.opsets = {{"", 17}};
  model.graph.inputs = {
      {"x", ValueType::tensor(f32, Dims{Dim::symbol("N"), Dim(4), Dim(9), Dim(9)})}};
  model.graph.outputs = {{"y", std::nullopt}};
  model.graph.initializers = {{"w1", ramp({16, 4, 3, 3}, 0.001f)},
                              {"w2", ramp({8, 16, 1, 1}, 0.01f)}};
  model.graph.nodes = {{"", "Conv", "", "first", {"x", "w1"}, {"a"}, {}},
                       {"", "Relu", "", "middle", {"a"}, {"b"}, {}},
                       {"", "Conv", "", "second", {"b", "w2"}, {"y"}, {}}};
  return model;
}

BuildOptions rich_options() {
  BuildOptions options;
  options.device = "cuda,cpu";
  options.architectures = {"sm_80", "compute_90"};
  options.fallback = false;
  options.profiles = {{{"x", {1, 4, 9, 9}, {2, 4, 9, 9}, {3, 4, 9, 9}}}, {}};
  options.threads = 3;
  options.memory_limit = size_t{5} << 32;
  options.precision = Precision::bfloat16;
  options.tf32 = true;
  options.skip_passes = {"a", "b"};
  options.all_passes = false;
  options.only_passes = {"c"};
  options.stop_after = "c:1";
  options.marked_outputs = {"b"};
  options.disabled_tactics = {"onednn."};
  options.input_formats = {{"x", ElementType::float16, TensorLayout::channels_last}};
  options.output_formats = {{"", ElementType::undefined, TensorLayout::row_major}};
  return options;
}

std::string text_of(const std::vector<TensorFormat>& formats) {
  std::string text;
  for (const TensorFormat& format : formats)
    text +=
        fmt::format("{}:{}:{} ", format.name, name(format.type), static_cast<int>(format.layout));
  return text;
}

std::string text_of(const BuildOptions& o) {
  std::string profiles;
  for (const ShapeProfile& profile : o.profiles) {
    profiles += "profile ";
    for (const ShapeRange& range : profile)
      profiles += fmt::format("{} {} {} {} ", range.name, to_string(range.min),
                              to_string(range.opt), to_string(range.max));
  }
  return fmt::format(
      "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", o.device, fmt::join(o.architectures, ","),
      o.fallback, profiles, o.threads, o.memory_limit, static_cast<int>(o.precision), o.tf32,
      fmt::join(o.skip_passes, ","), o.all_passes, fmt::join(o.only_passes, ","), o.stop_after,
      fmt::join(o.marked_outputs, ","), fmt::join(o.disabled_tactics, ","),
      text_of(o.input_formats), text_of(o.output_formats));
}

EngineImage with_constants(std::vector<Tensor> tensors) {
  EngineImage image;
  for (Tensor& tensor : tensors) image.plan.constants.push_back({std::move(tensor), {}, {}});
  return image;
}

size_t data_bytes(const StoredModel& model) { return model.bytes() - model.description.size(); }

uint64_t digest(const onnx::OnnxModel& model) { return digest_of(onnx::import_model(model)); }

// As the file has it: one piece.
ModelRecord read_back(EngineImage image, const StoredModel& model) {
  const auto joined = std::make_shared<std::vector<std::byte>>();
  for (const auto piece : model.data) joined->insert(joined->end(), piece.begin(), piece.end());
  image.model = {model.description, {*joined}, joined};
  return stored_model(image);
}

TEST(StoredModel, OptionsComeBack) {
  const StoredModel stored = store_model(convolutions(), rich_options(), {});
  EXPECT_EQ(text_of(read_back({}, stored).options), text_of(rich_options()));
  const StoredModel plain = store_model(convolutions(), {}, {});
  EXPECT_EQ(text_of(read_back({}, plain).options), text_of(BuildOptions()));
}

TEST(StoredModel, WeightsOfThePlanAreStoredOnce) {
  const onnx::OnnxModel model = convolutions();
  const Tensor &first = model.graph.initializers[0].tensor,
               &second = model.graph.initializers[1].tensor;
  // 3x3: as the plan of a GPU has it, channels last; 1x1: as it is.
  Tensor moved(f32, {16, 3, 3, 4});
  for (int o = 0; o < 16; ++o)
    for (int i = 0; i < 4; ++i)
      for (int k = 0; k < 9; ++k)
        moved.view().as<float>()[(o * 9 + k) * 4 + i] = first.as<float>()[(o * 4 + i) * 9 + k];
  EngineImage image = with_constants({moved});
  image.on_cpu = std::make_shared<EngineImage>(with_constants({ramp({3}, 1), second}));
  const StoredModel stored = store_model(model, {}, image);
  EXPECT_EQ(data_bytes(stored), 0u);
  EXPECT_EQ(digest(read_back(image, stored).model), digest(model));
  // Without these constants the weights are the model's own, each once.
  onnx::OnnxModel twice = model;
  twice.graph.initializers.push_back({"w3", ramp({16, 4, 3, 3}, 0.001f)});
  const StoredModel own = store_model(twice, {}, {});
  EXPECT_EQ(data_bytes(own), first.bytes() + second.bytes());
  EXPECT_EQ(digest(read_back({}, own).model), digest(twice));
}

// An engine file of the model, built for the CPU.
std::vector<std::byte> engine_with_model() {
  BuildOptions options;
  options.device = "cpu";
  options.threads = 1;
  options.tuning_budget = 0;
  options.validate = false;
  options.model = ModelStorage::kept;
  options.disabled_tactics = {"onednn.", "cpu.winograd"};
  const std::string onnx =
      onnx::write_model(convolutions(), [](const Tensor&) { return std::string(); });
  return build_engine(std::as_bytes(std::span(onnx.data(), onnx.size())), "", options);
}

TEST(StoredModel, TuningGivesTheSameBytes) {
  const std::vector<std::byte> engine = engine_with_model();
  TuneOptions options;
  options.tuning_budget = 0;
  options.validate = false;
  EXPECT_EQ(tune_engine(engine, options), engine);
  options.keep_model = false;
  const std::vector<std::byte> bare = tune_engine(engine, options);
  EXPECT_LT(bare.size(), engine.size());
  EXPECT_EQ(Engine::from_memory(bare)->summary().model_bytes, 0u);
  EXPECT_GT(Engine::from_memory(engine)->summary().model_bytes, 0u);
  try {
    tune_engine(bare, options);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(error.message().find("holds no model"), std::string::npos) << error.message();
  }
}

// Whatever a file says behind its checksums: read, or refused by an error that blames the file.
TEST(StoredModel, AlteredBytesAreReadOrRefused) {
  EngineImage image = read_engine(engine_with_model());
  const std::vector<std::byte> good(image.model.description.begin(), image.model.description.end());
  std::vector<std::byte> bytes = good;
  image.model.description = bytes;
  ASSERT_NO_THROW(stored_model(image));
  size_t refused = 0;
  const auto attempt = [&](const std::string& what) {
    try {
      onnx::import_model(stored_model(image).model);
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::internal) << what << ": " << error.message();
      ++refused;
    }
  };
  for (size_t i = 0; i < bytes.size(); ++i)
    for (const int mask : {0x01, 0x10, 0x80, 0xff}) {
      bytes[i] ^= std::byte(mask);
      attempt(fmt::format("byte {} ^ {}", i, mask));
      bytes[i] = good[i];
    }
  EXPECT_GT(refused, good.size() / 2);
  for (size_t size = 0; size < good.size(); ++size) {
    image.model.description = std::span(bytes).first(size);
    attempt(fmt::format("{} bytes", size));
  }
  image.model.description = bytes;
  image.model.data.clear();
  EXPECT_THROW(stored_model(image), Error);
}

// The reader looks at the model's checksums where it is asked to.
TEST(StoredModel, DamageOfTheModelDoesNotKeepAnEngineFromRunning) {
  std::vector<std::byte> engine = engine_with_model();
  engine.back() ^= std::byte{1};
  EXPECT_NO_THROW(Engine::from_memory(engine));
  try {
    tune_engine(engine, {});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_engine);
    EXPECT_NE(error.message().find("(model data): the file is altered"), std::string::npos)
        << error.message();
  }
}

}  // namespace
}  // namespace cermet
