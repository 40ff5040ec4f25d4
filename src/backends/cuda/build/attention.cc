#include "backends/cuda/build/attention.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "backends/cuda/build/attention_source.h"
#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/limits.h"
#include "backends/cuda/build/operand_memory.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_attention(problem)) return reason;
  const ElementType element = problem.inputs[attention_query]->type.element;
  if (element == ElementType::float32 && !query.allow_tf32) return "TF32 is not allowed";
  if (element != ElementType::float16 && element != ElementType::bfloat16 &&
      element != ElementType::float32)
    return fmt::format("takes float16, bfloat16 and float32, not {}", name(element));
  if (has_output(problem, attention_scores)) return "scores are not shown";
  return std::nullopt;
}

// Sizes of heads as products take them, and bytes of an element.
struct Padded {
  int depth = 0, width = 0, bytes = 0;

  explicit Padded(const AttentionSizes& sizes)
      : depth(padded(sizes.q.size, sizes.element)),
        width(padded(sizes.v.size, sizes.element)),
        bytes(static_cast<int>(bit_width(sizes.element)) / 8) {}
  static int padded(int64_t size, ElementType element) {
    const int64_t step = 256 / bit_width(element);
    return static_cast<int>((size + step - 1) / step * step);
  }
};

// Whether queries stay in registers, beside results and scores.
bool keeps_queries(const AttentionTiling& tiling, const Padded& padded) {
  const int row_tiles = tiling.rows / (16 * tiling.warps);
  return row_tiles * (padded.depth * padded.bytes / 8 + padded.width / 2 + tiling.keys / 2) <= 160;
}

int shared_bytes(const AttentionTiling& tiling, const Padded& padded) {
  const int piece = 16 / padded.bytes;
  const int key = padded.depth + piece, value = padded.width + piece;
  return padded.bytes * (tiling.rows * std::max(key, value) + 2 * tiling.keys * (key + value)) +
         2 * tiling.keys * 4;
}

// Columns of the tile in which the keys end that have to be computed: all of them where nobody
// knows yet where that is.
int tail_keys(const AttentionSizes& sizes, const AttentionTiling& tiling) {
  if (!sizes.total.is_constant() || sizes.total.is_constant(0)) return tiling.keys;
  const int64_t rest = (sizes.total.constant() - 1) % tiling.keys + 1;
  return static_cast<int>((rest + 15) / 16 * 16);
}

constexpr int64_t few_rows = 16;

// Queries, and keys of the step's own, where the model or its first profile says how many.
std::optional<int64_t> known_length(const TacticQuery& query, size_t input) {
  const Dims& dims = *query.problem().inputs[input]->type.dims;
  return dims[dims.size() == 4 ? 2 : 1].try_evaluate(profile_symbols(*query.plan));
}

// Queries of the heads of a key head make one tile, where they fit.
bool is_grouped(const AttentionSizes& sizes, const AttentionTiling& tiling) {
  return tiling.rows == few_rows && sizes.group > 1;
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
    return attention_heads(to_dims(*shapes->inputs[i]), problem.inputs[i]->layout,
                           problem.attributes.integer(attribute, 1));
  };
  const AttentionHeads q = heads(attention_query, "q_num_heads");
  const AttentionHeads k = heads(attention_key, "kv_num_heads");
  const int64_t past =
      has_input(problem, attention_past_key) ? (*shapes->inputs[attention_past_key])[2] : 0;
  const int64_t group = grouped ? sizes.group : 1;
  const double tiles = std::ceil(static_cast<double>(q.length.constant() * group) / tiling.rows);
  const double heads_count =
      static_cast<double>(q.batch.constant() * q.heads.constant()) / static_cast<double>(group);
  const double step = sizes.total.is_constant() ? 16 : tiling.keys;
  double keys = std::ceil(static_cast<double>(k.length.constant() + past) / step) * step;
  if (problem.attributes.integer("is_causal", 0) != 0 && past == 0) keys = keys / 2 + tiling.keys;
  Work work;
  work.blocks = tiles * heads_count * tiling.splits;
  work.operations = 2 * tiles * heads_count * tiling.rows * keys *
                    static_cast<double>(Padded(sizes).depth + Padded(sizes).width);
  work.bytes = heads_count * tiles * keys * static_cast<double>(sizes.q.size + sizes.v.size) *
               bit_width(sizes.element) / 8;
  return work;
}

// Warps of 16 rows each by which blocks have fewer rows too many than those of 64 or 128; 0: none.
int warps_that_fit(int64_t queries) {
  const auto padded = [&](int warps) { return (queries + 16 * warps - 1) / (16 * warps) * warps; };
  int best = 4;
  for (int warps : {5, 6, 7})
    if (padded(warps) < padded(best)) best = warps;
  return queries > 64 && best != 4 && padded(best) < padded(8) ? best : 0;
}

