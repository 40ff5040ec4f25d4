#include "engine/writer_metadata.h"

#include "base/error.h"
#include "engine/format.h"
#include "engine/writer_values.h"

namespace cermet {
namespace {

template <class T>
using Offset = flatbuffers::Offset<T>;

// As FlatBuffers keep them.
std::vector<fb::InPlace> pairs(const std::vector<std::pair<int32_t, int32_t>>& from) {
  std::vector<fb::InPlace> result;
  result.reserve(from.size());
  for (const auto& [output, input] : from) result.emplace_back(output, input);
  return result;
}

// One plan; sizes and types are its own.
class MetadataEncoder {
  template <class From, class Encode>
  auto each(const std::vector<From>& list, Encode&& encode) {
    std::vector<decltype(encode(list[0]))> offsets;
    offsets.reserve(list.size());
    for (const From& from : list) offsets.push_back(encode(from));
    return values_.tables(offsets);
  }

 public:
  explicit MetadataEncoder(flatbuffers::FlatBufferBuilder& builder) : builder_(builder) {}

  Offset<fb::Engine> encode(const Plan& plan, const EngineInfo& info,
                            std::span<const ConstantPlace> places, const PlacedKernels& kernels,
                            Offset<fb::Engine> on_cpu) {
    const auto version = values_.text(info.version);
    const auto options = values_.text(info.options);
    const auto requirements = values_.texts(info.requirements);
    const auto features = values_.texts(info.cpu_features);
    const auto buffers = each(plan.buffers, [&](const Buffer& from) { return buffer(from); });
    const auto constants = this->constants(plan.constants, places);
    const auto root = region(plan.root, 0);
    const auto profiles = each(plan.profiles, [&](const Profile& from) { return profile(from); });
    const auto input_names = values_.texts(plan.input_names);
    const auto output_names = values_.texts(plan.output_names);
    const int32_t batch = plan.batch ? static_cast<int32_t>(values_.dim(*plan.batch)) : -1;
    const auto modules = this->modules(plan.modules, kernels);
    // Last, when all of them have been met.
    const auto types = values_.all_types();
    const auto dims = values_.all_dims();
    return fb::CreateEngine(builder_, version, options, requirements, features, dims, types,
                            buffers, constants, root, profiles, input_names, output_names, batch,
                            modules, on_cpu);
  }

 private:
  Offset<fb::Buffer> buffer(const Buffer& from) {
    const auto name = values_.text(from.name);
    const auto type = values_.type(from.type);
    const auto layout = values_.layout(from.layout);
    const int32_t alias_offset = from.alias_offset.is_constant(0)
                                     ? -1
                                     : static_cast<int32_t>(values_.dim(from.alias_offset));
    return fb::CreateBuffer(builder_, name, type, static_cast<fb::Storage>(from.storage), layout,
                            from.constant, from.alias, alias_offset,
                            static_cast<fb::Place>(from.place));
  }

  TableOffsets<fb::Constant> constants(const std::vector<PlanConstant>& constants,
                                       std::span<const ConstantPlace> places) {
    std::vector<Offset<fb::Constant>> offsets;
    for (size_t i = 0; i < constants.size(); ++i) {
      const Tensor& tensor = constants[i].tensor;
      const auto shape = values_.list(tensor.shape());
      const auto initializers = values_.texts(constants[i].initializers);
      const auto operations = values_.texts(constants[i].operations);
      const auto form = values_.text(constants[i].form);
      offsets.push_back(fb::CreateConstant(builder_, static_cast<uint8_t>(tensor.type()), shape,
                                           places[i].offset, places[i].bytes, initializers,
                                           operations, form));
    }
    return values_.tables(offsets);
  }

  Offset<fb::Operand> operand(const std::optional<Operand>& from) {
    if (!from) return fb::CreateOperand(builder_);
    const auto type = static_cast<int32_t>(values_.type(from->type));
    const auto layout = values_.layout(from->layout);
    return fb::CreateOperand(builder_, type, layout, from->constant);
  }

  Offset<flatbuffers::String> expression(const ScalarExpr& expression) {
    if (expression.empty()) return 0;
    const std::string text = expression.to_string();
    require(ScalarExpr::parse(text).to_string() == text, ErrorCode::internal,
            "the expression '{}' is another when it is read again", text);
    return values_.text(text);
  }

  Offset<fb::Problem> problem(const Problem& from) {
    const auto encode = [&](const std::optional<Operand>& entry) { return operand(entry); };
    const auto kind = values_.text(std::string(name(from.kind)));
    const auto domain = values_.text(from.domain);
    const auto op = values_.text(from.op);
    const auto attributes = values_.attributes(from.attributes);
    const auto inputs = each(from.inputs, encode);
    const auto outputs = each(from.outputs, encode);
    const auto expression = this->expression(from.expression);
    const auto dims = values_.list(values_.dims(from.dims));
    return fb::CreateProblem(builder_, kind, domain, op, attributes, inputs, outputs, expression,
                             static_cast<uint32_t>(from.epilogue_first), dims);
  }

