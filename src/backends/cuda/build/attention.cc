#include "backends/cuda/build/attention.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "backends/cuda/build/attention_source.h"
#include "backends/cuda/build/estimate.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_attention(problem)) return reason;
  const ElementType element = problem.inputs[attention_query]->type.element;
  if (element != ElementType::float16 && element != ElementType::bfloat16)
    return fmt::format("takes float16 and bfloat16, not {}", name(element));
  if (has_output(problem, attention_scores)) return "scores are not shown";
  return std::nullopt;
}

int padded(int64_t size) { return static_cast<int>((size + 15) / 16 * 16); }

// Registers of a thread that hold results, scores, and queries if they are kept.
bool keeps_queries(const AttentionTiling& tiling, int depth, int width) {
  const int row_tiles = tiling.rows / (16 * tiling.warps);
  return row_tiles * (depth / 4 + width / 2 + tiling.keys / 2) <= 160;
}

int shared_bytes(const AttentionTiling& tiling, int depth, int width) {
  return 2 * (tiling.rows * (std::max(depth, width) + 8) +
              2 * tiling.keys * (depth + 8 + width + 8)) +
         2 * tiling.keys * 4;
}

// What a block may have on every card that kernels are made for.
constexpr int most_shared_bytes = 99 * 1024;
constexpr int64_t few_rows = 16;

// Rows that share keys: of one head, or of all heads of a key head.
std::optional<int64_t> typical_rows(const TacticQuery& query, bool grouped) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return std::nullopt;
  const Shape& q = *shapes->inputs[attention_query];
  const KernelWriter writer(query.problem(), "");
  const int64_t group = grouped ? attention_sizes(writer).group : 1;
  return q[q.size() == 4 ? 2 : 1] * group;
}

// Queries of the heads of a key head make one tile, where they fit.
bool is_grouped(const AttentionSizes& sizes, const AttentionTiling& tiling) {
  return tiling.rows == few_rows && sizes.group > 1;
}

std::vector<std::string> configurations(const TacticQuery& query) {
  static constexpr std::array<AttentionTiling, 5> small_heads{
      {{64, 64, 4, 1}, {128, 64, 8, 1}, {128, 64, 4, 1}, {128, 32, 4, 1}, {64, 128, 4, 1}}};
  static constexpr std::array<AttentionTiling, 2> large_heads{{{64, 32, 4, 1}, {128, 32, 8, 1}}};
  static constexpr std::array<AttentionTiling, 3> rows_of_few{
      {{16, 64, 1, 1}, {16, 64, 1, 4}, {16, 64, 1, 16}}};
  const AttentionSizes sizes = attention_sizes(KernelWriter(query.problem(), ""));
  const int depth = padded(sizes.q.size), width = padded(sizes.v.size);
  std::vector<std::string> texts;
  const auto add = [&](AttentionTiling tiling) {
    if (std::max(depth, width) > 128 && tiling.splits > 0 && tiling.rows == few_rows)
      tiling.keys = 32;
    const int row_tiles = tiling.rows / (16 * tiling.warps);
    const bool fits = row_tiles * (width + tiling.keys) / 2 <= 192;
    if (fits && shared_bytes(tiling, depth, width) <= most_shared_bytes)
      texts.push_back(tiling.to_string());
  };
  const auto rows = typical_rows(query, true);
  if (rows && *rows <= few_rows) {
    for (const AttentionTiling& tiling : rows_of_few) add(tiling);
  } else if (std::max(depth, width) <= 128) {
    for (const AttentionTiling& tiling : small_heads) add(tiling);
  } else {
    for (const AttentionTiling& tiling : large_heads) add(tiling);
  }
  return texts;
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Problem& problem = query.problem();
  const AttentionTiling tiling = AttentionTiling::parse(configuration);
  DeviceSource source;
  append_attention_past(problem, source);
  KernelWriter writer(problem, "attention");
  const AttentionSizes sizes = attention_sizes(writer);
  const int depth = padded(sizes.q.size), width = padded(sizes.v.size);
  const bool grouped = is_grouped(sizes, tiling);
  const std::string further = fmt::format(
      "static constexpr int block_rows = {}, block_keys = {}, warps = {}, splits = {};\n"
      "static constexpr bool keeps_queries = {};\n",
      tiling.rows, tiling.keys, tiling.warps, tiling.splits, keeps_queries(tiling, depth, width));
  const auto write = [&](KernelWriter& to, std::string_view file, std::string_view call) {
    to.include("attention.cu");
    to.include(file);
    declare_attention(to, sizes, grouped, further);
    fill_attention_operands(to, sizes, tiling.splits > 1 ? to.workspace("float", 0) : "");
    to.body(call);
  };
  write(writer, "attention_mma.cu", "attention_mma<AttentionConfig>(operands);\n");
  Grid grid;
  grid.blocks = {attention_blocks(sizes, tiling.rows, grouped), tiling.splits, 1};
  grid.threads = {32 * tiling.warps, 1, 1};
  grid.shared_bytes = shared_bytes(tiling, depth, width);
  writer.finish(grid, source);
  if (tiling.splits == 1) return source;
  const Dim rows = sizes.q.batch * sizes.q.heads * sizes.q.length;
  source.program.workspace_bytes = rows * Dim(int64_t{4} * tiling.splits * (width + 4));
  KernelWriter combine(problem, "combine");
  write(combine, "attention_combine.cu",
        fmt::format("attention_combine<AttentionConfig, {}>(operands);\n", width));
  combine.finish({{blocks_for(rows, 4), 1, 1}, {128, 1, 1}}, source);
  return source;
}

