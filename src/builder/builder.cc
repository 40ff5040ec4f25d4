#include "cermet/builder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/thread_team.h"
#include "builder/batch.h"
#include "builder/build_image.h"
#include "builder/custom_nodes.h"
#include "builder/io_formats.h"
#include "builder/model_shapes.h"
#include "builder/narrow_build.h"
#include "builder/options_text.h"
#include "builder/tactic_sources.h"
#include "builder/target.h"
#include "builder/validation.h"
#include "builder/validation_digest.h"
#include "import/onnx/importer.h"
#include "lower/lower.h"
#include "passes/pass.h"
#include "precision/precision.h"
#include "tactics/pack_constants.h"
#include "tactics/place_steps.h"
#include "tactics/plan_passes.h"
#include "tactics/tactic.h"
#include "tactics/tuner.h"

namespace cermet {
namespace {

StepReport describe(const Step& step, const StepChoice* choice) {
  StepReport report{step.name, step.origin, step.problem.to_string(), 0, {}, {}};
  report.validation.reason = "it needs no kernel";
  if (choice == nullptr) return report;
  report.winner = choice->winner;
  for (const Candidate& candidate : choice->candidates)
    report.candidates.push_back({candidate.tactic, candidate.accepted, candidate.reason,
                                 candidate.estimate_us, candidate.measured_us,
                                 candidate.configuration, candidate.allowed});
  if (choice->validation)
    report.validation = {choice->validation->points, choice->validation->error,
                         choice->validation->text};
  else
    report.validation.reason = "validation is turned off";
  return report;
}

// Every step, in the order of EngineSummary::steps.
void describe(const Region& region, const std::map<const Step*, const StepChoice*>& choices,
              std::vector<StepReport>& into) {
  for (const Step& step : region.steps) {
    const auto choice = choices.find(&step);
    into.push_back(describe(step, choice == choices.end() ? nullptr : choice->second));
    for (const Region& body : step.regions) describe(body, choices, into);
  }
}

// A misspelt tactic would be left on.
void check_names(const TacticOptions& options, std::span<const Tactic> tactics) {
  for (const std::string& name : options.disabled) {
    std::string known;
    bool found = false;
    TacticOptions alone;
    alone.disabled = {name};
    for (const Tactic& tactic : tactics) {
      found |= is_disabled(tactic, Step(), alone);
      known += fmt::format("{}{}", known.empty() ? "" : ", ", tactic.name);
    }
    require(found, ErrorCode::invalid_argument,
            "there is no tactic '{}'; the tactics are: {}; a prefix such as onednn. names several",
            name, known);
  }
}

// The measuring of one build.
class Tuning {
 public:
  Tuning(const BuildOptions& options, const Target& target, int threads)
      : options_(options),
        measures_(target.can_run()),
        cache_(target.name()),
        tuner_({options.frozen || !measures_ ? 0 : options.tuning_budget, options.frozen, threads},
               cache_, target.timer()) {
    require(!options.frozen || !options.timing_cache.empty(), ErrorCode::invalid_argument,
            "frozen timings were asked for without a timing cache that holds them");
    if (!options.timing_cache.empty()) cache_.load(options.timing_cache, options.logger);
  }

  // nullptr where there is nothing to measure with.
  Tuner* tuner() {
    return (options_.tuning_budget > 0 && measures_) || !options_.timing_cache.empty() ? &tuner_
                                                                                       : nullptr;
  }

  void finish(BuildReport& report) const {
    report.measured_problems = tuner_.measured();
    report.unmeasured_problems = tuner_.left_out();
    if (options_.logger && tuner_.left_out() > 0)
      options_.logger(Severity::info,
                      fmt::format("the tuning budget of {} s was spent before {} problems were "
                                  "measured; their kernels are chosen by estimates",
                                  options_.tuning_budget, tuner_.left_out()));
    if (!options_.timing_cache.empty() && !options_.frozen && cache_.changed())
      cache_.save(options_.timing_cache);
  }

