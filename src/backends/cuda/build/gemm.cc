#include "backends/cuda/build/gemm.h"

#include "backends/cuda/build/gemm_source.h"

namespace cermet::cuda {
namespace {

std::optional<std::string> warpgroup_rejects_bytes(const Product& product) {
  if (!product.left.along_depth || !product.right.along_depth)
    return "bytes have to lie side by side along the depth";
  if (product.bytes->sums_rows() || product.bytes->sums_columns())
    return "sums of the factors, for zero points, are not there when it starts";
  return std::nullopt;
}

template <ProblemKind KIND, Multiplier MULTIPLIER>
struct GemmTactic {
  static std::optional<std::string> rejects(const TacticQuery& query) {
    if (query.problem().kind != KIND)
      return KIND == ProblemKind::matmul ? "computes matrix products only"
                                         : "computes convolutions only";
    const ProductOrReason found = product_of(query);
    if (!found.product) return found.reason;
    const auto& bytes = found.product->bytes;
    constexpr bool warpgroup = MULTIPLIER == Multiplier::warpgroup;
    if (!warpgroup && bytes.has_value() != (MULTIPLIER == Multiplier::bytes))
      return bytes ? "computes products of floats only" : "computes products of bytes only";
    const bool is_float32 = found.product->type == ElementType::float32;
    if (warpgroup) {
      if (query.architecture != "sm_90a") return "only Hopper's own architecture has them: sm_90a";
      if (is_float32) return "computes 16-bit floats and bytes only";
      if (bytes) return warpgroup_rejects_bytes(*found.product);
    }
    if (MULTIPLIER == Multiplier::fma && !is_float32) return "computes float32 only";
    if (MULTIPLIER == Multiplier::tensor && is_float32 && !query.allow_tf32)
      return "TF32 is not allowed";
    return std::nullopt;
  }

  static std::vector<std::string> configurations(const TacticQuery& query) {
    std::vector<std::string> texts;
    for (const Tile& tile : tiles_for(query, *product_of(query).product, MULTIPLIER))
      texts.push_back(tile.to_string());
    if (texts.empty()) texts.push_back(smallest_tile(MULTIPLIER).to_string());
    return texts;
  }

  static double estimate(const TacticQuery& query, std::string_view configuration) {
    const Product product = *product_of(query).product;
    const auto sizes = typical_sizes(query, product);
    return sizes ? tile_us(query, product, *sizes, MULTIPLIER, Tile::parse(configuration)) : -1;
  }

  static DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
    return gemm_source(query, *product_of(query).product, MULTIPLIER, Tile::parse(configuration));
  }

  static Tactic make(std::string_view name) {
    Tactic tactic;
    tactic.name = name;
    tactic.place = Place::device;
    tactic.rejects = rejects;
    tactic.configurations = configurations;
    tactic.estimate = estimate;
    tactic.generate = generate;
    tactic.pack = pack_right;
    return tactic;
  }
};

}  // namespace

Tactic gemm_tactic() {
  return GemmTactic<ProblemKind::matmul, Multiplier::tensor>::make("cuda.gemm");
}
Tactic convolution_tactic() {
  return GemmTactic<ProblemKind::convolution, Multiplier::tensor>::make("cuda.convolution");
}
Tactic gemm_warpgroup_tactic() {
  return GemmTactic<ProblemKind::matmul, Multiplier::warpgroup>::make("cuda.gemm_warpgroup");
}
Tactic convolution_warpgroup_tactic() {
  return GemmTactic<ProblemKind::convolution, Multiplier::warpgroup>::make(
      "cuda.convolution_warpgroup");
}
Tactic gemm_fma_tactic() {
  return GemmTactic<ProblemKind::matmul, Multiplier::fma>::make("cuda.gemm_fma");
}
Tactic gemm_bytes_tactic() {
  return GemmTactic<ProblemKind::matmul, Multiplier::bytes>::make("cuda.gemm_bytes");
}
Tactic convolution_bytes_tactic() {
  return GemmTactic<ProblemKind::convolution, Multiplier::bytes>::make("cuda.convolution_bytes");
}
Tactic convolution_fma_tactic() {
  return GemmTactic<ProblemKind::convolution, Multiplier::fma>::make("cuda.convolution_fma");
}

}  // namespace cermet::cuda
