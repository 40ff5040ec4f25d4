#include "builder/bisect.h"

#include <algorithm>
#include <limits>
#include <map>

#include "backends/cpu/build/costs.h"
#include "backends/cpu/build/step_timer.h"
#include "backends/cpu/build/tactics.h"
#include "base/error.h"
#include "builder/batch.h"
#include "builder/custom_nodes.h"
#include "builder/difference.h"
#include "builder/model_shapes.h"
#include "engine/writer.h"
#include "import/onnx/importer.h"
#include "lower/lower.h"
#include "tactics/pack_constants.h"
#include "tactics/plan_passes.h"
#include "tactics/tuner.h"

namespace cermet {
namespace {

constexpr int all_steps = std::numeric_limits<int>::max();

std::string describe(const Node& node) {
  std::string text = node.domain.empty() ? node.op : node.domain + "." + node.op;
  if (!node.name.empty()) text += " " + node.name;
  if (node.epilogue) text += " with epilogue";
  for (size_t i = 0; i < node.origin.nodes.size(); ++i)
    text += (i == 0 ? " (from " : ", ") + node.origin.nodes[i];
  return node.origin.nodes.empty() ? text : text + ")";
}

using Descriptions = std::multimap<std::string, Origin>;

// Of every node of a graph and its bodies.
void describe_all(const Graph& graph, Descriptions& into) {
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    into.emplace(describe(node), node.origin);
    for (const Graph& body : node.subgraphs) describe_all(body, into);
  }
}

// What `from` has and `without` has not; their ONNX nodes are added to `origin`.
std::vector<std::string> only_in(const Descriptions& from, Descriptions without, Origin& origin) {
  std::vector<std::string> result;
  for (const auto& [text, nodes] : from) {
    if (const auto same = without.find(text); same != without.end()) {
      without.erase(same);
      continue;
    }
    result.push_back(text);
    origin.merge(nodes);
  }
  return result;
}

struct PatchId {
  std::string pass;
  int number = 0;
};

class Bisection {
 public:
  Bisection(const Graph& imported, const BisectRoad& road, const BisectOptions& options)
      : imported_(imported),
        road_(road),
        options_(options),
        costs_(tuned_sizes(imported, options.profiles), options.threads),
        cache_(cpu::device_name()) {
    if (!options.timing_cache.empty()) cache_.load(options.timing_cache, options.logger);
  }

  BisectReport run() {
    run_reference();
    Graph optimised = imported_;
    PassOptions all;
    all.costs = &costs_;
    all.on_patch = [&](std::string_view pass, int number) {
      patches_.push_back({std::string(pass), number});
    };
    const bool passes_throw = throws([&] { run_passes(optimised, all, road_.passes); });
    report_.patches = static_cast<int>(patches_.size());
    if (passes_throw) return patch_at_fault(report_.patches + 1);
    say(fmt::format("all {} patches, reference kernels", report_.patches));
    if (departs(optimised, 0)) return search_patch();
    number_steps(optimised);
    say(fmt::format("all kernels of {} steps", report_.steps));
    if (departs(optimised, all_steps)) return search_step(optimised);
    if (road_.in_slices && slices_depart()) {
      report_.fault = BisectReport::Fault::patch;
      report_.pass = slice_batch;
      report_.patch = 1;
      return report_;
    }
    report_.difference.clear();
    return report_;
  }

 private:
  void say(const std::string& what) const {
    if (options_.progress) options_.progress(what);
  }

  // The message is kept as what departs.
  template <class F>
  bool throws(F&& f) {
    try {
      f();
      return false;
    } catch (const Error& error) {
      report_.difference = error.what();
      return true;
    }
  }

  TacticOptions tactic_options(int steps) const {
    TacticOptions result;
    result.disabled = options_.disabled_tactics;
    result.threads = options_.threads;
    const std::string_view reference = road_.tactics.back().name;
    // Operators of plugins and changes of layouts have one kernel alone.
    result.withheld = [this, steps, reference](const Step& step, const Tactic& tactic) {
      const ProblemKind kind = step.problem.kind;
      return kind != ProblemKind::custom && kind != ProblemKind::reorder &&
             tactic.name != reference && (steps == 0 || index_of(step) >= steps);
    };
    return result;
  }

