#include "problem/cuts_in_place.h"

#include "expr/contiguous_part.h"

namespace cermet {

bool cuts_in_place(const Problem& split) {
  const Dims& whole = *split.inputs[0]->type.dims;
  const int64_t axis = split.attributes.integer("axis", 0);
  Dims start(whole.size(), Dim(0));
  for (const auto& part : split.outputs) {
    const Dims& dims = *part->type.dims;
    if (!contiguous_part(whole, dims, start, split.inputs[0]->layout)) return false;
    start[axis] = start[axis] + dims[axis];
  }
  return true;
}

}  // namespace cermet
