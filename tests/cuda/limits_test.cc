// What a block of threads may have on each architecture, and that kernels keep to it.
#include "backends/cuda/build/limits.h"

#include "backends/cuda/build/tactics.h"
#include "base/error.h"
#include "tactics/lone_step.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;

const std::vector<std::string> every_architecture{"sm_80",   "sm_86",   "sm_89",  "sm_90a",
                                                  "sm_100a", "sm_103a", "sm_120", "compute_90"};

DeviceProgram program(std::array<int32_t, 3> block, Dim shared_bytes = 0) {
  DeviceProgram made;
  made.launches.emplace_back();
  made.launches[0].function = "add";
  made.launches[0].block = block;
  made.launches[0].shared_bytes = std::move(shared_bytes);
  return made;
}

std::string error_of(const DeviceProgram& made, const std::vector<std::string>& architectures) {
  try {
    cuda::check_limits(made, architectures);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::internal);
    return error.message();
  }
}

TEST(CudaLimits, SharedMemoryByArchitecture) {
  const std::map<std::string, int64_t> kib{{"sm_80", 163},  {"sm_86", 99},       {"sm_89", 99},
                                           {"sm_90a", 227}, {"sm_100a", 227},    {"sm_120", 99},
                                           {"sm_87", 163},  {"compute_90", 227}, {"sm_777", 99}};
  for (const auto& [architecture, size] : kib)
    EXPECT_EQ(cuda::most_shared_bytes(architecture), size << 10) << architecture;
  EXPECT_EQ(cuda::most_shared_bytes(std::vector<std::string>{"sm_90", "sm_86", "sm_80"}), 99 << 10);
}

TEST(CudaLimits, LaunchesBeyondThem) {
  EXPECT_EQ(error_of(program({256, 2, 2}, 99 << 10), every_architecture), "");
  EXPECT_EQ(error_of(program({32, 32, 2}), {}), "add: 2048 threads, a block has at most 1024");
  EXPECT_EQ(error_of(program({2048, 1, 1}), {}),
            "add: 2048 threads along axis 0, a block has 1 to 1024");
  EXPECT_EQ(error_of(program({1, 1, 65}), {}), "add: 65 threads along axis 2, a block has 1 to 64");
  EXPECT_EQ(error_of(program({32, 1, 1}, (99 << 10) + 1), {"sm_90", "sm_86"}),
            "add: 101377 bytes of shared memory, a block of sm_86 has 101376");
  EXPECT_EQ(error_of(program({32, 1, 1}, Dim::symbol("n") * Dim(4096)), {"sm_86"}), "");
}

// A plan of one product in 16 bits.
Plan product_plan(std::string configuration) {
  Plan plan;
  Step step;
  step.name = "product";
  step.problem.kind = ProblemKind::matmul;
  step.problem.op = "MatMul";
  step.place = Place::device;
  for (size_t i = 0; i < 3; ++i) {
    Buffer buffer;
    buffer.name = fmt::format("b{}", i);
    buffer.type = ValueType::tensor(ElementType::float16, Dims{Dim(512), Dim(512)});
    buffer.place = Place::device;
    auto& operands = i < 2 ? step.problem.inputs : step.problem.outputs;
    operands.emplace_back(Operand{buffer.type, {}, false});
    (i < 2 ? step.inputs : step.outputs).push_back(static_cast<BufferId>(i));
    plan.buffers.push_back(std::move(buffer));
  }
  step.choice = {"cuda.gemm", 1, std::move(configuration)};
  plan.root.steps.push_back(std::move(step));
  return plan;
}

// One that asks for too much is named with its step before anything is compiled.
TEST(CudaLimits, TacticThatAsksForTooMuch) {
  Plan plan = product_plan("128x256x32 w2x4 s5 k1");
  cuda::Compiler compiler{cuda::KernelCache("")};
  try {
    cuda::compile_programs(plan, cuda::tactics(), {"sm_90", "sm_89"}, compiler, 1);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_TRUE(error.message().starts_with("step 'product': cuda.gemm 128x256x32 w2x4 s5 k1: "))
        << error.message();
    EXPECT_TRUE(
        error.message().ends_with(": 122880 bytes of shared memory, a block of sm_89 has 101376"))
        << error.message();
  }
  EXPECT_EQ(compiler.compiled(), 0);
}

// For several architectures a kernel is chosen that all of them can run.
TEST(CudaLimits, ConfigurationsKeepToThem) {
  const Plan plan = product_plan("");
  const Tactic& tactic = cuda_tactic("cuda.gemm");
  TacticQuery query{&plan, plan.root.steps.data(), 1, false, "sm_90", true};
  const auto configurations_for = [&](int64_t shared_bytes) {
    query.shared_bytes = shared_bytes;
    return tactic.configurations(query);
  };
  for (const int64_t bytes : {int64_t{227} << 10, int64_t{163} << 10, int64_t{99} << 10}) {
    const auto texts = configurations_for(bytes);
    EXPECT_FALSE(texts.empty());
    for (const std::string& text : texts) {
      const DeviceSource source = tactic.generate(query, text);
      for (const Launch& launch : source.program.launches)
        EXPECT_LE(launch.shared_bytes.constant(), bytes) << text;
    }
  }
}

}  // namespace
}  // namespace cermet
