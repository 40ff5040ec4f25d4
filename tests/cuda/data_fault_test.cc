// Data that contradict the model, on the GPU: the run fails, the card goes on.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "cermet/device_memory.h"
#include "tests/cuda/device_engine.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// An operator whose last input comes with values that fit and with values that don't.
struct FaultCase {
  const char* op;
  std::vector<std::pair<const char*, Tensor>> inputs;  // by type
  Attributes attributes;
  Tensor bad;
  std::string told;
};

Tensor ids(const Shape& shape, const std::vector<int64_t>& values) { return ints(shape, values); }

std::vector<FaultCase> fault_cases() {
  const Tensor x = ramp(ElementType::float32, {5, 6});
  const auto axis = [](int64_t at) { return attributes({{"axis", at}}); };
  return {
      {"Gather",
       {{"float32[A, 6]", x}, {"int64[3]", ids({3}, {0, -5, 4})}},
       axis(0),
       ids({3}, {0, 5, 4}),
       "index 5 is outside a dimension of 5 elements"},
      {"Gather",
       {{"float32[5, A]", x}, {"int64[2]", ids({2}, {1, 2})}},
       axis(1),
       ids({2}, {1, -7}),
       "index -7 is outside a dimension of 6 elements"},
      {"GatherElements",
       {{"float32[A, 6]", x}, {"int64[2, 6]", ids({2, 6}, std::vector<int64_t>(12, 3))}},
       axis(0),
       ids({2, 6}, std::vector<int64_t>(12, 9)),
       "index 9 is outside a dimension of 5 elements"},
      {"GatherND",
       {{"float32[A, 6]", x}, {"int64[2, 2]", ids({2, 2}, {1, 1, 4, 5})}},
       {},
       ids({2, 2}, {1, 1, 4, 6}),
       "index 6 is outside a dimension of 6 elements"},
      {"ScatterND",
       {{"float32[A, 6]", x},
        {"float32[2, 6]", ramp(ElementType::float32, {2, 6})},
        {"int64[2, 1]", ids({2, 1}, {1, 3})}},
       {},
       ids({2, 1}, {1, 1 << 20}),
       "index 1048576 is outside a dimension of 5 elements"},
      {"ScatterElements",
       {{"float32[A, 6]", x},
        {"float32[2, 6]", ramp(ElementType::float32, {2, 6})},
        {"int64[2, 6]", ids({2, 6}, std::vector<int64_t>(12, 2))}},
       attributes({{"axis", int64_t{0}}, {"reduction", std::string("add")}}),
       ids({2, 6}, std::vector<int64_t>(12, -6)),
       "index -6 is outside a dimension of 5 elements"},
      {"ReverseSequence",
       {{"float32[A, 6]", x}, {"int64[6]", ids({6}, {1, 2, 3, 4, 5, 0})}},
       attributes({{"batch_axis", int64_t{1}}, {"time_axis", int64_t{0}}}),
       ids({6}, {1, 2, 3, 4, 6, 0}),
       "a sequence has length 6, expected 0 to 5"},
  };
}

// Results are used by a second kernel, so that a segment of two is captured. The indices are the
// operator's second input, whatever comes last here.
Graph graph_of(const FaultCase& what) {
  Graph graph;
  GraphMaker m(graph);
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < what.inputs.size(); ++i)
    inputs.push_back(m.input(i + 1 == what.inputs.size() ? "indices" : "x" + std::to_string(i),
                             what.inputs[i].first));
  if (inputs.size() == 3) std::swap(inputs[1], inputs[2]);
  m.output(m.add("Softmax", {m.add(what.op, inputs, what.attributes)}));
  return graph;
}

std::string told(ErrorCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message();
  }
  return "nothing";
}

void set_inputs(ExecutionContext& context, const FaultCase& what, const Tensor& indices) {
  for (size_t i = 0; i + 1 < what.inputs.size(); ++i)
    context.set_input("x" + std::to_string(i), what.inputs[i].second.view());
  context.set_input("indices", indices.view());
}

TEST(DataFaults, EndTheRunAndNoMore) {
  for (const FaultCase& what : fault_cases()) {
    SCOPED_TRACE(std::string(what.op) + ": " + what.told);
    const Graph graph = graph_of(what);
    std::vector<Value> values;
    for (const auto& [type, tensor] : what.inputs) values.emplace_back(tensor);
    const Value expected = interpret(graph, values)[0];
    const auto engine = engine_on_device(optimised(graph), graph);
    const std::vector<StepInfo> steps = engine->summary().steps;
    ASSERT_TRUE(std::any_of(steps.begin(), steps.end(), [&](const StepInfo& step) {
      return step.place == "device" && step.name.starts_with(what.op);
    }));
    ExecutionContext context(engine, {.threads = 1});
    for (int i = 0; i < 4; ++i) {  // launches, their capture, the graph's own launch
      set_inputs(context, what, what.inputs.back().second);
      context.execute();
      EXPECT_EQ(difference(expected, context.output_value(engine->outputs()[0].name), 1e-5, 1e-6)
                    .value_or(""),
                "");
      set_inputs(context, what, what.bad);
      const std::string text = told(ErrorCode::runtime, [&] { context.execute(); });
      EXPECT_NE(text.find(what.told), std::string::npos) << text;
      EXPECT_NE(text.find(std::string("running step '") + what.op), std::string::npos) << text;
    }
  }
}

