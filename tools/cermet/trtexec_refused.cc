#include "trtexec_refused.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "common/errors.h"

namespace cermet::tools::trtexec {
namespace {

struct Flag {
  const char* name;
  const char* text;  // what to do instead
};

constexpr char types_stay[] =
    "an engine computes in the model's own types; convert the model and leave the flag out";
constexpr char quantised_model[] =
    "quantise the model with QuantizeLinear and DequantizeLinear and leave the flag out";
constexpr char no_dla[] = "there are no DLA cores; leave it out";
constexpr char no_refit[] = "engines can't be refitted or stripped of weights yet; build anew";
constexpr char one_profile[] = "one profile a build; leave it out";
constexpr char no_sparsity[] = "kernels for sparse weights don't exist yet; leave it out";

constexpr Flag refused[] = {
    {"--fp8", types_stay},
    {"--int4", types_stay},
    {"--int8", quantised_model},
    {"--best", types_stay},
    {"--calib", quantised_model},
    {"--calibProfile", quantised_model},
    {"--precisionConstraints", types_stay},
    {"--layerPrecisions", types_stay},
    {"--layerOutputTypes", types_stay},
    {"--useDLACore", no_dla},
    {"--allowGPUFallback", no_dla},
    {"--buildDLAStandalone", no_dla},
    {"--timingCache", "use --timingCacheFile=FILE, or leave both out for no cache"},
    {"--refit", no_refit},
    {"--stripWeights", no_refit},
    {"--timeRefit", no_refit},
    {"--profile", one_profile},
    {"--useProfile", one_profile},
    {"--setPluginsToSerialize",
     "an engine file carries no code; keep the library and give it by --plugins when the engine is "
     "loaded"},
    {"--sparsity", no_sparsity},
    {"--safe", "there is no restricted runtime; leave it out"},
    {"--versionCompatible", "an engine runs with the version that wrote it; leave it out"},
    {"--hardwareCompatibilityLevel", "an engine is built for this machine; leave it out"},
    {"--tacticSources", "use `cermet build --tactic-sources` and then --loadEngine"},
    {"--uff", "only ONNX models are read; convert it and use --onnx"},
    {"--deploy", "only ONNX models are read; convert it and use --onnx"},
    {"--model", "only ONNX models are read; convert it and use --onnx"},
    {"--batch", "the batch is a dimension of the shapes; use --shapes"},
    {"--maxBatch", "the batch is a dimension of the shapes; use --maxShapes"},
    {"--workspace", "use --memPoolSize=workspace:N"},
    {"--markDebug", "use `cermet build --mark-output` and then --loadEngine"},
    {"--dumpRefit", no_refit},
};

struct Note {
  const char* name;
  const char* on_cpu;
  const char* on_gpu;  // nullptr: the same
};

constexpr Note without_effect[] = {
    {"--useManagedMemory", "a CPU has one memory",
     "tensors lie in the host's memory and are copied, or with --noDataTransfers in the GPU's"},
    {"--useSpinWait",
     "threads spin anyway before they sleep; `cermet bench --spin` sets for how long",
     "the driver decides how the host waits for the GPU"},
    {"--useCudaGraph", "there are no CUDA graphs on a CPU",
     "what follows each other on the GPU is always launched as a graph from the second run on"},
    {"--exposeDMA", "nothing is transferred on a CPU",
     "copies and kernels of a stream always follow each other"},
    {"--separateProfileRun", "layers are always timed in runs of their own", nullptr},
    {"--directIO", "inputs and outputs are converted only where the IOFormats flags ask for it",
     nullptr},
    {"--ignoreParsedPluginLibs", "libraries are loaded only where a flag names them", nullptr},
    {"--profilingVerbosity", "engines always keep the details of their layers", nullptr},
    {"--explicitBatch", "the batch is always a dimension of the shapes", nullptr},
    {"--noTF32", "float32 is computed in full unless --tf32 is given to `cermet build`", nullptr},
    {"--stronglyTyped", "every engine keeps the model's types", nullptr},
    {"--builderOptimizationLevel", "every build does all it can within --tuningBudget", nullptr},
    {"--excludeLeanRuntime", "an engine file holds no runtime", nullptr},
    {"--noBuilderCache", "there is no cache but that of --timingCacheFile",
     "compiled kernels are kept in CERMET_KERNEL_CACHE, which an empty value turns off"},
};

std::string_view flag_of(std::string_view argument) {
  return argument.substr(0, argument.find('='));
}

template <class Entry>
const Entry* find(std::span<const Entry> entries, std::string_view name) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return name == entry.name; });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> check_foreign_flags(std::vector<std::string>& arguments) {
  std::vector<std::string> ignored, kept;
  for (const std::string& argument : arguments) {
    const std::string_view name = flag_of(argument);
    if (const Flag* flag = find<Flag>(refused, name))
      fail(ErrorCode::unsupported, "{} is not supported: {}", argument, flag->text);
    if (find<Note>(without_effect, name) != nullptr)
      ignored.emplace_back(name);
    else
      kept.push_back(argument);
  }
  arguments = std::move(kept);
  return ignored;
}

std::string note_on(const std::string& flag, bool uses_gpu) {
  const Note& note = *find<Note>(without_effect, flag);
  return fmt::format("{} changes nothing: {}", flag,
                     uses_gpu && note.on_gpu != nullptr ? note.on_gpu : note.on_cpu);
}

}  // namespace cermet::tools::trtexec
