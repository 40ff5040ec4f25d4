#include "tests/support/bad_input.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <new>

#include "backends/cpu/build/tactics.h"
#include "base/error.h"
#include "builder/stored_model.h"
#include "cermet/engine.h"
#include "engine/reader.h"
#include "engine/writer.h"
#include "import/onnx/importer.h"
#include "lower/lower.h"
#include "passes/pass.h"
#include "tactics/plan_passes.h"
#include "tactics/tactic.h"
#include "tests/support/seal_engine.h"

namespace cermet::testing {
namespace {

constexpr size_t most_bytes = size_t{64} << 20;  // of an engine's memory while it runs
// Of weights; larger engines are bound to shapes but not run, which takes long under sanitizers.
constexpr size_t most_constant_bytes = size_t{256} << 10;
constexpr int64_t most_elements = 1 << 16;  // of an input
constexpr int64_t free_size = 2;            // of a dimension that is a symbol

template <class Body>
Outcome outcome_of(Body&& body) {
  try {
    body();
    return Outcome::accepted;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) throw;
    return Outcome::refused;
  }
}

// Refuses what a mutant asks for beyond all measure, before the system or a sanitizer does.
class SmallAllocator final : public Allocator {
 public:
  void* allocate(size_t bytes, size_t alignment) override {
    require(bytes <= most_bytes - used_, ErrorCode::out_of_memory, "{} bytes are too many", bytes);
    void* memory = default_allocator().allocate(bytes, alignment);
    used_ += bytes;
    return memory;
  }
  void deallocate(void* memory, size_t bytes, size_t alignment) noexcept override {
    if (memory != nullptr) used_ -= bytes;
    default_allocator().deallocate(memory, bytes, alignment);
  }

 private:
  size_t used_ = 0;
};

std::vector<std::byte> build(std::string_view file) {
  Graph graph = onnx::import_model(onnx::read_model(file, ""));
  PassOptions pass_options;
  pass_options.verify = true;
  run_passes(graph, pass_options);
  Plan plan = lower(graph);
  TacticOptions options;
  options.disabled = {"onednn."};
  EngineInfo info;
  info.version = CERMET_VERSION_STRING;
  arrange(plan, cpu::tactics(), options);
  choose_tactics(plan, cpu::tactics(), options, info.requirements);
  verify(plan);
  return engine_bytes(plan, info);
}

int64_t size_of(const std::string& dim) {
  int64_t size = free_size;
  std::from_chars(dim.data(), dim.data() + dim.size(), size);
  return size;
}

// A shape that the first profile or the model takes; nothing where the input is no small tensor.
std::optional<Shape> small_shape(const TensorInfo& input, const EngineSummary& summary) {
  if (input.kind != Value::Kind::tensor || input.type == ElementType::undefined) return {};
  Shape shape;
  if (input.dims)
    for (const std::string& dim : *input.dims) shape.push_back(size_of(dim));
  if (!summary.profiles.empty())
    for (const ShapeRange& range : summary.profiles[0])
      if (range.name == input.name) shape = range.min;
  int64_t elements = 1;
  for (const int64_t size : shape) {
    if (size < 0 || size > most_elements) return {};
    elements *= size;
    if (elements > most_elements) return {};
  }
  return shape;
}

bool has_loops(const EngineSummary& summary) {
  return std::any_of(summary.steps.begin(), summary.steps.end(), [](const StepInfo& step) {
    return step.kind == "loop" || step.kind == "scan";
  });
}

// What is wrong with the model keeps nobody from running the engine.
void read_stored(const EngineImage& image) {
  try {
    stored_model(image);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) throw;
  }
}

void run_once(const std::shared_ptr<const Engine>& engine) {
  const EngineSummary summary = engine->summary();
  if (has_loops(summary)) return;
  InputShapes shapes;
  for (const TensorInfo& input : engine->inputs()) {
    const auto shape = small_shape(input, summary);
    if (!shape) return;
    shapes[input.name] = *shape;
  }
  engine->activation_bytes(shapes);
  if (summary.constant_bytes > most_constant_bytes) return;
  SmallAllocator allocator;
  ContextOptions options;
  options.threads = 1;
  options.allocator = &allocator;
  ExecutionContext context(engine, options);
  for (const TensorInfo& input : engine->inputs())
    context.set_input(input.name, Value(Tensor(input.type, shapes.at(input.name))));
  context.execute();
  for (const TensorInfo& output : engine->outputs()) context.output_value(output.name);
}

}  // namespace

Outcome build_bad_model(std::string_view file, std::vector<std::byte>* engine) {
  return outcome_of([&] {
    std::vector<std::byte> bytes = build(file);
    if (engine != nullptr) *engine = std::move(bytes);
  });
}

Outcome run_bad_engine(std::vector<std::byte> file) {
  // Machine code is trusted as programs are: that of mutants must not get to a card.
  static const int hidden = ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  require(hidden == 0, ErrorCode::internal, "no place for a variable");
  return outcome_of([&] {
    seal_engine(file);
    const EngineImage image = read_engine(file, {.verify_checksums = false});
    if (!image.model.empty()) read_stored(image);
    run_once(Engine::from_memory(std::span(file)));
  });
}

}  // namespace cermet::testing
