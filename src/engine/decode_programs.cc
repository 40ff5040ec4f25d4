#include "engine/decode_programs.h"

#include "engine/format.h"

namespace cermet {
namespace {

KernelImage decode_image(const fb::KernelImage& from, const Sections& sections,
                         ValueDecoder& values) {
  const auto section = sections.kernels;
  expect_engine(from.offset() % section_alignment == 0, "offset: expected a multiple of {}, got {}",
                section_alignment, from.offset());
  expect_engine(from.offset() <= section.size() && from.bytes() > 0 &&
                    from.bytes() <= section.size() - from.offset(),
                "expected 1 or more of the {} bytes of the section of kernels, got {} from {}",
                section.size(), from.bytes(), from.offset());
  return {values.text(from.architecture()), section.subspan(from.offset(), from.bytes()),
          sections.owner};
}

LaunchArgument decode_argument(const fb::LaunchArgument& from, ValueDecoder& values) {
  expect_engine(from.kind() <= fb::LaunchArgumentKind::MAX, "kind: expected at most {}, got {}",
                static_cast<int>(fb::LaunchArgumentKind::MAX), static_cast<int>(from.kind()));
  return {static_cast<LaunchArgument::Kind>(from.kind()), from.index(), values.dim(from.value())};
}

Launch decode_launch(const fb::Launch& from, ValueDecoder& values) {
  Launch launch;
  launch.module = static_cast<int32_t>(from.module_());
  launch.function = values.text(from.function());
  const Dims grid = values.dims(from.grid());
  const std::vector<int32_t> block = values.list(from.block());
  expect_engine(grid.size() == 3 && block.size() == 3, "grid, block: expected 3 sizes, got {}, {}",
                grid.size(), block.size());
  for (size_t axis = 0; axis < 3; ++axis) {
    expect_engine(block[axis] >= 1 && block[axis] <= 1024, "block: expected 1 to 1024, got {}",
                  block[axis]);
    launch.grid[axis] = grid[axis];
    launch.block[axis] = block[axis];
  }
  launch.shared_bytes = values.dim(from.shared_bytes());
  for_each_entry(from.arguments(), "argument", [&](const fb::LaunchArgument* argument, size_t) {
    launch.arguments.push_back(decode_argument(*argument, values));
  });
  return launch;
}

LibraryCall decode_call(const fb::LibraryCall& from, ValueDecoder& values) {
  LibraryCall call;
  call.library = values.text(from.library());
  call.version = from.version();
  call.operation = values.text(from.operation());
  for_each_entry(from.sizes(), "size", [&](const fb::NamedSize* size, size_t) {
    const std::string name = values.text(size->name());
    expect_engine(call.sizes.emplace(name, values.dim(size->value())).second,
                  "name: expected each once, got another '{}'", name);
  });
  for_each_entry(from.arguments(), "argument", [&](const fb::LaunchArgument* argument, size_t) {
    call.arguments.push_back(decode_argument(*argument, values));
  });
  const std::vector<uint8_t> algorithm = values.list(from.algorithm());
  call.algorithm.assign(algorithm.begin(), algorithm.end());
  call.algorithm_sizes = values.list(from.algorithm_sizes());
  return call;
}

}  // namespace

Place decode_place(fb::Place place) {
  expect_engine(place <= fb::Place::MAX, "place: expected at most {}, got {}",
                static_cast<int>(fb::Place::MAX), static_cast<int>(place));
  return static_cast<Place>(place);
}

std::vector<DeviceModule> decode_modules(const fb::Engine& engine, const Sections& sections,
                                         ValueDecoder& values) {
  std::vector<DeviceModule> modules;
  for_each_entry(engine.modules(), "module", [&](const fb::Module* from, size_t) {
    DeviceModule module{values.text(from->name()), {}};
    for_each_entry(from->images(), "image", [&](const fb::KernelImage* image, size_t) {
      module.images.push_back(decode_image(*image, sections, values));
    });
    modules.push_back(std::move(module));
  });
  return modules;
}

DeviceProgram decode_program(const fb::Step& step, ValueDecoder& values) {
  DeviceProgram program;
  for_each_entry(step.launches(), "launch", [&](const fb::Launch* launch, size_t) {
    program.launches.push_back(decode_launch(*launch, values));
  });
  if (step.call() != nullptr)
    in_field([] { return "call"; }, [&] { program.call = decode_call(*step.call(), values); });
  if (step.workspace_bytes() != -1) program.workspace_bytes = values.dim(step.workspace_bytes());
  return program;
}

}  // namespace cermet