// Operations and bytes at the typical shapes.
struct Work {
  double operations = 0, blocks = 0, bytes = 0;
};

std::optional<Work> work_of(const TacticQuery& query, const AttentionTiling& tiling, bool grouped) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return std::nullopt;
  const Problem& problem = query.problem();
  const AttentionSizes sizes = attention_sizes(KernelWriter(problem, ""));
  const auto heads = [&](size_t i, std::string_view attribute) {
    return attention_heads(to_dims(*shapes->inputs[i]), problem.attributes.integer(attribute, 1));
  };
  const AttentionHeads q = heads(attention_query, "q_num_heads");
  const AttentionHeads k = heads(attention_key, "kv_num_heads");
  const int64_t past =
      has_input(problem, attention_past_key) ? (*shapes->inputs[attention_past_key])[2] : 0;
  const int64_t group = grouped ? sizes.group : 1;
  const double tiles = std::ceil(static_cast<double>(q.length.constant() * group) / tiling.rows);
  const double heads_count =
      static_cast<double>(q.batch.constant() * q.heads.constant()) / static_cast<double>(group);
  double keys =
      std::ceil(static_cast<double>(k.length.constant() + past) / tiling.keys) * tiling.keys;
  if (problem.attributes.integer("is_causal", 0) != 0 && past == 0) keys = keys / 2 + tiling.keys;
  Work work;
  work.blocks = tiles * heads_count * tiling.splits;
  work.operations = 2 * tiles * heads_count * tiling.rows * keys *
                    static_cast<double>(padded(sizes.q.size) + padded(sizes.v.size));
  work.bytes = heads_count * tiles * keys * static_cast<double>(sizes.q.size + sizes.v.size) *
               bit_width(sizes.element) / 8;
  return work;
}

// The part of the card's multiprocessors that are at work, on average.
double utilisation(double blocks, const CardRates& rates) {
  const double rounds = std::ceil(blocks / rates.multiprocessors);
  return std::max(0.01, blocks / (rounds * rates.multiprocessors));
}

double estimate(const TacticQuery& query, std::string_view configuration) {
  const AttentionTiling tiling = AttentionTiling::parse(configuration);
  const AttentionSizes sizes = attention_sizes(KernelWriter(query.problem(), ""));
  const auto work = work_of(query, tiling, is_grouped(sizes, tiling));
  const double traffic = traffic_us(query);
  if (!work || traffic < 0) return -1;
  const CardRates rates = rates_of(query.architecture);
  // Exponentials and reads of shared memory take about as long as products.
  const double products =
      work->operations / (0.4 * rates.tensor16_per_us * utilisation(work->blocks, rates));
  return std::max(products, traffic) + (tiling.splits > 1 ? 2 : 1) * rates.launch_us;
}

