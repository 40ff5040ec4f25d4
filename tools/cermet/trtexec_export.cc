#include "trtexec_export.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/errors.h"
#include "common/shapes.h"
#include "common/tensor_text.h"

namespace cermet::tools::trtexec {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(2) + '\n'; }

// The transfers take no time, before the run and after it.
Json run_json(const Run& of) {
  const double start = of.start_ms, end = of.end_ms, run = of.milliseconds();
  const std::pair<const char*, double> fields[] = {
      {"startMs", start},        {"endMs", end},        {"inferMs", run},
      {"startEnqMs", start},     {"endEnqMs", end},     {"enqMs", run},
      {"startInMs", start},      {"endInMs", start},    {"inMs", 0},
      {"startH2dMs", start},     {"endH2dMs", start},   {"h2dMs", 0},
      {"startComputeMs", start}, {"endComputeMs", end}, {"computeMs", run},
      {"startOutMs", end},       {"endOutMs", end},     {"outMs", 0},
      {"startD2hMs", end},       {"endD2hMs", end},     {"d2hMs", 0},
      {"latencyMs", run},        {"endToEndMs", run},
  };
  Json object;
  for (const auto& [name, value] : fields) object[name] = value;
  return object;
}

template <class T>
Json plain_values(const ConstTensorView& tensor) {
  const T* values = tensor.as<T>();
  return Json(std::vector<T>(values, values + tensor.elements()));
}

// Types that JSON has numbers for go over exactly, narrow floats by their shortest text.
Json values_json(const ConstTensorView& tensor) {
  switch (tensor.type) {
    case ElementType::float32:
      return plain_values<float>(tensor);
    case ElementType::float64:
      return plain_values<double>(tensor);
    case ElementType::int32:
      return plain_values<int32_t>(tensor);
    case ElementType::int64:
      return plain_values<int64_t>(tensor);
    case ElementType::uint64:
      return plain_values<uint64_t>(tensor);
    default:
      break;
  }
  Json list = Json::array();
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    if (tensor.type == ElementType::boolean)
      list.push_back(tensor.as<uint8_t>()[i] != 0);
    else
      list.push_back(std::stod(element_text(tensor, i)));
  }
  return list;
}

}  // namespace

std::string times_json(const Measurement& measured) {
  Json list = Json::array();
  for (const Run& run : measured.runs) list.push_back(run_json(run));
  return text_of(list);
}

std::string profile_json(const LayerMeasurement& profile, const EngineSummary& summary) {
  const double total = profile.sum_ms();
  Json list = Json::array({{{"count", profile.runs}}});
  for (const LayerTimes& layer : profile.layers) {
    const double sum = layer.sum_ms();
    list.push_back({{"name", summary.steps[layer.step].name},
                    {"timeMs", sum},
                    {"averageMs", sum / static_cast<double>(profile.runs)},
                    {"medianMs", Spread(layer.milliseconds).median()},
                    {"percentage", total > 0 ? 100 * sum / total : 0}});
  }
  return text_of(list);
}

std::string outputs_json(const Engine& engine, const ExecutionContext& context) {
  Json list = Json::array();
  for (const TensorInfo& output : engine.outputs()) {
    require(output.kind == Value::Kind::tensor && output.type != ElementType::string &&
                !is_complex(output.type),
            ErrorCode::unsupported,
            "--exportOutput: output '{}' is no tensor of real numbers; use `cermet run "
            "--output-dir`",
            output.name);
    const ConstTensorView tensor = context.output(output.name);
    list.push_back({{"name", output.name},
                    {"dimensions", tensor.shape.empty() ? std::string() : shape_text(tensor.shape)},
                    {"values", values_json(tensor)}});
  }
  return text_of(list);
}

std::string layers_json(const Engine& engine) {
  Json layers = Json::array(), bindings = Json::array();
  for (const StepInfo& step : engine.summary().steps)
    layers.push_back({{"Name", step.name},
                      {"LayerType", step.kind},
                      {"ParameterType", step.problem},
                      {"TacticName", step.tactic},
                      {"TacticValue", step.configuration},
                      {"Metadata", step.origin}});
  for (const auto* tensors : {&engine.inputs(), &engine.outputs()})
    for (const TensorInfo& tensor : *tensors) bindings.push_back(tensor.name);
  return text_of({{"Layers", layers}, {"Bindings", bindings}});
}

}  // namespace cermet::tools::trtexec