 private:
  const BuildOptions& options_;
  bool measures_;
  TimingCache cache_;
  Tuner tuner_;
};

bool is_plan_pass(std::string_view name) {
  const auto passes = plan_passes();
  return std::any_of(passes.begin(), passes.end(),
                     [&](const PlanPass& pass) { return pass.name == name; });
}

// Those of the named passes that are over the graph. Throws for a name that is no pass's.
std::vector<std::string> graph_passes_in(const std::vector<std::string>& names) {
  const std::vector<std::string> known = pass_names();
  std::vector<std::string> result;
  for (const std::string& name : names) {
    require(std::find(known.begin(), known.end(), name) != known.end(), ErrorCode::invalid_argument,
            "there is no pass '{}'; the passes are: {}", name, fmt::join(known, ", "));
    if (!is_plan_pass(name) && name != slice_batch) result.push_back(name);
  }
  return result;
}

int threads_of(const BuildOptions& options) {
  return options.threads > 0 ? options.threads : available_threads();
}

class Build {
 public:
  // `name` stands in messages for the model that `read` gives.
  Build(std::string name, ReadModel read, const BuildOptions& options, BuildReport& report)
      : name_(std::move(name)),
        read_(std::move(read)),
        options_(options),
        report_(report),
        target_(options),
        plugins_(options.plugins, options.logger) {
    BuildReport fresh;
    fresh.keep_text = report.keep_text;
    fresh.keep_near_fusions = report.keep_near_fusions;
    report_ = std::move(fresh);
  }

  EngineImage run() {
    require(std::isfinite(options_.tuning_budget) && options_.tuning_budget >= 0,
            ErrorCode::invalid_argument, "the tuning budget has to be 0 seconds or more, got {}",
            options_.tuning_budget);
    check_precision(options_, target_.uses_device());
    const auto start = std::chrono::steady_clock::now();
    stage("reading", 0);
    onnx::OnnxModel model = read_();
    report_.onnx_nodes = model.graph.nodes.size();
    const std::optional<Dim> batch = cut_batch(model);
    stage("importing", 0.1);
    Graph graph = with_context([&] { return name_; }, [&] { return imported(model); });
    if (report_.keep_text) report_.imported_graph = print(graph);
    if (options_.validate && !target_.can_run() && options_.logger)
      options_.logger(Severity::warning,
                      fmt::format("kernels for a card that is elsewhere are neither measured nor "
                                  "compared with the model{}",
                                  options_.model == ModelStorage::left_out
                                      ? ""
                                      : "; where the card is, cermet tune does both"));
    if (options_.validate && target_.can_run()) {
      // What passes where TF32 is allowed need not pass elsewhere.
      if (!options_.timing_cache.empty())
        model_digest_ = digest_of(graph) ^ (options_.tf32 ? uint64_t{1} : uint64_t{0});
      validator_ = std::make_unique<Validator>(graph, target_, threads_of(options_),
                                               narrow_type(options_.precision), options_.tf32);
    }
    stage("optimising", 0.2);
    optimise(graph);
    if (report_.keep_text) report_.optimized_graph = print(graph);
    stage("lowering", 0.5);
    EngineImage image;
    image.plan = lower(graph);
    image.plan.batch = batch;
    image.plan.profiles = plan_profiles(image.plan, options_.profiles);
    reorder_profiles(image.plan.profiles, options_.input_formats);
    stage("choosing kernels", 0.6);
    choose_kernels(image);
    if (report_.keep_text) report_.plan = print(image.plan);
    verify(image.plan);
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - start;
    report_.milliseconds = spent.count();
    return image;
  }

  const Target& target() const { return target_; }

 private:
  void stage(std::string_view name, double done) {
    if (options_.progress) options_.progress(name, done);
    if (options_.logger && name != stage_) options_.logger(Severity::verbose, name);
    stage_ = name;
  }

  Graph imported(const onnx::OnnxModel& model) {
    onnx::ImportOptions import_options;
    import_options.claims = claims_of(plugins_);
    import_options.marked_outputs = options_.marked_outputs;
    Graph graph = onnx::import_model(model, import_options);
    tuned_sizes_ = tuned_sizes(graph, options_.profiles);
    apply_formats(graph, options_.input_formats, options_.output_formats);
    return graph;
  }

