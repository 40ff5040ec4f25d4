#include "explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "common/table.h"
#include "common/terminal.h"

namespace cermet::tools {
namespace {

std::string microseconds(double time) { return time < 0 ? "-" : fmt::format("{:.1f}", time); }

nlohmann::json number_or_null(double time) {
  return time < 0 ? nlohmann::json() : nlohmann::json(time);
}

nlohmann::json candidate_json(const CandidateReport& candidate) {
  return {{"tactic", candidate.tactic},
          {"configuration", candidate.configuration},
          {"accepted", candidate.accepted},
          {"reason", candidate.reason},
          {"estimate_us", number_or_null(candidate.estimate_us)},
          {"measured_us", number_or_null(candidate.measured_us)},
          {"allowed", candidate.allowed}};
}

std::string validation_text(const ValidationReport& validation) {
  if (validation.points == 0) return "not validated: " + validation.reason;
  return fmt::format("validated at {} points; largest error {:.2g} of what is allowed{}{}",
                     validation.points, validation.error, validation.reason.empty() ? "" : "; ",
                     validation.reason);
}

// The winner, then those that were slower by how much, as was measured or estimated.
std::vector<const CandidateReport*> by_time(const StepReport& step) {
  std::vector<const CandidateReport*> accepted;
  for (const CandidateReport& candidate : step.candidates)
    if (candidate.accepted) accepted.push_back(&candidate);
  const CandidateReport* winner = &step.candidates[step.winner];
  const auto rank = [&](const CandidateReport* one) {
    const auto time = [](double us) { return us < 0 ? HUGE_VAL : us; };
    return std::tuple(one != winner, time(one->measured_us), time(one->estimate_us));
  };
  std::stable_sort(accepted.begin(), accepted.end(),
                   [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
  return accepted;
}

// Of the kernels that may not be chosen; nullptr where none was measured, or the winner was not.
const CandidateReport* fastest_yardstick(const StepReport& step) {
  const CandidateReport* best = nullptr;
  if (step.candidates.empty() || step.candidates[step.winner].measured_us < 0) return best;
  for (const CandidateReport& candidate : step.candidates)
    if (candidate.accepted && !candidate.allowed && candidate.measured_us >= 0 &&
        (best == nullptr || candidate.measured_us < best->measured_us))
      best = &candidate;
  return best;
}

// Tactics that refuse for one reason stand in one line.
void print_refusals(const StepReport& step, std::FILE* stream) {
  std::vector<std::pair<std::string, std::string>> lines;  // reason, tactics
  for (const CandidateReport& candidate : step.candidates) {
    if (candidate.accepted) continue;
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& known) {
      return known.first == candidate.reason;
    });
    if (line == lines.end())
      lines.emplace_back(candidate.reason, candidate.tactic);
    else
      line->second += ", " + candidate.tactic;
  }
  for (const auto& [reason, names] : lines) fmt::print(stream, "  no  {}: {}\n", names, reason);
}

void print_step(const StepReport& step, std::FILE* stream) {
  fmt::print(stream, "{}  {}\n", coloured(stream, Colour::blue, step.name), step.problem);
  if (!step.nodes.empty()) fmt::print(stream, "  from {}\n", fmt::join(step.nodes, ", "));
  if (step.candidates.empty()) {
    fmt::print(stream, "  needs no kernel\n\n");
    return;
  }
  Table table({{"  "},
               {"tactic"},
               {"configuration"},
               {"estimate us", Table::Align::right},
               {"measured us", Table::Align::right},
               {"reason"}});
  for (const CandidateReport* candidate : by_time(step)) {
    const bool won = candidate == &step.candidates[step.winner];
    table.add({won ? "=>" : "", candidate->tactic, candidate->configuration,
               microseconds(candidate->estimate_us), microseconds(candidate->measured_us),
               won ? "chosen" : candidate->reason});
  }
  table.print(stream);
  print_refusals(step, stream);
  fmt::print(stream, "  {}\n\n", validation_text(step.validation));
}

// Where a kernel that may not be chosen is faster than the one that was.
void print_comparison(const BuildReport& report, std::FILE* stream) {
  Table table({{"step"},
               {"kernel"},
               {"us", Table::Align::right},
               {"faster"},
               {"us", Table::Align::right},
               {"part of the time", Table::Align::right}});
  int compared = 0, slower = 0;
  for (const StepReport& step : report.steps) {
    const CandidateReport* best = fastest_yardstick(step);
    if (best == nullptr) continue;
    ++compared;
    const CandidateReport& winner = step.candidates[step.winner];
    if (best->measured_us >= winner.measured_us) continue;
    ++slower;
    table.add({step.name, winner.tactic, microseconds(winner.measured_us),
               fmt::format("{} {}", best->tactic, best->configuration),
               microseconds(best->measured_us),
               fmt::format("{:.2f}", best->measured_us / winner.measured_us)});
  }
  if (compared == 0) return;
  fmt::print(stream, "{}\n",
             coloured(stream, Colour::blue,
                      fmt::format("Compared with kernels that may not be chosen: {} of {} steps "
                                  "would be faster by one",
                                  slower, compared)));
  if (slower > 0) table.print(stream);
  fmt::print(stream, "\n");
}

void print_near_fusions(const std::vector<NearFusionReport>& near, std::FILE* stream) {
  if (near.empty()) return;
  fmt::print(stream, "{}\n", coloured(stream, Colour::blue, "Almost fused:"));
  for (const NearFusionReport& fusion : near)
    fmt::print(stream, "  {}: {}\n    {}\n", fusion.pass, fmt::join(fusion.nodes, ", "),
               fusion.condition);
  fmt::print(stream, "\n");
}

}  // namespace

void print_explanation(const BuildReport& report, std::FILE* stream) {
  for (const StepReport& step : report.steps) print_step(step, stream);
  print_comparison(report, stream);
  print_near_fusions(report.near_fusions, stream);
  for (const BuildReport& on_cpu : report.on_cpu) {
    fmt::print(stream, "{}\n\n", coloured(stream, Colour::blue, "The plan for the CPU:"));
    print_explanation(on_cpu, stream);
  }
}

nlohmann::json explanation_json(const BuildReport& report) {
  nlohmann::json steps = nlohmann::json::array();
  for (const StepReport& step : report.steps) {
    nlohmann::json candidates = nlohmann::json::array();
    for (const CandidateReport& candidate : step.candidates)
      candidates.push_back(candidate_json(candidate));
    nlohmann::json winner;
    if (step.winner < step.candidates.size())
      winner = {{"tactic", step.candidates[step.winner].tactic},
                {"configuration", step.candidates[step.winner].configuration}};
    steps.push_back({{"name", step.name},
                     {"nodes", step.nodes},
                     {"problem", step.problem},
                     {"winner", std::move(winner)},
                     {"candidates", std::move(candidates)},
                     {"validation",
                      {{"points", step.validation.points},
                       {"error", step.validation.error},
                       {"reason", step.validation.reason}}}});
  }
  nlohmann::json near = nlohmann::json::array();
  for (const NearFusionReport& fusion : report.near_fusions)
    near.push_back(
        {{"pass", fusion.pass}, {"nodes", fusion.nodes}, {"condition", fusion.condition}});
  nlohmann::json all = {{"steps", std::move(steps)}, {"near_fusions", std::move(near)}};
  for (const BuildReport& on_cpu : report.on_cpu) all["on_cpu"] = explanation_json(on_cpu);
  return all;
}

}  // namespace cermet::tools
