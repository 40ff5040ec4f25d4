// usage: test_failing_driver GPU.engine CPU.engine
//
// Loads the first engine and runs it in one context, on inputs of two sizes, going on after errors,
// and then once more from the start. Prints a line for each, "STAGE: ok", "STAGE: wrong results" or
// "STAGE: error CODE MESSAGE". The second engine, of the same model, says what is right.
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <string>

#include "base/error.h"
#include "cermet/engine.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace {

using namespace cermet;

// The first free size is the batch.
Tensor input_of(const TensorInfo& info, int64_t batch) {
  Shape shape;
  for (const std::string& dim : *info.dims)
    shape.push_back(dim.find_first_not_of("0123456789") == std::string::npos ? std::stoll(dim)
                                                                             : batch);
  return testing::ramp(info.type, shape);
}

std::vector<Value> run(ExecutionContext& context, const Engine& engine, int64_t batch) {
  for (const TensorInfo& info : engine.inputs())
    context.set_input(info.name, Value(input_of(info, batch)));
  context.execute();
  std::vector<Value> results;
  for (const TensorInfo& info : engine.outputs())
    results.push_back(context.output_value(info.name));
  return results;
}

void stage(const std::string& name, const std::function<bool()>& work) {
  std::string outcome;
  try {
    outcome = work() ? "ok" : "wrong results";
  } catch (const Error& error) {
    outcome = fmt::format("error {} {}", static_cast<int>(error.code()), error.message());
  }
  fmt::print("{}: {}\n", name, outcome);
}

bool is_right(const std::vector<Value>& expected, const std::vector<Value>& got) {
  for (size_t i = 0; i < expected.size(); ++i)
    if (testing::difference(expected[i], got[i], 1e-4, 1e-5)) return false;
  return true;
}

void load_and_run(const std::string& path, const std::shared_ptr<const Engine>& cpu,
                  const std::string& prefix) {
  std::shared_ptr<const Engine> engine;
  std::unique_ptr<ExecutionContext> context;
  stage(prefix + "load", [&] {
    engine = Engine::load(path);
    context = std::make_unique<ExecutionContext>(engine, ContextOptions{.threads = 1});
    return true;
  });
  if (!context) return;
  ExecutionContext reference(cpu, {.threads = 1});
  constexpr int64_t batches[] = {2, 2, 2, 5, 2};
  for (size_t i = 0; i < std::size(batches); ++i)
    stage(fmt::format("{}run {}", prefix, i), [&] {
      return is_right(run(reference, *cpu, batches[i]), run(*context, *engine, batches[i]));
    });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: test_failing_driver GPU.engine CPU.engine\n");
    return 2;
  }
  const auto cpu = Engine::load(argv[2]);
  load_and_run(argv[1], cpu, "");
  load_and_run(argv[1], cpu, "again ");
  return 0;
}