// Tilings that may be the fastest, whether or not they fit.
std::vector<AttentionTiling> tilings(const TacticQuery& query, const AttentionSizes& sizes) {
  static constexpr std::array many_rows{
      AttentionTiling{64, 64, 4, 1},  AttentionTiling{128, 64, 8, 1},
      AttentionTiling{128, 64, 4, 1}, AttentionTiling{128, 32, 4, 1},
      AttentionTiling{64, 32, 4, 1},  AttentionTiling{128, 32, 8, 1},
      AttentionTiling{64, 16, 4, 1},  AttentionTiling{32, 64, 2, 1}};
  static constexpr std::array few{AttentionTiling{16, 64, 1, 1},  AttentionTiling{16, 64, 1, 4},
                                  AttentionTiling{16, 64, 1, 16}, AttentionTiling{16, 32, 1, 1},
                                  AttentionTiling{16, 32, 1, 4},  AttentionTiling{16, 32, 1, 16}};
  const auto queries = known_length(query, attention_query);
  if (queries && *queries * std::max<int64_t>(1, sizes.group) <= few_rows)
    return {few.begin(), few.end()};
  std::vector<AttentionTiling> result{many_rows.begin(), many_rows.end()};
  if (const int warps = warps_that_fit(queries.value_or(0)); warps > 0)
    result.push_back({16 * warps, 64, warps, 1});
  return result;
}

std::vector<std::string> configurations(const TacticQuery& query) {
  const AttentionSizes sizes = attention_sizes(KernelWriter(query.problem(), ""));
  const Padded padded(sizes);
  // Tiles of few keys are for long rows, and where whole ones would be half empty.
  const int row_bytes = std::max(padded.depth, padded.width) * padded.bytes;
  const int64_t tail =
      sizes.total.is_constant() ? 0 : known_length(query, attention_key).value_or(0) % 64;
  const int least = row_bytes > 256 ? 16 : (row_bytes > 128 || (tail > 0 && tail <= 32) ? 32 : 64);
  // Where larger tiles leave multiprocessors without work.
  const auto work = work_of(query, {64, 64, 4, 1}, false);
  const bool small = work && work->blocks < rates_of(query.architecture).multiprocessors;
  std::vector<std::string> texts;
  for (const AttentionTiling& tiling : tilings(query, sizes)) {
    const int row_tiles = tiling.rows / (16 * tiling.warps);
    const bool fits = row_tiles * (padded.width + tiling.keys) / 2 <= 192 &&
                      shared_bytes(tiling, padded) <= most_shared_bytes(query);
    const bool pays = (tiling.keys >= least || row_tiles == 2) && (tiling.rows != 32 || small);
    if (fits && pays) texts.push_back(tiling.to_string());
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
  const Padded padded(sizes);
  const bool grouped = is_grouped(sizes, tiling);
  const std::string further = fmt::format(
      "static constexpr int block_rows = {}, block_keys = {}, tail_keys = {}, warps = {}, "
      "splits = {};\n"
      "static constexpr bool keeps_queries = {};\n",
      tiling.rows, tiling.keys, tail_keys(sizes, tiling), tiling.warps, tiling.splits,
      keeps_queries(tiling, padded));
  const auto write = [&](KernelWriter& to, std::string_view file, std::string_view call) {
    to.include("attention.cu");
    to.include("attention_tile.cu");
    to.include(file);
    declare_attention(to, sizes, grouped, further);
    fill_attention_operands(to, sizes, tiling.splits > 1 ? to.workspace("float", 0) : "");
    to.body(call);
  };
  write(writer, "attention_mma.cu", "attention_mma<AttentionConfig>(operands);\n");
  Grid grid;
  grid.blocks = {attention_blocks(sizes, tiling.rows, grouped), tiling.splits, 1};
  grid.threads = {32 * tiling.warps, 1, 1};
  grid.shared_bytes = shared_bytes(tiling, padded);
  writer.finish(grid, source);
  if (tiling.splits == 1) return source;
  const Dim rows = sizes.q.batch * sizes.q.heads * sizes.q.length;
  source.program.workspace_bytes = rows * Dim(int64_t{4} * tiling.splits * (padded.width + 4));
  KernelWriter combine(problem, "combine");
  write(combine, "attention_combine.cu",
        fmt::format("attention_combine<AttentionConfig, {}>(operands);\n", padded.width));
  combine.finish({{blocks_for(rows, 4), 1, 1}, {128, 1, 1}}, source);
  return source;
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
  // Exponentials and reads of shared memory take about as long as products; those of TF32 twice.
  const double speed = sizes.element == ElementType::float32 ? 0.2 : 0.4;
  const double products =
      work->operations / (speed * rates.tensor16_per_us * utilisation(work->blocks, rates));
  // A block draws a small part of the memory's bytes.
  const double reads = traffic / std::min(1.0, work->blocks / (0.5 * rates.multiprocessors));
  return std::max(products, reads) + (tiling.splits > 1 ? 2 : 1) * rates.launch_us;
}

int exact_shared_bytes(const AttentionSizes& sizes, const AttentionTiling& tiling) {
  const auto pitch = [](int64_t size) { return static_cast<int>((size + 7) / 8 * 8 + 4); };
  const int key = pitch(sizes.q.size), value = pitch(sizes.v.size);
  return (sizes.element == ElementType::float64 ? 8 : 4) *
         (tiling.rows * key + tiling.keys * std::max(key, value) + tiling.rows * (tiling.keys + 4));
}

// Square tiles, or of fewer rows, whose operands fit into shared memory.
AttentionTiling exact_tiling(const AttentionSizes& sizes, int rows) {
  AttentionTiling tiling{64, 64, 8, 1};
  while (exact_shared_bytes(sizes, tiling) > most_shared_bytes("")) {
    tiling.rows /= 2;
    tiling.keys /= 2;
  }
  tiling.rows = std::min(tiling.rows, rows);
  return tiling;
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
