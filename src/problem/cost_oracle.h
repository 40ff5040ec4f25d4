// What problems would cost: for passes, which know no backend and no plan.
#pragma once

#include <optional>
#include <span>

#include "expr/dim.h"
#include "problem/problem.h"

namespace cermet {

// Answers for one machine, and for the sizes for which an engine is tuned. Its answers depend on
// nothing else, so that equal builds stay equal. May be asked from several threads at once.
class CostOracle {
 public:
  virtual ~CostOracle() = default;

  // How the problem's first result lies in memory, unless something else decides otherwise.
  virtual Layout result_layout(const Problem& problem) const = 0;

  // Whether attention reads queries, keys and values that are parts of wider rows where they lie.
  virtual bool reads_parts_of_rows() const { return false; }

  // Microseconds that a step takes for the problem, with what it costs to begin a step; 0 where
  // the results are parts of the operand's memory and nothing is to be done. Nothing where it is
  // not known. `gives_output`: a result is an output of the model, which has memory of its own.
  virtual std::optional<double> step_us(const Problem& problem, bool gives_output) const = 0;

  // Whether products of bytes, with sums of integers, take less time than those of floats.
  virtual bool multiplies_bytes() const { return false; }
  // The same of float8, e4m3fn and e5m2, with sums of float32.
  virtual bool multiplies_float8() const { return false; }

  // Whether results whose sizes depend on data are better computed with room for as many elements
  // as there may be, and cut then: what computes them learns nothing of sizes.
  virtual bool pads_results() const { return false; }

  // Microseconds that a run of these problems, one after the other, takes at these sizes: what its
  // caches can't hold comes from memory, the constants too. Nothing where it is not known.
  virtual std::optional<double> run_us(std::span<const Problem* const>,
                                       const SymbolValues& /*sizes*/) const {
    return std::nullopt;
  }
};

}  // namespace cermet
