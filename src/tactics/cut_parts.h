// Which parts of a tensor a Split, Slice or Gather gives.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace cermet {

// What is shown instead of a kernel of a step whose results lie in an operand's memory, or the
// other way round.
inline constexpr std::string_view in_place = "in place";

// The rank is known, and no element is less than a byte.
bool has_whole_bytes(const ValueType& type);

// The attribute "axis", counted from the first of `rank` dimensions.
size_t axis_of(const Problem& problem, size_t rank);

// A part of a tensor: its sizes, with as many dimensions as the tensor has, and its first index.
struct Part {
  Dims sizes, start;
};

// By output; nothing where the step cuts nothing (a Gather gives more than one place), where an
// operand has no rank, elements of less than a byte or a result is an output of the plan, or at
// places that only data tell.
std::optional<std::vector<Part>> parts_of(const Plan& plan, const Step& step);

// Whether sizes and places of the part are known with those of the whole.
bool sizes_are_known(const Dims& whole, const Part& part);

// Whether a kernel of that place may have an operand that begins so many bytes behind another.
bool may_begin_at(Place place, const Dim& offset);

// The step shows parts of its operand's memory from now on, results[i] from byte offsets[i] on.
void become_parts(Plan& plan, Step& step, const std::vector<Dim>& offsets);

}  // namespace cermet
