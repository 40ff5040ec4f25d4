#include "trtexec_refused.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "common/errors.h"

namespace cermet::tools::trtexec {
namespace {

struct Flag {
  const char* name;
  const char* text;  // the note, or what to do instead
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
    {"--streams", "use --infStreams=N"},
    {"--markDebug", "use `cermet build --mark-output` and then --loadEngine"},
    {"--dumpRefit", no_refit},
};

constexpr Flag without_effect[] = {
    {"--noDataTransfers", "inputs and outputs are in the memory that the CPU computes in"},
    {"--useManagedMemory", "a CPU has one memory"},
    {"--useSpinWait",
     "threads spin anyway before they sleep; `cermet bench --spin` sets for how long"},
    {"--useCudaGraph", "there are no CUDA graphs on a CPU"},
    {"--exposeDMA", "nothing is transferred on a CPU"},
    {"--separateProfileRun", "layers are always timed in runs of their own"},
    {"--directIO", "inputs and outputs are converted only where the IOFormats flags ask for it"},
    {"--ignoreParsedPluginLibs", "libraries are loaded only where a flag names them"},
    {"--profilingVerbosity", "engines always keep the details of their layers"},
    {"--explicitBatch", "the batch is always a dimension of the shapes"},
    {"--noTF32", "float32 is computed in full unless --tf32 is given to `cermet build`"},
    {"--stronglyTyped", "every engine keeps the model's types"},
    {"--builderOptimizationLevel", "every build does all it can within --tuningBudget"},
    {"--excludeLeanRuntime", "an engine file holds no runtime"},
    {"--noBuilderCache", "there is no cache but that of --timingCacheFile"},
};

std::string_view flag_of(std::string_view argument) {
  return argument.substr(0, argument.find('='));
}

const Flag* find(std::span<const Flag> flags, std::string_view name) {
  const auto found =
      std::find_if(flags.begin(), flags.end(), [&](const Flag& flag) { return name == flag.name; });
  return found == flags.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> check_foreign_flags(std::vector<std::string>& arguments) {
  std::vector<std::string> notes, kept;
  for (const std::string& argument : arguments) {
    const std::string_view name = flag_of(argument);
    if (const Flag* flag = find(refused, name))
      fail(ErrorCode::unsupported, "{} is not supported: {}", argument, flag->text);
    if (name == "--device") {
      require(argument == "--device=cpu", ErrorCode::unsupported,
              "{} is not supported: engines run on the CPU; leave it out or say --device=cpu",
              argument);
      continue;
    }
    if (const Flag* flag = find(without_effect, name))
      notes.push_back(fmt::format("{} changes nothing: {}", name, flag->text));
    else
      kept.push_back(argument);
  }
  arguments = std::move(kept);
  return notes;
}

}  // namespace cermet::tools::trtexec
