// The tactics that a step may have, and the best of them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tactics/tactic.h"

namespace cermet {

// One for each configuration of each tactic, in the list's order, those that can't have the step
// among them. Known errors of kernels are recalled from the tuner's cache.
struct Candidates {
  std::vector<Candidate> list;
  std::vector<const Tactic*> tactics;  // of the candidates

  // Has the tuner, where there is one, measure them, also one that has no rival if `single`.
  void measure(const TacticQuery& query, const TacticOptions& options, bool single = false);
  // The best; nothing where none can have the step.
  std::optional<size_t> best() const;
  // The best. Throws unsupported where there is none.
  size_t winner(const Step& step) const;
  // The best of those that do without the libraries; nothing where there is none.
  std::optional<size_t> best_without(std::span<const std::string_view> libraries) const;
  // The times of two, both measured or both estimated; nothing where neither is known of both.
  std::optional<std::pair<double, double>> times(size_t a, size_t b) const;
};

Candidates find_candidates(const TacticQuery& query, std::span<const Tactic> tactics,
                           const TacticOptions& options);

// Measured times that differ by less are the same.
inline constexpr double timing_tie = 0.02;

// Measured ones before others, by their times; else by estimates.
bool is_faster(const Candidate& a, const Candidate& b);
// "takes 1.35 times as long as TACTIC", as measured where both are, else as estimated.
std::string how_long(const Candidate& candidate, const Candidate& other);
// Why an accepted candidate is not the winner, in words.
std::string why_lost(const Candidate& candidate, const Candidate& winner);

}  // namespace cermet
