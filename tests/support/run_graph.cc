#include "tests/support/run_graph.h"

#include <cmath>
#include <cstring>

#include "backends/cpu/build/tactics.h"
#include "base/error.h"
#include "engine/writer.h"
#include "lower/lower.h"
#include "ops/operator.ref.h"
#include "tactics/plan_passes.h"
#include "tactics/tactic.h"

namespace cermet::testing {

std::shared_ptr<const Engine> engine_of(const Graph& graph, std::vector<Profile> profiles,
                                        Kernels kernels) {
  verify(graph);
  Plan plan = lower(graph);
  plan.profiles = std::move(profiles);
  return engine_of(std::move(plan), kernels);
}

std::shared_ptr<const Engine> engine_of(Plan plan, Kernels kernels) {
  TacticOptions options;
  if (kernels != Kernels::any) options.disabled = {"onednn."};
  for (const Tactic& tactic : cpu::tactics())
    if (kernels == Kernels::reference && tactic.name != "cpu.reference")
      options.disabled.emplace_back(tactic.name);
  EngineInfo info;
  info.version = CERMET_VERSION_STRING;
  arrange(plan, cpu::tactics(), options);
  choose_tactics(plan, cpu::tactics(), options, info.requirements);
  return Engine::from_memory(engine_bytes(plan, info));
}

std::vector<Value> run_engine(const std::shared_ptr<const Engine>& engine,
                              const std::vector<Value>& inputs) {
  ContextOptions options;
  options.threads = 1;
  ExecutionContext context(engine, options);
  for (size_t i = 0; i < inputs.size(); ++i)
    context.set_input(engine->inputs().at(i).name, inputs[i]);
  context.execute();
  std::vector<Value> results;
  for (const TensorInfo& output : engine->outputs())
    results.push_back(context.output_value(output.name));
  return results;
}

namespace {

Value item_of(const Value& batch, int64_t i) {
  ConstTensorView view = std::as_const(batch.tensor).view();
  view.shape.front() = 1;
  view.data = static_cast<const std::byte*>(view.data) + i * view.bytes();
  return Value(Tensor::copy_of(view));
}

Value side_by_side(const std::vector<std::vector<Value>>& parts, size_t i) {
  Shape shape = parts[0][i].tensor.shape();
  shape.front() *= static_cast<int64_t>(parts.size());
  Tensor whole(parts[0][i].tensor.type(), shape);
  auto* to = static_cast<std::byte*>(whole.view().data);
  for (const auto& part : parts) {
    const Tensor& from = part[i].tensor;
    std::memcpy(to, from.data(), from.bytes());
    to += from.bytes();
  }
  return Value(std::move(whole));
}

}  // namespace

std::vector<Value> run_item_by_item(const std::shared_ptr<const Engine>& engine,
                                    const std::vector<Value>& inputs) {
  std::vector<std::vector<Value>> parts;
  for (int64_t i = 0; i < inputs[0].tensor.shape().front(); ++i) {
    std::vector<Value> own;
    for (const Value& input : inputs) own.push_back(item_of(input, i));
    parts.push_back(run_engine(engine, own));
  }
  std::vector<Value> results;
  for (size_t i = 0; i < parts[0].size(); ++i) results.push_back(side_by_side(parts, i));
  return results;
}

std::vector<Value> run_graph(const Graph& graph, const std::vector<Value>& inputs) {
  return run_engine(engine_of(graph), inputs);
}

namespace {

class CostsBySteps : public CostOracle {
 public:
  Layout result_layout(const Problem&) const override { return {}; }
  std::optional<double> step_us(const Problem& problem, bool) const override {
    return problem.op == "Split" ? 0 : 1;
  }
  bool multiplies_bytes() const override { return true; }
  bool multiplies_float8() const override { return true; }
  bool pads_results() const override { return true; }
};

}  // namespace

const CostOracle& costs_by_steps() {
  static const CostsBySteps costs;
  return costs;
}

Graph optimised(Graph graph, PassOptions options) {
  options.verify = true;
  run_passes(graph, options);
  verify(graph);
  return graph;
}

Graph after_pass(Graph graph, std::string_view pass) {
  PassOptions options;
  options.all = false;
  options.only = {std::string(pass)};
  options.costs = &costs_by_steps();
  return optimised(std::move(graph), std::move(options));
}

namespace {

bool agree(double expected, double got, double relative, double absolute) {
  if (std::isnan(expected) || std::isnan(got)) return std::isnan(expected) && std::isnan(got);
  if (std::isinf(expected) || std::isinf(got)) return expected == got;
  const double error = std::abs(expected - got);
  return error <= absolute || error <= relative * std::max(std::abs(expected), std::abs(got));
}

std::optional<std::string> strings_differ(const Tensor& a, const Tensor& b) {
  for (int64_t i = 0; i < a.elements(); ++i)
    if (a.as<std::string>()[i] != b.as<std::string>()[i])
      return fmt::format("element {}: '{}' and '{}'", i, a.as<std::string>()[i],
                         b.as<std::string>()[i]);
  return std::nullopt;
}

std::optional<std::string> tensors_differ(const Tensor& a, const Tensor& b, double relative,
                                          double absolute, bool any_for_nan) {
  if (a.type() != b.type() || a.shape() != b.shape())
    return fmt::format("{}{} and {}{}", name(a.type()), to_string(a.shape()), name(b.type()),
                       to_string(b.shape()));
  if (a.type() == ElementType::string) return strings_differ(a, b);
  if (!is_floating(a.type())) {
    const auto x = load_all<int64_t>(a.view()), y = load_all<int64_t>(b.view());
    for (size_t i = 0; i < x.size(); ++i)
      if (x[i] != y[i]) return fmt::format("element {}: {} and {}", i, x[i], y[i]);
    return std::nullopt;
  }
  const auto x = load_all<double>(a.view()), y = load_all<double>(b.view());
  for (size_t i = 0; i < x.size(); ++i)
    if (!agree(x[i], y[i], relative, absolute) && !(any_for_nan && std::isnan(x[i])))
      return fmt::format("element {}: {} and {}", i, x[i], y[i]);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> difference(const Value& expected, const Value& got, double relative,
                                      double absolute, bool any_for_nan) {
  if (expected.kind != got.kind) return "values of different kinds";
  if (expected.kind == Value::Kind::tensor)
    return tensors_differ(expected.tensor, got.tensor, relative, absolute, any_for_nan);
  if (expected.elements.size() != got.elements.size())
    return fmt::format("{} and {} elements", expected.elements.size(), got.elements.size());
  for (size_t i = 0; i < expected.elements.size(); ++i)
    if (auto inner =
            difference(expected.elements[i], got.elements[i], relative, absolute, any_for_nan))
      return fmt::format("value {}: {}", i, *inner);
  return std::nullopt;
}

}  // namespace cermet::testing
