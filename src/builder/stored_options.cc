#include "builder/stored_options.h"

#include "engine/decode_values.h"

namespace cermet {
namespace {

template <class T>
using Offset = flatbuffers::Offset<T>;
template <class T>
using Tables = flatbuffers::Vector<Offset<T>>;

Offset<Tables<fb::Profile>> encode(flatbuffers::FlatBufferBuilder& builder,
                                   const std::vector<ShapeProfile>& profiles) {
  std::vector<Offset<fb::Profile>> list;
  for (const ShapeProfile& profile : profiles) {
    std::vector<Offset<fb::ProfileInput>> inputs;
    for (const ShapeRange& range : profile)
      inputs.push_back(fb::CreateProfileInputDirect(builder, range.name.c_str(), &range.min,
                                                    &range.opt, &range.max));
    list.push_back(fb::CreateProfileDirect(builder, &inputs));
  }
  return builder.CreateVector(list);
}

Offset<Tables<fb::TensorFormat>> encode(flatbuffers::FlatBufferBuilder& builder,
                                        const std::vector<TensorFormat>& formats) {
  std::vector<Offset<fb::TensorFormat>> list;
  for (const TensorFormat& format : formats)
    list.push_back(fb::CreateTensorFormatDirect(builder, format.name.c_str(),
                                                static_cast<uint8_t>(format.type),
                                                static_cast<uint8_t>(format.layout)));
  return builder.CreateVector(list);
}

std::string text(const flatbuffers::String* from) { return from == nullptr ? "" : from->str(); }

std::vector<std::string> texts(const Tables<flatbuffers::String>* from) {
  std::vector<std::string> result;
  if (from != nullptr)
    for (const flatbuffers::String* each : *from) result.push_back(each->str());
  return result;
}

Shape shape(const flatbuffers::Vector<int64_t>* from) {
  return from == nullptr ? Shape() : Shape(from->begin(), from->end());
}

std::vector<ShapeProfile> decode(const Tables<fb::Profile>* from) {
  std::vector<ShapeProfile> result;
  for_each_entry(from, "profiles", [&](const fb::Profile* profile, size_t) {
    ShapeProfile ranges;
    for_each_entry(profile->inputs(), "inputs", [&](const fb::ProfileInput* input, size_t) {
      ranges.push_back(
          {text(input->name()), shape(input->min()), shape(input->opt()), shape(input->max())});
    });
    result.push_back(std::move(ranges));
  });
  return result;
}

std::vector<TensorFormat> decode(const Tables<fb::TensorFormat>* from, std::string_view field) {
  std::vector<TensorFormat> result;
  for_each_entry(from, field, [&](const fb::TensorFormat* format, size_t) {
    expect_engine(format->layout() <= static_cast<int>(TensorLayout::channels_last),
                  "layout: expected at most {}, got {}",
                  static_cast<int>(TensorLayout::channels_last), format->layout());
    result.push_back({text(format->name()), decode_element(format->element()),
                      static_cast<TensorLayout>(format->layout())});
  });
  return result;
}

}  // namespace

Offset<fb::BuildOptions> encode_options(flatbuffers::FlatBufferBuilder& builder,
                                        const BuildOptions& options) {
  const auto list = [&](const std::vector<std::string>& from) {
    return builder.CreateVectorOfStrings(from);
  };
  const auto device = builder.CreateString(options.device);
  const auto architectures = list(options.architectures);
  const auto profiles = encode(builder, options.profiles);
  const auto skip_passes = list(options.skip_passes);
  const auto only_passes = list(options.only_passes);
  const auto stop_after = builder.CreateString(options.stop_after);
  const auto marked_outputs = list(options.marked_outputs);
  const auto disabled_tactics = list(options.disabled_tactics);
  const auto input_formats = encode(builder, options.input_formats);
  const auto output_formats = encode(builder, options.output_formats);
  return fb::CreateBuildOptions(builder, device, architectures, !options.fallback, profiles,
                                options.threads, options.memory_limit,
                                static_cast<uint8_t>(options.precision), options.tf32, skip_passes,
                                !options.all_passes, only_passes, stop_after, marked_outputs,
                                disabled_tactics, input_formats, output_formats);
}

BuildOptions decode_options(const fb::BuildOptions& from) {
  BuildOptions options;
  options.device = text(from.device());
  options.architectures = texts(from.architectures());
  options.fallback = !from.no_fallback();
  options.profiles = decode(from.profiles());
  expect_engine(from.threads() >= 0, "threads: expected 0 or more, got {}", from.threads());
  options.threads = from.threads();
  options.memory_limit = from.memory_limit();
  expect_engine(from.precision() <= static_cast<int>(Precision::bfloat16),
                "precision: expected at most {}, got {}", static_cast<int>(Precision::bfloat16),
                from.precision());
  options.precision = static_cast<Precision>(from.precision());
  options.tf32 = from.tf32();
  options.skip_passes = texts(from.skip_passes());
  options.all_passes = !from.only_listed_passes();
  options.only_passes = texts(from.only_passes());
  options.stop_after = text(from.stop_after());
  options.marked_outputs = texts(from.marked_outputs());
  options.disabled_tactics = texts(from.disabled_tactics());
  options.input_formats = decode(from.input_formats(), "input_formats");
  options.output_formats = decode(from.output_formats(), "output_formats");
  return options;
}

}  // namespace cermet