  // Of the steps in their order the first `steps` may have any kernel, the others the reference.
  Plan make_plan(const Graph& graph, int steps, EngineInfo& info) {
    Plan plan = lower(graph);
    plan.profiles = plan_profiles(plan, options_.profiles);
    TacticOptions tactics = tactic_options(steps);
    Tuner tuner({0, false, options_.threads}, cache_, cpu::step_timer());
    arrange(plan, road_.tactics, tactics);
    if (!options_.timing_cache.empty()) tactics.tuner = &tuner;
    choose_tactics(plan, road_.tactics, tactics, info.requirements);
    pack_constants(plan, road_.tactics, tactics);
    require_plugins(plan, road_.plugins, info.requirements);
    info.version = CERMET_VERSION_STRING;
    return plan;
  }

  std::shared_ptr<const Engine> engine_of(const Graph& graph, int steps) {
    EngineInfo info;
    const Plan plan = make_plan(graph, steps, info);
    return Engine::from_memory(engine_bytes(plan, info),
                               {.logger = options_.logger, .plugins = options_.plugins});
  }

  std::vector<Value> outputs_of(const std::shared_ptr<const Engine>& engine) {
    ++report_.runs;
    ContextOptions context_options;
    context_options.threads = options_.threads;
    ExecutionContext context(engine, context_options);
    for (size_t i = 0; i < inputs_.size(); ++i)
      context.set_input(engine->inputs()[i].name, inputs_[i]);
    context.execute();
    std::vector<Value> results;
    for (const TensorInfo& output : engine->outputs())
      results.push_back(context.output_value(output.name));
    return results;
  }

  void run_reference() {
    say("the model as it is, reference kernels");
    const auto engine = engine_of(imported_, 0);
    for (const TensorInfo& output : engine->outputs()) output_names_.push_back(output.name);
    inputs_ = options_.inputs(*engine);
    expected_ = outputs_of(engine);
    const std::vector<Value> again = outputs_of(engine);
    for (size_t i = 0; i < expected_.size(); ++i)
      require(!difference(expected_[i], again[i], options_.tolerance), ErrorCode::unsupported,
              "output '{}' differs between two runs of the same engine on the same inputs: the "
              "model draws random numbers, so that there is nothing to compare with",
              output_names_[i]);
  }

  bool departs(const Graph& graph, int steps) {
    return departs([&] { return engine_of(graph, steps); });
  }

  bool slices_depart() {
    std::shared_ptr<const Engine> engine = road_.in_slices();
    if (engine == nullptr) return false;
    say("the batch in slices");
    return departs([&] { return std::move(engine); });
  }

  template <class MakeEngine>
  bool departs(MakeEngine&& make_engine) {
    std::vector<Value> results;
    if (throws([&] { results = outputs_of(make_engine()); })) return true;
    for (size_t i = 0; i < expected_.size(); ++i)
      if (const auto where = difference(expected_[i], results[i], options_.tolerance)) {
        report_.difference = fmt::format("output '{}', {}", output_names_[i], *where);
        return true;
      }
    return false;
  }

  // The graph after so many patches of all passes together.
  Graph after(int patches) const {
    Graph graph = imported_;
    PassOptions pass_options;
    pass_options.costs = &costs_;
    if (patches == 0) {
      pass_options.all = false;
    } else {
      const PatchId& last = patches_[patches - 1];
      pass_options.stop_after = fmt::format("{}:{}", last.pass, last.number);
    }
    run_passes(graph, pass_options, road_.passes);
    return graph;
  }

  // The least number that is wrong, where 0 is right and `wrong` is not.
  template <class IsWrong>
  static int first_wrong(int wrong, IsWrong&& is_wrong) {
    int right = 0;
    while (wrong - right > 1) {
      const int middle = right + (wrong - right) / 2;
      (is_wrong(middle) ? wrong : right) = middle;
    }
    return wrong;
  }

  bool patches_are_wrong(int count) {
    const PatchId& last = patches_[count - 1];
    say(fmt::format("{} of {} patches, up to {}:{}", count, patches_.size(), last.pass,
                    last.number));
    return departs(after(count), 0);
  }

  BisectReport search_patch() {
    require(report_.patches > 0, ErrorCode::internal,
            "results depart without any patch, from one build to the next: {}", report_.difference);
    const int wrong =
        first_wrong(report_.patches, [&](int count) { return patches_are_wrong(count); });
    return patch_at_fault(wrong);
  }

