#include <array>

#include "ops/families.ref.h"
#include "ops/reduction/arg.ref.h"
#include "ops/reduction/cumulative.ref.h"
#include "ops/reduction/reduce.ref.h"
#include "ops/reduction/softmax.ref.h"
#include "ops/reduction/top_k.ref.h"

namespace cermet {

std::span<const Operator> reduction_operators() {
  static constexpr std::array table{
      Operator{"ReduceSum", infer_reduce, evaluate_reduce},
      Operator{"ReduceMean", infer_reduce, evaluate_reduce},
      Operator{"ReduceMax", infer_reduce, evaluate_reduce},
      Operator{"ReduceMin", infer_reduce, evaluate_reduce},
      Operator{"ReduceProd", infer_reduce, evaluate_reduce},
      Operator{"ReduceL1", infer_reduce, evaluate_reduce},
      Operator{"ReduceL2", infer_reduce, evaluate_reduce},
      Operator{"ReduceLogSum", infer_reduce, evaluate_reduce},
      Operator{"ReduceLogSumExp", infer_reduce, evaluate_reduce},
      Operator{"ReduceSumSquare", infer_reduce, evaluate_reduce},
      Operator{"ArgMax", infer_arg, evaluate_arg},
      Operator{"ArgMin", infer_arg, evaluate_arg},
      Operator{"CumSum", infer_cumulative, evaluate_cumulative},
      Operator{"CumProd", infer_cumulative, evaluate_cumulative},
      Operator{"TopK", infer_top_k, evaluate_top_k},
      Operator{"Softmax", infer_softmax, evaluate_softmax},
      Operator{"LogSoftmax", infer_softmax, evaluate_softmax},
      Operator{"Hardmax", infer_softmax, evaluate_softmax},
  };
  return table;
}

}  // namespace cermet
