// What is written comes back.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "engine/reader.h"
#include "engine/writer.h"
#include "tests/engine/sample_plan.h"

namespace cermet {
namespace {

std::vector<Problem> problems(const Plan& plan) {
  std::vector<Problem> result;
  for_each_step(plan.root.steps, [&](const Step& step) { result.push_back(step.problem); });
  return result;
}

TEST(EngineRoundTrip, KeepsEveryField) {
  const EngineImage written = sample_image();
  const EngineImage read = read_engine(engine_bytes(written.plan, written.info));
  EXPECT_EQ(dump(read), dump(written));
  EXPECT_EQ(read.info, written.info);
  ASSERT_EQ(read.plan.buffers.size(), written.plan.buffers.size());
  for (size_t i = 0; i < read.plan.buffers.size(); ++i)
    EXPECT_EQ(read.plan.buffers[i].type, written.plan.buffers[i].type) << i;
  EXPECT_EQ(problems(read.plan), problems(written.plan));
}

TEST(EngineRoundTrip, KeepsWhatDevicesRun) {
  const EngineImage written = device_image();
  const auto bytes = engine_bytes(written.plan, written.info);
  const EngineImage read = read_engine(bytes);
  EXPECT_EQ(dump(read), dump(written));
  EXPECT_EQ(bytes, engine_bytes(read.plan, read.info));
  for (size_t i = 0; i < read.plan.root.steps.size(); ++i)
    EXPECT_EQ(read.plan.root.steps[i].program, written.plan.root.steps[i].program) << i;
}

TEST(EngineRoundTrip, KeepsTheCpusPlanAndTheModel) {
  const EngineImage written = two_plans_image();
  const auto bytes = engine_bytes(written);
  const EngineImage read = read_engine(bytes);
  EXPECT_EQ(dump(read), dump(written));
  EXPECT_EQ(bytes, engine_bytes(read));
  ASSERT_TRUE(read.on_cpu);
  EXPECT_EQ(read.on_cpu->info, written.on_cpu->info);
  // What both plans read is there once.
  EXPECT_EQ(read.plan.constants[0].tensor.data(), read.on_cpu->plan.constants[1].tensor.data());
}

// One plan takes the place of the other, whoever calls.
TEST(EngineRoundTrip, PlansOfAnEngineHaveTheSameInputsAndOutputs) {
  const auto expect_refusal = [](auto change, std::string_view part) {
    EngineImage image = two_plans_image();
    change(image.on_cpu->plan, *image.on_cpu);
    try {
      read_engine(engine_bytes(image));
      ADD_FAILURE() << "expected an error: " << part;
    } catch (const Error& error) {
      EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    }
  };
  expect_refusal([](Plan& plan, EngineImage&) { plan.input_names = {"z"}; },
                 "on_cpu: inputs: expected the names");
  expect_refusal([](Plan& plan, EngineImage&) { plan.output_names = {"z"}; },
                 "on_cpu: outputs: expected the names");
  expect_refusal(
      [](Plan& plan, EngineImage&) {
        for (Buffer& buffer : plan.buffers) buffer.type.element = ElementType::float16;
        for_each_step(plan.root.steps, [](Step& step) {
          for (auto* side : {&step.problem.inputs, &step.problem.outputs})
            for (auto& operand : *side) operand->type.element = ElementType::float16;
        });
      },
      "on_cpu: input 'x': expected float32");
  expect_refusal(
      [](Plan&, EngineImage& image) {
        EngineImage device = device_image();
        device.plan.modules.clear();
        for_each_step(device.plan.root.steps, [](Step& step) { step.program = {}; });
        image.plan = device.plan;
      },
      "on_cpu: steps: expected all on the host");
}

TEST(EngineRoundTrip, SameBytesForTheSamePlan) {
  const EngineImage first = sample_image(), second = sample_image();
  const auto bytes = engine_bytes(first.plan, first.info);
  EXPECT_EQ(bytes, engine_bytes(second.plan, second.info));
  const EngineImage read = read_engine(bytes);
  EXPECT_EQ(bytes, engine_bytes(read.plan, read.info));
}

TEST(EngineRoundTrip, FileIsMappedAndKeptAlive) {
  const std::string path = testing::TempDir() + "round_trip.engine";
  const EngineImage written = sample_image();
  write_engine(written.plan, written.info, path);
  Tensor weights;
  {
    auto file = std::make_shared<MappedFile>(path);
    const auto bytes = engine_bytes(written.plan, written.info);
    ASSERT_EQ(file->size(), bytes.size());
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), file->data()));
    const std::byte *begin = file->data(), *end = begin + file->size();
    weights = read_engine(std::move(file)).plan.constants[0].tensor;
    EXPECT_GE(weights.data(), begin);
    EXPECT_LT(weights.data(), end);
  }
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weights.data()) % 64, 0);
  EXPECT_EQ(weights.as<float>()[2], 3);
  std::filesystem::remove(path);
}

TEST(EngineRoundTrip, EqualConstantsAreStoredOnce) {
  const EngineImage written = sample_image();
  const EngineImage read = read_engine(engine_bytes(written.plan, written.info));
  EXPECT_EQ(read.plan.constants[0].tensor.data(), read.plan.constants[1].tensor.data());
  EXPECT_EQ(read.plan.constants[1].tensor.shape(), (Shape{3, 1}));
  EXPECT_NE(read.plan.constants[0].tensor.data(), read.plan.constants[2].tensor.data());
}

TEST(EngineRoundTrip, EmptyPlan) {
  const EngineImage read = read_engine(engine_bytes({}, {}));
  EXPECT_EQ(dump(read), dump({}));
}

TEST(EngineRoundTrip, WriterRefusesAnIllegalPlan) {
  EngineImage image = sample_image();
  image.plan.root.steps[0].inputs[0] = 99;
  try {
    engine_bytes(image.plan, image.info);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::internal);
    EXPECT_NE(error.message().find("buffer 99"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace cermet
