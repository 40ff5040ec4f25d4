#include "builder/tactic_sources.h"

#include <algorithm>
#include <array>

#include "backends/cuda/run/library_calls.h"
#include "base/error.h"

namespace cermet {
namespace {

struct Source {
  std::string_view name;
  bool by_default;
  bool of_gpu;
};
constexpr std::string_view own = "cermet";
constexpr std::array sources{
    Source{own, true, false},
    Source{"onednn", true, false},
    Source{"cublaslt", false, true},
    Source{"cudnn", false, true},
};

const Source* find_source(std::string_view name) {
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [&](const Source& source) { return source.name == name; });
  return found == sources.end() ? nullptr : &*found;
}

// CUBLAS_LT, as TensorRT writes it, is cublaslt.
std::string source_named(const std::string& text) {
  std::string name;
  for (const char c : text)
    if (c != '_') name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (find_source(name) != nullptr) return name;
  std::string known;
  for (const Source& source : sources)
    known += fmt::format("{}{}", known.empty() ? "" : ", ", source.name);
  fail(ErrorCode::invalid_argument, "there is no source of kernels '{}'; there are: {}", text,
       known);
}

bool holds(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_signed(const std::string& text) { return text.starts_with('+') || text.starts_with('-'); }

std::vector<std::string> chosen_from(const std::vector<std::string>& given) {
  std::vector<std::string> result;
  const bool changes = given.empty() || is_signed(given[0]);
  for (const Source& source : sources)
    if (changes && source.by_default) result.emplace_back(source.name);
  for (const std::string& text : given) {
    require(is_signed(text) == changes, ErrorCode::invalid_argument,
            "the sources of kernels are either all of them, as cermet,cublaslt, or all with + or "
            "-, as +cublaslt,-onednn; got '{}'",
            fmt::join(given, ","));
    const std::string name = source_named(changes ? text.substr(1) : text);
    if (text.starts_with('-'))
      std::erase(result, name);
    else if (!holds(result, name))
      result.push_back(name);
  }
  require(holds(result, own), ErrorCode::invalid_argument,
          "the sources of kernels are {} without {}, whose kernels alone compute every operator",
          fmt::join(result, ","), own);
  return result;
}

}  // namespace

bool TacticSources::has(std::string_view source) const {
  return holds(chosen_from, source) || holds(yardsticks, source);
}

TacticSources tactic_sources(const BuildOptions& options) {
  TacticSources result;
  result.chosen_from = chosen_from(options.tactic_sources);
  for (const std::string& text : options.compared_sources) {
    const std::string name = source_named(text);
    if (!result.has(name)) result.yardsticks.push_back(name);
  }
  return result;
}

bool is_of_gpu(std::string_view source) {
  const Source* found = find_source(source);
  return found != nullptr && found->of_gpu;
}

void leave_out_gpu_sources(BuildOptions& options) {
  for (auto* list : {&options.tactic_sources, &options.compared_sources})
    std::erase_if(*list, [](const std::string& text) {
      return is_of_gpu(source_named(is_signed(text) ? text.substr(1) : text));
    });
}

void state_versions(const Plan& plan, std::vector<std::string>& requirements) {
  for_each_step(plan.root.steps, [&](const Step& step) {
    if (!step.program.call) return;
    const std::string text = cuda::requirement_text(*step.program.call);
    const std::string name = text.substr(0, text.find(' '));
    std::replace(requirements.begin(), requirements.end(), name, text);
  });
}

}  // namespace cermet