  // Gives the model's inputs the sizes of the profiles; returns the batch where it is cut.
  std::optional<Dim> cut_batch(onnx::OnnxModel& model) {
    const auto start = std::chrono::steady_clock::now();
    CutBatch cut;
    if (may_slice())
      cut = cermet::cut_batch(model, options_.profiles,
                              [&](const Batch& batch) { return slices_of(model, batch); });
    else
      apply_profiles(model.graph, options_.profiles);
    if (report_.keep_near_fusions && !cut.against.empty())
      report_.near_fusions.push_back({std::string(slice_batch), {}, cut.against});
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - start;
    report_.passes.push_back({std::string(slice_batch), cut.whole ? 1 : 0, spent.count()});
    return cut.whole;
  }

  // Whatever passes the build is to have, all of them bring the model into the form in which steps
  // are known to keep items apart.
  Slices slices_of(const onnx::OnnxModel& model, const Batch& batch) {
    Graph graph = imported(model);
    const auto costs = target_.costs(tuned_sizes_);
    PassOptions pass_options;
    pass_options.costs = costs.get();
    run_passes(graph, pass_options);
    lower_precision(graph, {});
    Plan plan = lower(graph);
    plan.profiles = plan_profiles(plan, options_.profiles);
    reorder_profiles(plan.profiles, options_.input_formats);
    return best_slices(plan, batch, *costs);
  }

  bool may_slice() const {
    const auto has = [](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), slice_batch) != names.end();
    };
    // A GPU's memory is not faster for less.
    if (target_.uses_device()) return false;
    return (options_.all_passes || has(options_.only_passes)) && !has(options_.skip_passes) &&
           options_.stop_after != fmt::format("{}:0", slice_batch);
  }

  // "slice-batch:1": no pass after the first of all.
  bool stops_at_slices() const {
    return options_.stop_after.substr(0, options_.stop_after.find(':')) == slice_batch;
  }

  void optimise(Graph& graph) {
    const auto costs = target_.costs(tuned_sizes_, options_.precision != Precision::float32);
    PassOptions pass_options;
    pass_options.skip = graph_passes_in(options_.skip_passes);
    pass_options.all = options_.all_passes && !stops_at_slices();
    pass_options.only = graph_passes_in(options_.only_passes);
    if (!stops_at_slices()) pass_options.stop_after = options_.stop_after;
    pass_options.costs = costs.get();
    std::vector<NearFusion> near;
    if (report_.keep_near_fusions) pass_options.near_fusions = &near;
    for (PassResult& result : run_passes(graph, pass_options))
      report_.passes.push_back({std::move(result.name), result.patches, result.milliseconds});
    for (NearFusion& fusion : near)
      report_.near_fusions.push_back(
          {std::move(fusion.pass), std::move(fusion.nodes), std::move(fusion.condition)});
    lower_precision(graph, options_.logger);
  }

  // Passes fold and fuse in float32.
  void lower_precision(Graph& graph, const Logger& logger) const {
    if (options_.precision != Precision::float32)
      cermet::lower_precision(graph, narrow_type(options_.precision), logger);
  }

  void choose_kernels(EngineImage& image) {
    TacticOptions tactic_options;
    tactic_options.disabled = options_.disabled_tactics;
    check_names(tactic_options, target_.tactics());
    tactic_options.yardsticks = target_.yardsticks();
    tactic_options.threads = threads_of(options_);
    tactic_options.allow_tf32 = options_.tf32;
    if (target_.uses_device()) place(image.plan, tactic_options);
    for (const PlanPassResult& result :
         arrange(image.plan, target_.tactics(), tactic_options, options_.skip_passes))
      report_.passes.push_back({std::string(result.name), result.changes, result.milliseconds});
    Tuning tuning(options_, target_, tactic_options.threads);
    tactic_options.tuner = tuning.tuner();
    tactic_options.compile = target_.compiler();
    tactic_options.progress = [&](double done) { stage("measuring kernels", 0.6 + 0.3 * done); };
    if (validator_) tactic_options.validate = validation(tuning.tuner());
    const std::vector<StepChoice> choices =
        choose_tactics(image.plan, target_.tactics(), tactic_options, image.info.requirements);
    std::map<const Step*, const StepChoice*> by_step;
    for (const StepChoice& choice : choices) by_step.emplace(choice.step, &choice);
    describe(image.plan.root, by_step, report_.steps);
    tuning.finish(report_);
    validator_.reset();  // with what only the imported graph keeps in memory
    pack_constants(image.plan, target_.tactics(), tactic_options);
    stage("compiling kernels", 0.95);
    target_.compile(image.plan);
    state_versions(image.plan, image.info.requirements);
    require_plugins(image.plan, plugins_, image.info.requirements);
    image.info.version = CERMET_VERSION_STRING;
    image.info.options = options_text(options_, threads_of(options_));
    if (target_.uses_device())
      image.info.options = fmt::format("--device {}{} {}", target_.text(),
                                       target_.can_run() ? "" : " (untuned)", image.info.options);
  }

