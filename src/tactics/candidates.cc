#include "tactics/candidates.h"

#include <algorithm>

#include "base/error.h"
#include "tactics/tuner.h"

namespace cermet {
namespace {

// One candidate for each configuration.
std::vector<Candidate> ask(const Tactic& tactic, const TacticQuery& query,
                           const TacticOptions& options) {
  Candidate candidate;
  candidate.tactic = tactic.name;
  candidate.allowed = !is_yardstick(tactic, options);
  if (candidate.allowed && is_disabled(tactic, *query.step, options)) {
    candidate.reason = "disabled by the user";
    return {candidate};
  }
  if (auto reason = tactic.reason_against(query)) {
    candidate.reason = std::move(*reason);
    return {candidate};
  }
  candidate.accepted = true;
  std::vector<Candidate> all;
  const std::vector<std::string> configurations =
      tactic.configurations ? tactic.configurations(query) : std::vector<std::string>{""};
  for (const std::string& configuration : configurations) {
    candidate.configuration = configuration;
    if (tactic.estimate) candidate.estimate_us = tactic.estimate(query, configuration);
    all.push_back(candidate);
  }
  return all;
}

std::string reasons_of(const std::vector<Candidate>& candidates) {
  std::string text;
  for (const Candidate& candidate : candidates)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", candidate.tactic, candidate.reason);
  return text;
}

std::string name_of(const Candidate& candidate) {
  return candidate.tactic + (candidate.configuration.empty() ? "" : " ") + candidate.configuration;
}

// A yardstick, with its time beside the winner's.
std::string why_not_allowed(const Candidate& candidate, const Candidate& winner) {
  constexpr std::string_view may_not =
      "only measured, its source is not among those to choose from";
  const bool compares = winner.measured_us >= 0 && candidate.measured_us >= 0;
  if (!compares)
    return fmt::format("{}{}{}", may_not, candidate.unmeasured.empty() ? "" : "; ",
                       candidate.unmeasured);
  return fmt::format("{}; {}", how_long(candidate, winner), may_not);
}

}  // namespace

std::string how_long(const Candidate& candidate, const Candidate& other) {
  const bool measured = candidate.measured_us >= 0 && other.measured_us >= 0;
  const double time = measured ? candidate.measured_us : candidate.estimate_us;
  const double best = measured ? other.measured_us : other.estimate_us;
  const std::string ratio =
      best > 0 ? fmt::format("{:.2f} times as long as", time / best) : "longer than";
  return fmt::format("{} {} {}", measured ? "takes" : "estimated to take", ratio, name_of(other));
}

bool is_faster(const Candidate& a, const Candidate& b) {
  if (a.measured_us >= 0 || b.measured_us >= 0)
    return a.measured_us >= 0 &&
           (b.measured_us < 0 || a.measured_us < (1 - timing_tie) * b.measured_us);
  return a.estimate_us >= 0 && b.estimate_us >= 0 && a.estimate_us < b.estimate_us;
}

Candidates find_candidates(const TacticQuery& query, std::span<const Tactic> tactics,
                           const TacticOptions& options) {
  Candidates found;
  for (const Tactic& tactic : tactics) {
    if (tactic.place != query.step->place) continue;
    for (Candidate& candidate : ask(tactic, query, options)) {
      found.list.push_back(std::move(candidate));
      found.tactics.push_back(&tactic);
    }
  }
  if (options.tuner != nullptr)
    options.tuner->recall_errors(*query.plan, *query.step, found.tactics, found.list);
  return found;
}

void Candidates::measure(const TacticQuery& query, const TacticOptions& options, bool single) {
  if (options.tuner != nullptr)
    options.tuner->measure(*query.plan, *query.step, tactics, list, single);
}

std::optional<size_t> Candidates::best() const {
  std::optional<size_t> best;
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].accepted && list[i].allowed && (!best || is_faster(list[i], list[*best]))) best = i;
  return best;
}

size_t Candidates::winner(const Step& step) const {
  const auto found = best();
  require(found.has_value(), ErrorCode::unsupported, "step '{}': no tactic computes it: {}",
          step.name, reasons_of(list));
  return *found;
}

std::optional<size_t> Candidates::best_without(std::span<const std::string_view> libraries) const {
  const auto does_without = [&](const Tactic& tactic) {
    return std::find(libraries.begin(), libraries.end(), tactic.requirement) == libraries.end();
  };
  std::optional<size_t> best;
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].accepted && list[i].allowed && does_without(*tactics[i]) &&
        (!best || is_faster(list[i], list[*best])))
      best = i;
  return best;
}

std::optional<std::pair<double, double>> Candidates::times(size_t a, size_t b) const {
  if (list[a].measured_us >= 0 && list[b].measured_us >= 0)
    return std::pair(list[a].measured_us, list[b].measured_us);
  if (list[a].estimate_us >= 0 && list[b].estimate_us >= 0)
    return std::pair(list[a].estimate_us, list[b].estimate_us);
  return std::nullopt;
}

std::string why_lost(const Candidate& candidate, const Candidate& winner) {
  const std::string name = name_of(winner);
  if (!candidate.allowed) return why_not_allowed(candidate, winner);
  if (winner.measured_us >= 0 && candidate.measured_us >= 0)
    return is_faster(winner, candidate)
               ? how_long(candidate, winner)
               : fmt::format("as fast as {} within {} %, which comes first in the list", name,
                             100 * timing_tie);
  std::string reason;
  if (winner.measured_us >= 0)
    reason = fmt::format("{} was measured, this was not", name);
  else if (candidate.estimate_us < 0 || winner.estimate_us < 0)
    reason = fmt::format("{} comes first in the list", name);
  else if (candidate.estimate_us > winner.estimate_us)
    reason = how_long(candidate, winner);
  else
    reason = fmt::format("the estimate is that of {}, which comes first in the list", name);
  return reason + (candidate.unmeasured.empty() ? "" : "; ") + candidate.unmeasured;
}

}  // namespace cermet