  Offset<fb::Choice> choice(const Choice& from) {
    const auto tactic = values_.text(from.tactic);
    const auto configuration = values_.text(from.configuration);
    return fb::CreateChoice(builder_, tactic, from.version, configuration);
  }

  Offset<fb::Step> step(const Step& from, int depth) {
    const auto name = values_.text(from.name);
    const auto problem = this->problem(from.problem);
    const auto inputs = values_.list(from.inputs);
    const auto outputs = values_.list(from.outputs);
    const auto choice = this->choice(from.choice);
    const auto origin = values_.texts(from.origin);
    const auto regions =
        each(from.regions, [&](const Region& inner) { return region(inner, depth + 1); });
    const auto in_place =
        from.in_place.empty() ? 0 : builder_.CreateVectorOfStructs(pairs(from.in_place));
    const auto launches =
        each(from.program.launches, [&](const Launch& entry) { return launch(entry); });
    const int32_t workspace = from.program.workspace_bytes.is_constant(0)
                                  ? -1
                                  : static_cast<int32_t>(values_.dim(from.program.workspace_bytes));
    return fb::CreateStep(builder_, name, problem, inputs, outputs, choice, origin, regions,
                          in_place, static_cast<fb::Place>(from.place), launches, workspace);
  }

  Offset<fb::Launch> launch(const Launch& from) {
    const auto function = values_.text(from.function);
    const auto grid = values_.list(values_.dims({from.grid.begin(), from.grid.end()}));
    const auto block = values_.list(std::vector<int32_t>(from.block.begin(), from.block.end()));
    const auto arguments = each(from.arguments, [&](const LaunchArgument& argument) {
      return fb::CreateLaunchArgument(builder_, static_cast<fb::LaunchArgumentKind>(argument.kind),
                                      argument.index, values_.dim(argument.value));
    });
    return fb::CreateLaunch(builder_, static_cast<uint32_t>(from.module), function, grid, block,
                            values_.dim(from.shared_bytes), arguments);
  }

  TableOffsets<fb::Module> modules(const std::vector<DeviceModule>& modules,
                                   const PlacedKernels& kernels) {
    std::vector<Offset<fb::Module>> offsets;
    for (size_t i = 0; i < modules.size(); ++i) {
      std::vector<Offset<fb::KernelImage>> images;
      for (size_t k = 0; k < modules[i].images.size(); ++k) {
        const KernelImage& image = modules[i].images[k];
        images.push_back(fb::CreateKernelImage(builder_, values_.text(image.architecture),
                                               kernels.offsets[i][k], image.bytes.size()));
      }
      const auto name = values_.text(modules[i].name);
      offsets.push_back(fb::CreateModule(builder_, name, values_.tables(images)));
    }
    return values_.tables(offsets);
  }

  Offset<fb::Region> region(const Region& from, int depth) {
    require(depth <= max_region_depth, ErrorCode::unsupported,
            "expected at most {} branches and loops within each other, got more; simplify the "
            "model's control flow",
            max_region_depth);
    const auto inputs = values_.list(from.inputs);
    const auto outputs = values_.list(from.outputs);
    const auto steps = each(from.steps, [&](const Step& entry) {
      return with_context([&] { return fmt::format("step '{}'", entry.name); },
                          [&] { return step(entry, depth); });
    });
    return fb::CreateRegion(builder_, inputs, outputs, steps);
  }

  Offset<fb::Profile> profile(const Profile& from) {
    const auto inputs = each(from.inputs, [&](const ProfileInput& input) {
      const auto name = values_.text(input.name);
      const auto min = values_.list(input.min);
      const auto opt = values_.list(input.opt);
      const auto max = values_.list(input.max);
      return fb::CreateProfileInput(builder_, name, min, opt, max);
    });
    return fb::CreateProfile(builder_, inputs);
  }

  flatbuffers::FlatBufferBuilder& builder_;
  ValueEncoder values_{builder_};
};

flatbuffers::DetachedBuffer encode(const Plan& plan, const EngineInfo& info,
                                   const EngineImage* on_cpu, std::span<const ConstantPlace> places,
                                   const PlacedKernels& kernels) {
  flatbuffers::FlatBufferBuilder builder{1 << 16};
  const size_t first = plan.constants.size();
  Offset<fb::Engine> second = 0;
  if (on_cpu != nullptr)
    second =
        MetadataEncoder(builder).encode(on_cpu->plan, on_cpu->info, places.subspan(first), {}, 0);
  fb::FinishEngineBuffer(
      builder, MetadataEncoder(builder).encode(plan, info, places.first(first), kernels, second));
  return builder.Release();
}

}  // namespace

flatbuffers::DetachedBuffer encode_metadata(const Plan& plan, const EngineInfo& info,
                                            const EngineImage* on_cpu,
                                            std::span<const ConstantPlace> places,
                                            const PlacedKernels& kernels) {
  return with_context([] { return "writing the engine"; },
                      [&] { return encode(plan, info, on_cpu, places, kernels); });
}

}  // namespace cermet
