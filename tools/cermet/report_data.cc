#include "report_data.h"

#include <map>
#include <nlohmann/json.hpp>

#include "common/errors.h"
#include "common/shapes.h"

namespace cermet::tools {
namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

json tensors_json(const ExecutionPlan& plan) {
  json list = json::array();
  for (const PlannedTensor& tensor : plan.tensors)
    list.push_back({{"name", tensor.name},
                    {"storage", tensor.storage},
                    {"type", name(tensor.type)},
                    {"is_tensor", tensor.kind == Value::Kind::tensor},
                    {"shape", or_null(tensor.shape)},
                    {"layout", tensor.layout},
                    {"bytes", tensor.bytes},
                    {"alias", tensor.alias},
                    {"place", tensor.place},
                    {"offset", or_null(tensor.offset)},
                    {"first_step", tensor.first_step},
                    {"last_step", tensor.last_step}});
  return list;
}

json roof_json(const std::optional<Roof>& roof) {
  return roof ? json{{"name", roof->name}, {"gflops", roof->gflops}} : json();
}

// `gflops` is the highest roof.
json machine_json(const ReportData& data) {
  const Roofline& roofline = data.roofline;
  const std::vector<Roof> roofs = roofline.roofs_of(data.summary, data.plan);
  json list = json::array();
  for (const Roof& roof : roofs) list.push_back(roof_json(roof));
  return {{"name", roofline.machine()},        {"threads", data.threads},
          {"is_gpu", roofline.is_gpu()},       {"gflops", roofs.empty() ? 0 : roofs.front().gflops},
          {"gigabytes", roofline.gigabytes()}, {"cache_bytes", roofline.cache_bytes()},
          {"roofs", std::move(list)},          {"measured", roofline.is_measured()},
          {"basis", roofline.basis()}};
}

json steps_json(const ReportData& data) {
  json list = json::array();
  for (size_t i = 0; i < data.summary.steps.size(); ++i) {
    const StepInfo& step = data.summary.steps[i];
    const PlannedStep& planned = data.plan.steps[i];
    list.push_back({{"name", step.name},
                    {"kind", step.kind},
                    {"problem", step.problem},
                    {"tactic", step.tactic},
                    {"configuration", step.configuration},
                    {"nodes", step.origin},
                    {"depth", step.depth},
                    {"inputs", planned.inputs},
                    {"outputs", planned.outputs},
                    {"workspace_offset", planned.workspace_offset},
                    {"workspace_bytes", planned.workspace_bytes},
                    {"operations", or_null(planned.operations)},
                    {"bytes", or_null(planned.bytes)},
                    {"repeats", planned.repeats},
                    {"place", step.place},
                    {"ceiling", roof_json(data.roofline.roof_of(step, planned))},
                    {"least_us", or_null(data.roofline.least_us(step, planned))},
                    {"microseconds", nullptr},
                    {"share", nullptr},
                    {"candidates", nullptr}});
  }
  for (const LayerTime& layer : data.layers) {
    list[layer.step]["microseconds"] = layer.microseconds;
    list[layer.step]["share"] = layer.share;
  }
  return list;
}

// The lists name steps in different orders, and names may occur more than once.
void explain(json& steps, const json& explanation) {
  std::multimap<std::string, json*> by_name;
  for (json& step : steps) by_name.emplace(step["name"].get<std::string>(), &step);
  for (const json& explained : explanation.at("steps")) {
    const std::string step_name = explained.at("name").get<std::string>();
    const auto found = by_name.find(step_name);
    require(found != by_name.end(), ErrorCode::invalid_argument,
            "the explanation is of another build: the engine has no step '{}'. Build the engine "
            "and the explanation together",
            step_name);
    json& step = *found->second;
    by_name.erase(found);
    const json& winner = explained.at("winner");
    require(winner.is_null() || winner.at("tactic") == step["tactic"], ErrorCode::invalid_argument,
            "the explanation is of another build: step '{}' has the kernel {}, the explanation "
            "says {}. Build the engine and the explanation together",
            step_name, step["tactic"].get<std::string>(), winner.dump());
    require(explained.at("problem") == step["problem"], ErrorCode::invalid_argument,
            "the explanation is of another build: step '{}' is {}, the explanation says {}. Build "
            "the engine and the explanation together",
            step_name, step["problem"].get<std::string>(), explained.at("problem").dump());
    step["candidates"] = explained.at("candidates");
  }
}

json infos_json(const std::vector<TensorInfo>& infos) {
  json list = json::array();
  for (const TensorInfo& info : infos)
    list.push_back({{"name", info.name}, {"type", name(info.type)}, {"dims", dims_text(info)}});
  return list;
}

json build_json(const BuildReport& report) {
  json passes = json::array();
  for (const PassReport& pass : report.passes)
    passes.push_back(
        {{"name", pass.name}, {"patches", pass.patches}, {"milliseconds", pass.milliseconds}});
  return {{"onnx_nodes", report.onnx_nodes},
          {"milliseconds", report.milliseconds},
          {"passes", std::move(passes)}};
}

json shapes_json(const InputShapes& shapes) {
  json object = json::object();
  for (const auto& [input, shape] : shapes) object[input] = shape;
  return object;
}

}  // namespace

json report_json(const ReportData& data, const json& explanation) {
  json steps = steps_json(data), near = json::array();
  if (!explanation.is_null()) {
    try {
      explain(steps, explanation);
      near = explanation.at("near_fusions");
    } catch (const json::exception& error) {
      fail(ErrorCode::invalid_argument,
           "the explanation is not as cermet build --explain=json writes it: {}", error.what());
    }
  }
  const Spread latency = Spread::of(data.measured.runs);
  return {{"file", data.file},
          {"version", data.summary.version},
          {"options", data.summary.options},
          {"requirements", data.summary.requirements},
          {"machine", machine_json(data)},
          {"is_untuned", is_untuned(data.summary)},
          {"inputs", infos_json(data.inputs)},
          {"outputs", infos_json(data.outputs)},
          {"shapes", shapes_json(data.shapes)},
          {"runs",
           {{"count", data.measured.runs.size()},
            {"median_ms", latency.median()},
            {"p99_ms", latency.percentile(99)},
            {"throughput", data.measured.runs_a_second()}}},
          {"constant_bytes", data.summary.constant_bytes},
          {"arena_bytes", data.plan.arena_bytes},
          {"device_arena_bytes", data.plan.device_arena_bytes},
          {"slices", data.plan.slices},
          {"near_fusions", std::move(near)},
          {"build", data.build ? build_json(*data.build) : json()},
          {"tensors", tensors_json(data.plan)},
          {"steps", std::move(steps)}};
}

}  // namespace cermet::tools
