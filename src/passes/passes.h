// The passes, one a file.
#pragma once

#include <vector>

#include "passes/pass.h"

namespace cermet {

std::vector<Patch> multiply_bytes(const Graph& graph, const CostOracle& costs);
std::vector<Patch> fold_constants(const Graph& graph);
std::vector<Patch> infer_sizes(const Graph& graph);
std::vector<Patch> fold_shapes(const Graph& graph);
std::vector<Patch> eliminate_no_ops(const Graph& graph);
std::vector<Patch> share_equal_constants(const Graph& graph);
std::vector<Patch> share_equal_nodes(const Graph& graph);
std::vector<Patch> merge_casts(const Graph& graph);
std::vector<Patch> cancel_inverses(const Graph& graph);
std::vector<Patch> drop_reductions(const Graph& graph);
std::vector<Patch> drop_expands(const Graph& graph);
std::vector<Patch> fold_where(const Graph& graph);
std::vector<Patch> slice_gathers(const Graph& graph);
std::vector<Patch> merge_slices(const Graph& graph);
std::vector<Patch> merge_movements(const Graph& graph);
std::vector<Patch> move_reshapes(const Graph& graph);
std::vector<Patch> fold_batch_normalization(const Graph& graph);
std::vector<Patch> fold_pads(const Graph& graph);
std::vector<Patch> gather_early(const Graph& graph);
std::vector<Patch> inline_branches(const Graph& graph);
std::vector<Patch> unroll_loops(const Graph& graph);
std::vector<Patch> drop_dead_outputs(const Graph& graph);
std::vector<Patch> hoist_invariants(const Graph& graph);
std::vector<Patch> fuse_softmax(const Graph& graph);
std::vector<Patch> fuse_normalization(const Graph& graph);
std::vector<Patch> fuse_activation(const Graph& graph);
std::vector<Patch> fuse_attention(const Graph& graph);
std::vector<Patch> expand_gemm(const Graph& graph);
std::vector<Patch> unflatten_products(const Graph& graph);
std::vector<Patch> fold_scales(const Graph& graph);
std::vector<Patch> fold_channel_order(const Graph& graph);
std::vector<Patch> sink_transposes(const Graph& graph);
std::vector<Patch> pack_heads(const Graph& graph);
std::vector<Patch> pad_results(const Graph& graph, const CostOracle& costs);
std::vector<Patch> merge_siblings(const Graph& graph, const CostOracle& costs);
std::vector<Patch> fuse_epilogue(const Graph& graph);
std::vector<Patch> fuse_pointwise(const Graph& graph);

void near_slice_gathers(const Graph& graph, NearFusions& near);
void near_merge_slices(const Graph& graph, NearFusions& near);
void near_merge_movements(const Graph& graph, NearFusions& near);
void near_unroll_loops(const Graph& graph, NearFusions& near);
void near_hoist_invariants(const Graph& graph, NearFusions& near);
void near_fold_batch_normalization(const Graph& graph, NearFusions& near);
void near_fold_pads(const Graph& graph, NearFusions& near);
void near_expand_gemm(const Graph& graph, NearFusions& near);
void near_fold_scales(const Graph& graph, NearFusions& near);
void near_sink_transposes(const Graph& graph, NearFusions& near);
void near_merge_siblings(const Graph& graph, const CostOracle& costs, NearFusions& near);
void near_fuse_epilogue(const Graph& graph, NearFusions& near);
void near_fuse_pointwise(const Graph& graph, NearFusions& near);

}  // namespace cermet
