#include "bench/cuda/operator_cases.h"

namespace cermet::bench {
namespace {

using enum ElementType;
using enum ProblemKind;

void add_turns(OperatorCases& to, const Sizes& size) {
  to.push_back({.name = "movement: Transpose of ViT's heads",
                .tactic = "cuda.movement",
                .kind = movement,
                .op = "Transpose",
                .inputs = {data(float16, {size(128, 2), size(197, 9), 12, 64})},
                .attributes = {{"perm", std::vector<int64_t>{0, 2, 1, 3}}}});
  to.push_back({.name = "movement: Transpose of a matrix",
                .tactic = "cuda.movement",
                .kind = movement,
                .op = "Transpose",
                .inputs = {data(float16, {size(8192, 70), size(8192, 96)})},
                .attributes = {{"perm", std::vector<int64_t>{1, 0}}}});
  to.push_back({.name = "reorder of images to channels-last",
                .tactic = "cuda.reorder",
                .kind = reorder,
                .op = "Identity",
                .inputs = {data(float16, {size(128, 2), 3, size(224, 10), size(224, 10)})},
                .result = Layout::channels_last(4)});
}

void add_parts(OperatorCases& to, const Sizes& size) {
  const int64_t batch = size(32, 2), side = size(80, 4);
  to.push_back(
      {.name = "movement: Concat of YOLO",
       .tactic = "cuda.movement",
       .kind = movement,
       .op = "Concat",
       .inputs = {data(float16, {batch, 256, side, side}), data(float16, {batch, 128, side, side})},
       .attributes = {{"axis", int64_t{1}}}});
  to.push_back(
      {.name = "movement: Slice of BERT's queries",
       .tactic = "cuda.movement",
       .kind = movement,
       .op = "Slice",
       .inputs = {data(float16, {size(128, 1), size(128, 8), 2304}), numbers(int64, {1}, {768}),
                  numbers(int64, {1}, {1536}), numbers(int64, {1}, {2})}});
  to.push_back({.name = "pad of images",
                .tactic = "cuda.pad",
                .kind = movement,
                .op = "Pad",
                .inputs = {data(float16, {batch, size(64, 8), size(112, 6), size(112, 6)}),
                           numbers(int64, {8}, {0, 0, 1, 1, 0, 0, 1, 1})}});
}

void add_gathers(OperatorCases& to, const Sizes& size) {
  const int64_t words = size(30522, 50);
  to.push_back(
      {.name = "gather of BERT's words",
       .tactic = "cuda.gather",
       .kind = movement,
       .op = "Gather",
       .inputs = {data(float16, {words, 768}), random_integers(int64, {size(128, 2), size(128, 5)},
                                                               static_cast<double>(words))}});
  const int64_t anchors = size(8400, 40);
  to.push_back({.name = "gather: GatherElements of RT-DETR's boxes",
                .tactic = "cuda.gather",
                .op = "GatherElements",
                .inputs = {data(float32, {size(32, 2), anchors, 4}),
                           random_integers(int64, {size(32, 2), size(300, 9), 4},
                                           static_cast<double>(anchors))},
                .attributes = {{"axis", int64_t{1}}}});
  const int64_t rows = size(4096, 32);
  to.push_back({.name = "scatter: ScatterND of rows",
                .tactic = "cuda.scatter",
                .op = "ScatterND",
                .inputs = {data(float16, {rows, 4096}),
                           random_integers(int64, {size(512, 4), 1}, static_cast<double>(rows)),
                           data(float16, {size(512, 4), 4096})}});
  to.push_back(
      {.name = "tensor scatter of a cache of keys",
       .tactic = "cuda.tensor_scatter",
       .op = "TensorScatter",
       .inputs = {data(float16, {size(8, 2), size(32, 2), size(2048, 9), 128}),
                  data(float16, {size(8, 2), size(32, 2), 1, 128}),
                  random_integers(int64, {size(8, 2)}, static_cast<double>(size(2048, 9)))}});
}

void add_fills(OperatorCases& to, const Sizes& size) {
  const int64_t classes = size(1000, 10);
  to.push_back({.name = "fill: OneHot of classes",
                .tactic = "cuda.fill",
                .op = "OneHot",
                .inputs = {random_integers(int64, {size(16384, 20)}, static_cast<double>(classes)),
                           numbers(int64, {}, {static_cast<double>(classes)}),
                           numbers(float16, {2}, {0, 1})}});
  to.push_back({.name = "fill: Trilu of a mask",
                .tactic = "cuda.fill",
                .op = "Trilu",
                .inputs = {data(float16, {size(8192, 40), size(8192, 40)})},
                .attributes = {{"upper", int64_t{0}}}});
}

}  // namespace

void add_movements(OperatorCases& to, const Sizes& size) {
  add_turns(to, size);
  add_parts(to, size);
  add_gathers(to, size);
  add_fills(to, size);
}

}  // namespace cermet::bench
