// Concatenations and cuts that copy nothing.
#pragma once

#include "plan/plan.h"

namespace cermet {

// Split, Slice and Gather of one index become views where their results lie in one piece of their
// input: what reads them reads the input's memory. Results of the whole plan stay values of their
// own. Returns how many steps became views.
int cuts_as_views(Plan& plan);

// Concat becomes a view where its inputs lie one after another in its result: the steps that make
// them write them there. An input that can't (one of the plan's own inputs, a constant, what
// another Concat has, what a body receives) is copied to its place by a step of its own; a Concat
// none of whose inputs can stays as it is. Returns how many became views.
int concat_in_place(Plan& plan);

}  // namespace cermet