  // Steps that the device can't do are told, or refused.
  void place(Plan& plan, TacticOptions& tactic_options) {
    tactic_options.architecture = target_.architectures().front();
    tactic_options.shared_bytes = target_.shared_bytes();
    const std::vector<HostStep> left = place_steps(plan, target_.tactics(), tactic_options);
    std::string text;
    for (const HostStep& step : left)
      text += fmt::format("{}'{}' ({}): {}", text.empty() ? "" : "\n  ", step.step, step.op,
                          step.reason);
    require(left.empty() || options_.fallback, ErrorCode::unsupported,
            "{} steps can't run on the GPU, and running them on the CPU was ruled out:\n  {}",
            left.size(), text);
    if (!left.empty() && options_.logger)
      options_.logger(Severity::info,
                      fmt::format("{} steps run on the CPU:\n  {}", left.size(), text));
  }

  // What choose_tactics() calls for every kernel that it chooses.
  decltype(TacticOptions::validate) validation(Tuner* tuner) {
    return [this, tuner](const Plan& plan, const Step& step, const Tactic& tactic,
                         const std::string& configuration) {
      stage("validating kernels", 0.9);
      const auto start = std::chrono::steady_clock::now();
      Validation found = options_.timing_cache.empty()
                             ? validator_->validate(plan, step, tactic, configuration)
                             : validate_once(plan, step, tactic, configuration, *tuner);
      const std::chrono::duration<double, std::milli> spent =
          std::chrono::steady_clock::now() - start;
      report_.validation_milliseconds += spent.count();
      report_.validated_steps += found.passed && found.points > 0;
      if (!found.passed && options_.logger)
        options_.logger(Severity::warning, fmt::format("step '{}': {} {} is dropped: {}", step.name,
                                                       tactic.name, configuration, found.text));
      return found;
    };
  }

  // The same as what a build found that left its word in the timing cache.
  Validation validate_once(const Plan& plan, const Step& step, const Tactic& tactic,
                           const std::string& configuration, Tuner& tuner) {
    const std::string digest = digest_of(*model_digest_, plan, step);
    if (const auto known = tuner.recall_passed(plan, step, tactic, configuration, digest))
      return {true, known->points, known->error,
              "found by an earlier build, which the timing cache tells"};
    Validation found = validator_->validate(plan, step, tactic, configuration);
    if (found.passed && found.points > 0)
      tuner.remember_passed(plan, step, tactic, configuration, digest, {found.points, found.error});
    return found;
  }

  std::string name_;
  ReadModel read_;
  const BuildOptions& options_;
  BuildReport& report_;
  const Target target_;
  const Plugins plugins_;
  SymbolValues tuned_sizes_;  // of the model's inputs, in the order in which it has them
  std::unique_ptr<Validator> validator_;  // nullptr where nothing is validated
  std::optional<uint64_t> model_digest_;  // where a timing cache remembers validations
  std::string stage_;
};

}  // namespace

BuiltImage build_image(const std::string& name, const ReadModel& read, const BuildOptions& options,
                       BuildReport& report) {
  Build build(name, read, options, report);
  report.device = build.target().name();
  EngineImage image = build.run();
  return {std::move(image), build.target().uses_device(), build.target().can_run()};
}

std::vector<std::string> pass_names() {
  std::vector<std::string> names{std::string(slice_batch)};
  for (const Pass& pass : all_passes()) names.emplace_back(pass.name);
  for (const PlanPass& pass : plan_passes()) names.emplace_back(pass.name);
  return names;
}

}  // namespace cermet