  // `count` may be one more than the patches that there are: then the next one throws.
  BisectReport patch_at_fault(int count) {
    report_.fault = BisectReport::Fault::patch;
    if (count > report_.patches) {
      // The patches before it may be wrong too, and then come first.
      const std::string thrown = report_.difference;
      if (report_.patches > 0 && patches_are_wrong(report_.patches)) return search_patch();
      report_.difference = thrown;
      return report_;
    }
    const PatchId& patch = patches_[count - 1];
    report_.pass = patch.pass;
    report_.patch = patch.number;
    Descriptions before, after_it;
    describe_all(after(count - 1), before);
    const Graph wrong = after(count);
    describe_all(wrong, after_it);
    Origin origin;
    report_.before = only_in(before, after_it, origin);
    report_.after = only_in(after_it, before, origin);
    report_.nodes = origin.nodes;
    departs(wrong, 0);  // its own difference, not that of the last trial
    return report_;
  }

  // Steps that are made of a step while kernels are chosen have its name in front.
  int index_of(const Step& step) const {
    std::string_view name = step.name;
    if (!indices_.contains(name)) name = name.substr(0, name.rfind('.'));
    const auto found = indices_.find(name);
    return found == indices_.end() ? -1 : found->second;
  }

  void number_steps(const Graph& graph) {
    const Plan plan = lower(graph);
    for_each_step(plan.root.steps, [&](const Step& step) {
      indices_.emplace(step.name, static_cast<int>(indices_.size()));
    });
    report_.steps = indices_.size();
  }

  BisectReport search_step(const Graph& graph) {
    const int count = static_cast<int>(indices_.size());
    const int wrong = first_wrong(count, [&](int steps) {
      say(fmt::format("chosen kernels for {} of {} steps", steps, count));
      return departs(graph, steps);
    });
    departs(graph, wrong);
    report_.fault = BisectReport::Fault::tactic;
    EngineInfo info;
    const Plan plan = make_plan(graph, wrong, info);
    for_each_step(plan.root.steps, [&](const Step& step) {
      if (index_of(step) != wrong - 1 || !report_.step.empty()) return;
      report_.step = step.name;
      report_.problem = step.problem.to_string();
      report_.tactic = step.choice.tactic;
      report_.configuration = step.choice.configuration;
      report_.nodes = step.origin;
    });
    return report_;
  }

  const Graph& imported_;
  const BisectRoad& road_;
  const BisectOptions& options_;
  const cpu::Costs costs_;
  TimingCache cache_;
  BisectReport report_;
  std::vector<PatchId> patches_;
  std::map<std::string, int, std::less<>> indices_;  // of steps, by name
  std::vector<Value> inputs_, expected_;
  std::vector<std::string> output_names_;
};

}  // namespace

BisectReport bisect(const Graph& imported, const BisectRoad& road, const BisectOptions& options) {
  return Bisection(imported, road, options).run();
}

namespace {

// Of a build as the search goes along it.
BuildOptions build_options(const BisectOptions& from) {
  BuildOptions options;
  options.profiles = from.profiles;
  options.threads = from.threads;
  options.tuning_budget = 0;
  options.timing_cache = from.timing_cache;
  options.validate = false;
  options.disabled_tactics = from.disabled_tactics;
  options.plugins = from.plugins;
  options.logger = from.logger;
  return options;
}

}  // namespace

BisectReport bisect_model(const std::string& model_path, const BisectOptions& options) {
  const Plugins plugins(options.plugins, options.logger);
  onnx::OnnxModel model = onnx::read_model_file(model_path);
  const bool has_batch = batch_of(model.graph, options.profiles).has_value();
  apply_profiles(model.graph, options.profiles);
  onnx::ImportOptions import_options;
  import_options.claims = claims_of(plugins);
  const Graph imported = with_context([&] { return model_path; },
                                      [&] { return onnx::import_model(model, import_options); });
  const auto in_slices = [&]() -> std::shared_ptr<const Engine> {
    if (!has_batch) return nullptr;
    const auto engine = Engine::from_memory(build_engine(model_path, build_options(options)),
                                            {.logger = options.logger, .plugins = options.plugins});
    return engine->summary().slice_items > 0 ? engine : nullptr;
  };
  return bisect(imported, {all_passes(), cpu::tactics(), plugins, in_slices}, options);
}

}  // namespace cermet