// What has no elements can't be repeated or sampled; ONNX Runtime refuses it too.
struct EmptyCase {
  const char* op;
  std::vector<std::pair<const char*, Shape>> inputs;  // by type; their good shapes
  Attributes attributes;
  std::vector<Tensor> constants;  // further inputs
  std::string told;
};

std::vector<EmptyCase> empty_cases() {
  const auto mode = [](const char* name) { return attributes({{"mode", std::string(name)}}); };
  const Tensor pads = ids({4}, {0, 1, 0, 2}), sizes = ids({4}, {1, 2, 4, 6});
  const Tensor no_scales(ElementType::float32, {0});
  std::vector<EmptyCase> cases;
  for (const char* name : {"edge", "wrap"})
    cases.push_back({"Pad",
                     {{"float32[3, A]", {3, 5}}},
                     mode(name),
                     {pads},
                     "elements are wanted of a dimension that has none"});
  for (const char* name : {"nearest", "linear", "cubic"})
    cases.push_back({"Resize",
                     {{"float32[1, 2, 3, A]", {1, 2, 3, 5}}},
                     mode(name),
                     {no_scales, no_scales, sizes},
                     "6 elements are wanted of a dimension that has none"});
  for (const char* name : {"nearest", "linear", "cubic"})
    cases.push_back({"GridSample",
                     {{"float32[1, 2, 3, A]", {1, 2, 3, 5}}, {"float32[1, 4, 2, 2]", {1, 4, 2, 2}}},
                     mode(name),
                     {},
                     "2 elements are wanted of a dimension that has none"});
  return cases;
}

TEST(DataFaults, TellOfImagesWithoutElements) {
  for (const EmptyCase& what : empty_cases()) {
    SCOPED_TRACE(std::string(what.op) + " " + what.attributes.to_string());
    Graph graph;
    GraphMaker m(graph);
    std::vector<ValueId> inputs;
    for (size_t i = 0; i < what.inputs.size(); ++i)
      inputs.push_back(m.input("x" + std::to_string(i), what.inputs[i].first));
    for (const Tensor& constant : what.constants)
      inputs.push_back(m.constant("c" + std::to_string(inputs.size()), constant));
    m.output(m.add(what.op, inputs, what.attributes));
    const auto engine = engine_on_device(optimised(graph), graph);
    const std::vector<StepInfo> steps = engine->summary().steps;
    ASSERT_TRUE(std::any_of(steps.begin(), steps.end(), [&](const StepInfo& step) {
      return step.place == "device" && step.name.starts_with(what.op);
    }));
    ExecutionContext context(engine, {.threads = 1});
    std::vector<Value> values;
    for (const auto& [type, shape] : what.inputs)
      values.emplace_back(ramp(ElementType::float32, shape));
    const Value expected = interpret(graph, values)[0];
    Tensor empty(ElementType::float32, [&] {
      Shape shape = what.inputs[0].second;
      shape.back() = 0;
      return shape;
    }());
    for (int i = 0; i < 3; ++i) {
      for (size_t k = 0; k < values.size(); ++k)
        context.set_input("x" + std::to_string(k), values[k].tensor.view());
      context.execute();
      EXPECT_EQ(difference(expected, context.output_value(engine->outputs()[0].name), 1e-5, 1e-6)
                    .value_or(""),
                "");
      context.set_input("x0", empty.view());
      const std::string text = told(ErrorCode::runtime, [&] { context.execute(); });
      EXPECT_NE(text.find(what.told), std::string::npos) << text;
    }
  }
}

TEST(DataFaults, OfRunsInStreamsAreToldLater) {
  const FaultCase what = fault_cases().front();
  const Graph graph = graph_of(what);
  const auto engine = engine_on_device(optimised(graph), graph);
  const Tensor &x = what.inputs[0].second, &good = what.inputs[1].second;
  DeviceBuffer data(x.bytes()), indices(good.bytes()), result(3 * 6 * sizeof(float));
  data.copy_from_host(x.data(), x.bytes());
  ExecutionContext context(engine, {.threads = 1});
  context.set_input("x0", ConstTensorView{ElementType::float32, {5, 6}, data.data()});
  context.set_input("indices", ConstTensorView{ElementType::int64, {3}, indices.data()});
  context.set_output_memory(engine->outputs()[0].name, result.data(), result.bytes());
  DeviceStream stream;
  const auto run = [&](const Tensor& with) {
    indices.copy_from_host(with.data(), with.bytes());
    context.enqueue(stream.handle());
    stream.wait();
  };
  for (int i = 0; i < 3; ++i) {
    run(good);
    EXPECT_NO_THROW(context.check());
    run(what.bad);
    EXPECT_NE(told(ErrorCode::runtime, [&] { context.check(); }).find(what.told),
              std::string::npos);
    EXPECT_NO_THROW(context.check());  // told once
    run(what.bad);
    EXPECT_NE(told(ErrorCode::runtime, [&] { run(good); }).find(what.told), std::string::npos);
    run(good);
    EXPECT_NO_THROW(context.check());
  }
}

}  // namespace
}  // namespace cermet::testing
