// Reading elements at positions that an index tensor names.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_gather(InferContext& context);
void infer_gather_elements(InferContext& context);
void infer_gather_nd(InferContext& context);

void evaluate_gather(EvalContext& context);
void evaluate_gather_elements(EvalContext& context);
void evaluate_gather_nd(EvalContext& context);

// An index in [-size, size) made non-negative; throws otherwise.
int64_t checked_index(const EvalContext& context, int64_t index, int64_t size);

// What GatherND and ScatterND read an index tensor by: each row of `depth` numbers names a block
// of `block` elements below `batch` leading dimensions.
struct BlockIndex {
  int64_t batch = 0;
  int64_t depth = 0;
  int64_t block = 1;  // elements
  int64_t rows = 0;   // index rows altogether
  int64_t rows_a_batch = 1;
  std::vector<int64_t> indices;
  Shape shape;  // of the data
  std::vector<int64_t> strides;

  // Element of the data where the block of index row `row` begins.
  int64_t offset(const EvalContext& context, int64_t row) const;
};
// Input 0 is the data, input 1 the indices.
BlockIndex read_block_index(const EvalContext& context, int64_t batch);

}  // namespace cermet
