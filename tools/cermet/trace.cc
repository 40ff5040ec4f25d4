#include "trace.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cermet::tools {
namespace {

constexpr int process = 1;

nlohmann::json name_event(const char* what, size_t thread, const std::string& name) {
  return {
      {"ph", "M"}, {"name", what}, {"pid", process}, {"tid", thread}, {"args", {{"name", name}}}};
}

nlohmann::json span(const std::string& name, const std::string& category, size_t thread,
                    double begin, double duration, nlohmann::json args) {
  return {{"ph", "X"},     {"name", name}, {"cat", category}, {"pid", process},
          {"tid", thread}, {"ts", begin},  {"dur", duration}, {"args", std::move(args)}};
}

// What a person looks for is the model's nodes; steps without any have a name only.
std::string title(const StepInfo& step) {
  return step.origin.empty() ? step.name : fmt::format("{}", fmt::join(step.origin, " + "));
}

}  // namespace

nlohmann::json trace_json(const std::string& file, const EngineSummary& summary,
                          const std::vector<StreamTrace>& streams) {
  nlohmann::json events = nlohmann::json::array();
  events.push_back(name_event("process_name", 0, file));
  for (size_t stream = 0; stream < streams.size(); ++stream) {
    const size_t thread = stream + 1;
    events.push_back(name_event("thread_name", thread, fmt::format("stream {}", stream)));
    for (size_t run = 0; run < streams[stream].runs.size(); ++run) {
      const RunTrace& traced = streams[stream].runs[run];
      events.push_back(span(fmt::format("run {}", run), "run", thread, traced.begin_us,
                            traced.microseconds, nlohmann::json::object()));
      for (const StepTime& time : traced.steps) {
        const StepInfo& step = summary.steps[time.step];
        events.push_back(span(title(step), step.kind, thread, traced.begin_us + time.begin,
                              time.microseconds,
                              {{"step", time.step},
                               {"name", step.name},
                               {"nodes", step.origin},
                               {"tactic", step.tactic},
                               {"configuration", step.configuration},
                               {"problem", step.problem}}));
      }
    }
  }
  return {{"traceEvents", std::move(events)},
          {"displayTimeUnit", "ms"},
          {"otherData", {{"file", file}, {"cermet", summary.version}}}};
}

}  // namespace cermet::tools
