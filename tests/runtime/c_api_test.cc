#include "cermet/c_api.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cermet/builder.h"

namespace {

class CApi : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() /
             ("cermet_c_api_" + std::to_string(::getpid()) + ".engine"))
                .string();
    cermet::BuildOptions options;
    options.threads = 1;
    cermet::build_engine_file("examples/digits/digits.onnx", path_, options);
    ASSERT_EQ(cermet_engine_load(path_.c_str(), &engine_), CERMET_OK) << cermet_last_error();
  }
  void TearDown() override {
    cermet_engine_release(engine_);
    std::filesystem::remove(path_);
  }

  std::string path_;
  cermet_engine* engine_ = nullptr;
};

TEST_F(CApi, RunsAnEngine) {
  cermet_tensor_info info{sizeof(cermet_tensor_info), nullptr, 0, 0, nullptr};
  ASSERT_EQ(cermet_engine_input_count(engine_), 1u);
  ASSERT_EQ(cermet_engine_input(engine_, 0, &info), CERMET_OK);
  EXPECT_EQ(info.element_type, 1);
  EXPECT_EQ(info.rank, 4);
  const std::string input = info.name;
  ASSERT_EQ(cermet_engine_output(engine_, 0, &info), CERMET_OK);
  const std::string output = info.name;

  cermet_context_options options{};
  options.size = sizeof(cermet_context_options);
  options.threads = 1;
  cermet_context* context = nullptr;
  ASSERT_EQ(cermet_context_create(engine_, &options, &context), CERMET_OK);
  const std::vector<float> pixels(2 * 64, 3.0f);
  const int64_t shape[] = {2, 1, 8, 8};
  ASSERT_EQ(cermet_context_set_input(context, input.c_str(), 1, shape, 4, pixels.data()),
            CERMET_OK);
  ASSERT_EQ(cermet_context_execute(context), CERMET_OK) << cermet_last_error();
  cermet_tensor tensor{};
  tensor.size = sizeof(cermet_tensor);
  ASSERT_EQ(cermet_context_output(context, output.c_str(), &tensor), CERMET_OK);
  ASSERT_EQ(tensor.rank, 2u);
  EXPECT_EQ(tensor.shape[0], 2);
  EXPECT_EQ(tensor.shape[1], 10);
  EXPECT_EQ(tensor.bytes, 80u);
  const auto* scores = static_cast<const float*>(tensor.data);
  for (int i = 0; i < 10; ++i) EXPECT_NEAR(scores[i], scores[10 + i], 1e-4);
  cermet_context_release(context);
}

// A CPU that the process may not use shows that the list gets to the threads.
TEST_F(CApi, ThreadsAreWhereTheCallerWantsThem) {
  cermet_context_options options{};
  options.size = sizeof(cermet_context_options);
  options.threads = 2;
  options.spin_us = -1;
  const int32_t nowhere = 1 << 20;
  options.cpu_count = 1;
  cermet_context* context = nullptr;
  EXPECT_EQ(cermet_context_create(engine_, &options, &context), CERMET_INVALID_ARGUMENT);
  options.cpus = &nowhere;
  ASSERT_EQ(cermet_context_create(engine_, &options, &context), CERMET_OK) << cermet_last_error();
  cermet_tensor_info info{sizeof(cermet_tensor_info), nullptr, 0, 0, nullptr};
  ASSERT_EQ(cermet_engine_input(engine_, 0, &info), CERMET_OK);
  const std::vector<float> pixels(64, 3.0f);
  const int64_t shape[] = {1, 1, 8, 8};
  ASSERT_EQ(cermet_context_set_input(context, info.name, 1, shape, 4, pixels.data()), CERMET_OK);
  EXPECT_EQ(cermet_context_execute(context), CERMET_INVALID_ARGUMENT);
  EXPECT_NE(std::string(cermet_last_error()).find("CPU 1048576"), std::string::npos);
  cermet_context_release(context);
}

TEST_F(CApi, SaysWhatWentWrong) {
  cermet_engine* none = nullptr;
  EXPECT_EQ(cermet_engine_load("does/not/exist.engine", &none), CERMET_IO);
  EXPECT_NE(std::string(cermet_last_error()).find("does/not/exist.engine"), std::string::npos);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(cermet_engine_load(nullptr, &none), CERMET_INVALID_ARGUMENT);
  cermet_tensor_info info{sizeof(cermet_tensor_info), nullptr, 0, 0, nullptr};
  EXPECT_EQ(cermet_engine_input(engine_, 7, &info), CERMET_OUT_OF_RANGE);

  cermet_context* context = nullptr;
  ASSERT_EQ(cermet_context_create(engine_, nullptr, &context), CERMET_OK);
  const int64_t shape[] = {1, 1, 9, 8};
  const std::vector<float> pixels(72);
  EXPECT_EQ(cermet_context_set_input(context, "nonsense", 1, shape, 4, pixels.data()),
            CERMET_INVALID_ARGUMENT);
  EXPECT_EQ(cermet_context_set_input(context, "image", 99, shape, 4, pixels.data()),
            CERMET_INVALID_ARGUMENT);
  ASSERT_EQ(cermet_context_set_input(context, "image", 1, shape, 4, pixels.data()), CERMET_OK);
  EXPECT_EQ(cermet_context_execute(context), CERMET_OUT_OF_RANGE);
  EXPECT_NE(std::string(cermet_last_error()).find("dimension 2"), std::string::npos);
  cermet_context_release(context);
}

}  // namespace