// Square tiles whose operands fit into shared memory.
AttentionTiling exact_tiling(const AttentionSizes& sizes, int rows) {
  const int64_t bytes = sizes.element == ElementType::float64 ? 8 : 4;
  const int64_t row = std::max(sizes.q.size, sizes.v.size) * bytes;
  const int most = row <= 512 ? 64 : (row <= 1024 ? 32 : 16);
  return {std::min(rows, most), most, 8, 1};
}

int exact_shared_bytes(const AttentionSizes& sizes, const AttentionTiling& tiling) {
  const auto pitch = [](int64_t size) { return static_cast<int>((size + 7) / 8 * 8 + 4); };
  const int key = pitch(sizes.q.size), value = pitch(sizes.v.size);
  return (sizes.element == ElementType::float64 ? 8 : 4) *
         (tiling.rows * key + tiling.keys * std::max(key, value) + tiling.rows * (tiling.keys + 4));
}

std::optional<std::string> exact_rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_attention(problem)) return reason;
  const ElementType element = problem.inputs[attention_query]->type.element;
  if (!is_floating(element)) return fmt::format("takes floating types, not {}", name(element));
  return std::nullopt;
}

std::vector<std::string> exact_configurations(const TacticQuery& query) {
  const AttentionSizes sizes = attention_sizes(KernelWriter(query.problem(), ""));
  std::vector<std::string> texts;
  for (int rows : {64, 32, 16}) {
    const std::string text = exact_tiling(sizes, rows).to_string();
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  return texts;
}

DeviceSource exact_generate(const TacticQuery& query, std::string_view configuration) {
  const Problem& problem = query.problem();
  const AttentionTiling tiling = AttentionTiling::parse(configuration);
  DeviceSource source;
  append_attention_past(problem, source);
  KernelWriter writer(problem, "attention");
  const AttentionSizes sizes = attention_sizes(writer);
  writer.include("attention.cu");
  writer.include("attention_exact.cu");
  const int64_t shown = has_output(problem, attention_scores)
                            ? problem.attributes.integer("qk_matmul_output_mode", 0)
                            : -1;
  declare_attention(
      writer, sizes, false,
      fmt::format("static constexpr int block_rows = {}, block_keys = {}, shown = {};\n",
                  tiling.rows, tiling.keys, shown));
  fill_attention_operands(writer, sizes, "");
  writer.body("attention_exact<AttentionConfig>(operands);\n");
  Grid grid;
  grid.blocks = {attention_blocks(sizes, tiling.rows, false), 1, 1};
  grid.threads = {256, 1, 1};
  grid.shared_bytes = exact_shared_bytes(sizes, tiling);
  writer.finish(grid, source);
  return source;
}

double exact_estimate(const TacticQuery& query, std::string_view configuration) {
  const auto work = work_of(query, AttentionTiling::parse(configuration), false);
  const double traffic = traffic_us(query);
  if (!work || traffic < 0) return -1;
  const CardRates rates = rates_of(query.architecture);
  const double products =
      work->operations / (0.5 * rates.float32_per_us * utilisation(work->blocks, rates));
  return std::max(products, traffic) + rates.launch_us;
}

}  // namespace

Tactic attention_tactic() {
  Tactic tactic;
  tactic.name = "cuda.attention";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.generate = generate;
  return tactic;
}

Tactic exact_attention_tactic() {
  Tactic tactic;
  tactic.name = "cuda.attention-exact";
  tactic.place = Place::device;
  tactic.rejects = exact_rejects;
  tactic.configurations = exact_configurations;
  tactic.estimate = exact_estimate;
  tactic.generate = exact_generate;
  return tactic;
}

}  // namespace cermet::cuda
