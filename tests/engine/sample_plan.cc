#include "tests/engine/sample_plan.h"

#include "base/error.h"
#include "base/scalar.h"

namespace cermet {
namespace {

constexpr auto f32 = ElementType::float32;
constexpr auto i64 = ElementType::int64;

Dim sample_size() { return floor_div(Dim::symbol("N") * 3 + 1, 2); }

BufferId add(Plan& plan, std::string name, ValueType type, Storage storage) {
  Buffer buffer;
  buffer.name = std::move(name);
  buffer.type = std::move(type);
  buffer.storage = storage;
  plan.buffers.push_back(std::move(buffer));
  return static_cast<BufferId>(plan.buffers.size() - 1);
}

BufferId add_constant(Plan& plan, std::string name, Tensor tensor) {
  const ValueType type = ValueType::tensor(tensor.type(), to_dims(tensor.shape()));
  const BufferId id = add(plan, std::move(name), type, Storage::constant);
  plan.buffers[id].constant = static_cast<int32_t>(plan.constants.size());
  plan.constants.push_back({std::move(tensor), {"w." + plan.buffers[id].name}, {"fold", "cast"}});
  return id;
}

std::optional<Operand> operand(const Plan& plan, BufferId id) {
  if (id == no_buffer) return std::nullopt;
  const Buffer& buffer = plan.buffer(id);
  return Operand{buffer.type, buffer.layout, buffer.storage == Storage::constant};
}

Step step(const Plan& plan, ProblemKind kind, std::string op, std::vector<BufferId> inputs,
          std::vector<BufferId> outputs) {
  Step made;
  made.name = op + "_step";
  made.problem.kind = kind;
  made.problem.op = std::move(op);
  for (const BufferId id : inputs) made.problem.inputs.push_back(operand(plan, id));
  for (const BufferId id : outputs) made.problem.outputs.push_back(operand(plan, id));
  made.inputs = std::move(inputs);
  made.outputs = std::move(outputs);
  made.choice = {"cpu.reference", 3, "tile=8x8"};
  made.origin = {"node_" + made.name, ""};
  return made;
}

Attributes every_attribute() {
  Attributes attributes;
  attributes.set("integer", int64_t{-7});
  attributes.set("number", 0.1);
  attributes.set("text", std::string("a\0\xff", 3));
  attributes.set("tensor", Tensor::from<float>(f32, {2}, {1.5F, -2}));
  attributes.set("strings", Tensor::from<std::string>(ElementType::string, {2}, {"x", ""}));
  attributes.set("integers", std::vector<int64_t>{1, INT64_MIN});
  attributes.set("numbers", std::vector<double>{-0.0, 1e300});
  attributes.set("texts", std::vector<std::string>{"", "b"});
  attributes.set("no_integers", std::vector<int64_t>{});
  return attributes;
}

Step convolution(Plan& plan, BufferId x, BufferId weights, BufferId y) {
  Step made = step(plan, ProblemKind::convolution, "Conv", {x, weights, no_buffer, x}, {y});
  made.problem.domain = "com.example";
  made.problem.attributes = every_attribute();
  made.problem.epilogue_first = 3;
  ScalarExpr& expression = made.problem.expression;
  const int own = expression.input(0, f32);
  const int other = expression.input(1, f32);
  expression.add_result(expression.apply(ScalarOp::add, f32, {own, other}));
  made.in_place = {{0, 3}};
  return made;
}

Step branch(Plan& plan, BufferId condition, BufferId x, BufferId result) {
  Step made = step(plan, ProblemKind::branch, "If", {condition, x}, {result});
  for (const std::string op : {"Neg", "Abs"}) {
    const BufferId inner = add(plan, op + ".y", plan.buffer(x).type, Storage::activation);
    Region region{{x}, {inner}, {}};
    region.steps.push_back(step(plan, ProblemKind::reference, op, {x}, {inner}));
    made.regions.push_back(std::move(region));
  }
  return made;
}

Step dims_step(Plan& plan, BufferId shape) {
  Step made = step(plan, ProblemKind::dims, "", {}, {shape});
  made.problem.dims = {Dim(4), sample_size()};
  return made;
}

DeviceProgram sample_program() {
  using Kind = LaunchArgument::Kind;
  const Dim size = operand_size(true, 0, 0) * 3;
  DeviceProgram program;
  for (int32_t module = 0; module < 2; ++module) {
    Launch launch;
    launch.module = module;
    launch.function = "add";
    launch.grid = {ceil_div(size, 128), 2, 1};
    launch.block = {128, 1, 2};
    launch.shared_bytes = size * 4;
    launch.arguments = {{Kind::input, 0, 0},
                        {Kind::input, 1, 4},
                        {Kind::output, 0, 0},
                        {Kind::workspace, 0, size * 8},
                        {Kind::size, 0, size}};
    program.launches.push_back(std::move(launch));
  }
  program.workspace_bytes = size * 16;
  return program;
}

KernelImage code(std::string architecture, const std::string& text) {
  const auto bytes = std::make_shared<const std::string>(text);
  return {std::move(architecture), std::as_bytes(std::span(*bytes)), bytes};
}

void dump_program(const DeviceProgram& program, std::string& text) {
  for (const Launch& launch : program.launches) {
    text += fmt::format("  {}/{} {} {} {} of {} {} {}, {} bytes:", launch.module, launch.function,
                        launch.grid[0].to_string(), launch.grid[1].to_string(),
                        launch.grid[2].to_string(), launch.block[0], launch.block[1],
                        launch.block[2], launch.shared_bytes.to_string());
    for (const LaunchArgument& argument : launch.arguments)
      text += fmt::format(" {}/{}/{}", static_cast<int>(argument.kind), argument.index,
                          argument.value.to_string());
    text += '\n';
  }
  if (!program.empty())
    text += fmt::format("  workspace {}\n", program.workspace_bytes.to_string());
}

std::string_view letters(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void dump_tensor(const Tensor& tensor, std::string& text) {
  text += fmt::format("{}{}:", name(tensor.type()), to_string(tensor.shape()));
  if (tensor.type() == ElementType::string) {
    for (int64_t i = 0; i < tensor.elements(); ++i) text += tensor.as<std::string>()[i] + "|";
  } else {
    for (size_t i = 0; i < tensor.bytes(); ++i)
      text += fmt::format("{:02x}", tensor.as<uint8_t>()[i]);
  }
  text += '\n';
}

}  // namespace

EngineImage sample_image() {
  EngineImage image;
  image.info = {"0.1.0", "--profile x", {"onednn 3.2", ""}, {"avx2", "fma"}};
  Plan& plan = image.plan;
  const ValueType square = ValueType::tensor(f32, Dims{Dim(2), Dim::symbol("N"), Dim(4), Dim(4)});
  const BufferId x = add(plan, "x", square, Storage::input);
  const BufferId condition =
      add(plan, "c", ValueType::tensor(ElementType::boolean, Dims{}), Storage::input);
  const BufferId y = add(plan, "y", square, Storage::activation);
  plan.buffers[y].layout = Layout::channels_last(4);
  const BufferId blocked = add(plan, "blocked", square, Storage::workspace);
  plan.buffers[blocked].layout = {{}, 1, 16};
  const BufferId view = add(plan, "view", square, Storage::activation);
  plan.buffers[view].alias = y;
  const BufferId state = add(plan, "state", ValueType::tensor(i64, std::nullopt), Storage::state);
  const BufferId sequence =
      add(plan, "sequence",
          ValueType::optional(ValueType::sequence(ValueType::tensor(f32, std::nullopt))),
          Storage::activation);
  const BufferId shape =
      add(plan, "shape", ValueType::tensor(i64, Dims{Dim(2)}), Storage::activation);
  const BufferId result = add(plan, "result", square, Storage::output);
  const BufferId weights = add_constant(plan, "w", Tensor::from<float>(f32, {3}, {1, 2, 3}));
  add_constant(plan, "same", Tensor::from<float>(f32, {3, 1}, {1, 2, 3}));
  add_constant(plan, "int4", Tensor::from<uint8_t>(ElementType::int4, {3}, {0x21, 0x03}));
  add_constant(plan, "empty", Tensor(f32, {0, 2}));
  const BufferId words = add_constant(
      plan, "words", Tensor::from<std::string>(ElementType::string, {2, 1}, {"one", ""}));
  const BufferId cut =
      add(plan, "cut", ValueType::tensor(f32, Dims{Dim(1), Dim::symbol("N")}), Storage::activation);
  plan.buffers[cut].alias = view;
  plan.buffers[cut].alias_offset = Dim::symbol("N") * 4;
  plan.root.inputs = {x, condition};
  plan.root.outputs = {result};
  plan.input_names = {"x", "c"};
  plan.output_names = {"result"};
  plan.root.steps.push_back(convolution(plan, x, weights, y));
  plan.root.steps.push_back(step(plan, ProblemKind::view, "Reshape", {y}, {view}));
  plan.root.steps.push_back(dims_step(plan, shape));
  plan.root.steps.push_back(
      step(plan, ProblemKind::reference, "Odd", {words, no_buffer}, {sequence, no_buffer, state}));
  plan.root.steps.push_back(branch(plan, condition, view, result));
  plan.root.steps.push_back(step(plan, ProblemKind::view, "Slice", {view}, {cut}));
  plan.profiles = {{{{"x", {2, 1, 4, 4}, {2, 8, 4, 4}, {2, 16, 4, 4}}}}, {}};
  return image;
}

EngineImage device_image() {
  EngineImage image;
  image.info = {"0.1.0", "--device cuda --arch sm_90", {}, {}};
  Plan& plan = image.plan;
  const ValueType rows = ValueType::tensor(f32, Dims{Dim::symbol("N"), Dim(3)});
  const BufferId x = add(plan, "x", rows, Storage::input);
  const BufferId near = add(plan, "x.device", rows, Storage::activation);
  const BufferId weights = add_constant(plan, "w", Tensor::from<float>(f32, {3}, {1, 2, 3}));
  const BufferId sum = add(plan, "sum", rows, Storage::activation);
  const BufferId flat =
      add(plan, "flat", ValueType::tensor(f32, Dims{Dim::symbol("N") * 3}), Storage::activation);
  plan.buffers[flat].alias = sum;
  for (const BufferId id : {near, weights, sum, flat}) plan.buffers[id].place = Place::device;
  const BufferId y = add(plan, "y", plan.buffer(flat).type, Storage::output);
  plan.root.inputs = {x};
  plan.root.outputs = {y};
  plan.input_names = {"x"};
  plan.output_names = {"y"};
  plan.root.steps.push_back(step(plan, ProblemKind::copy, "Copy", {x}, {near}));
  plan.root.steps.push_back(step(plan, ProblemKind::reference, "Add", {near, weights}, {sum}));
  Step& device = plan.root.steps.back();
  device.choice = {"cuda.pointwise", 1, "w4"};
  device.place = Place::device;
  device.program = sample_program();
  plan.root.steps.push_back(step(plan, ProblemKind::view, "Reshape", {sum}, {flat}));
  plan.root.steps.back().place = Place::device;
  plan.root.steps.push_back(step(plan, ProblemKind::copy, "Copy", {flat}, {y}));
  for (const std::string name : {"0123456789abcdef", "fedcba9876543210"})
    plan.modules.push_back({name, {code("sm_90", name + " cubin"), code("compute_90", "ptx")}});
  return image;
}

EngineImage two_plans_image() {
  EngineImage image = device_image();
  image.on_cpu = std::make_shared<EngineImage>();
  image.on_cpu->info = {"0.1.0", "--threads 2", {"onednn 3.2"}, {"avx2"}};
  Plan& plan = image.on_cpu->plan;
  const ValueType rows = ValueType::tensor(f32, Dims{Dim::symbol("N"), Dim(3)});
  const BufferId x = add(plan, "x", rows, Storage::input);
  add_constant(plan, "own", Tensor::from<float>(f32, {2}, {7, 8}));
  const BufferId weights = add_constant(plan, "w", Tensor::from<float>(f32, {3}, {1, 2, 3}));
  const BufferId sum = add(plan, "sum", rows, Storage::activation);
  const BufferId y =
      add(plan, "y", ValueType::tensor(f32, Dims{Dim::symbol("N") * 3}), Storage::output);
  plan.buffers[y].alias = sum;
  plan.root.inputs = {x};
  plan.root.outputs = {y};
  plan.input_names = {"x"};
  plan.output_names = {"y"};
  plan.root.steps.push_back(step(plan, ProblemKind::reference, "Add", {x, weights}, {sum}));
  plan.root.steps.push_back(step(plan, ProblemKind::view, "Reshape", {sum}, {y}));
  static const std::string description = "a model", data(130, '7');
  image.model = {std::as_bytes(std::span(description)), {std::as_bytes(std::span(data))}, nullptr};
  return image;
}

std::string dump(const EngineImage& image) {
  const Plan& plan = image.plan;
  std::string text =
      fmt::format("{}|{}|{}|{}\n", image.info.version, image.info.options,
                  fmt::join(image.info.requirements, ","), fmt::join(image.info.cpu_features, ","));
  for (const Buffer& buffer : plan.buffers)
    text += fmt::format("{} {} {} {} {} {} {} {}\n", buffer.name, buffer.type.to_string(),
                        name(buffer.storage), buffer.layout.to_string(), buffer.constant,
                        buffer.alias, buffer.alias_offset.to_string(), name(buffer.place));
  for (const PlanConstant& constant : plan.constants) {
    text += fmt::format("{}|{}|", fmt::join(constant.initializers, ","),
                        fmt::join(constant.operations, ","));
    dump_tensor(constant.tensor, text);
  }
  text += print(plan);
  for_each_step(plan.root.steps, [&](const Step& step) {
    text += fmt::format("{} v{} {} in place:", step.name, step.choice.version,
                        fmt::join(step.origin, ","));
    for (const auto& [output, input] : step.in_place) text += fmt::format(" {}<-{}", output, input);
    text += fmt::format(" on the {}\n", name(step.place));
    dump_program(step.program, text);
  });
  for (const DeviceModule& module : plan.modules) {
    text += fmt::format("module {}\n", module.name);
    for (const KernelImage& code : module.images)
      text += fmt::format(
          "  {}: {}\n", code.architecture,
          std::string_view(reinterpret_cast<const char*>(code.bytes.data()), code.bytes.size()));
  }
  for (const Profile& profile : plan.profiles) {
    text += "profile\n";
    for (const ProfileInput& input : profile.inputs)
      text += fmt::format("{} {} {} {}\n", input.name, to_string(input.min), to_string(input.opt),
                          to_string(input.max));
  }
  text += fmt::format("{} -> {}\n", fmt::join(plan.input_names, ","),
                      fmt::join(plan.output_names, ","));
  text += fmt::format("model {}", letters(image.model.description));
  for (const auto piece : image.model.data) text += letters(piece);
  return image.on_cpu ? fmt::format("{}\non the CPU:\n{}", text, dump(*image.on_cpu)) : text;
}

}  // namespace cermet
