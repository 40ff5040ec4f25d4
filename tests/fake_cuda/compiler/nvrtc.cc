// A library with the names of NVRTC: compiles kernels with the host's compiler to libraries that
// fake_cuda loads as cubins and as PTX.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "compiler/build.h"
#include "compiler/kernels.h"
#include "settings.h"

// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier): NVRTC's names
struct _nvrtcProgram {
  std::string source, cubin, ptx, log;
};
using nvrtcProgram = _nvrtcProgram*;
using nvrtcResult = int;

namespace {

enum Result : nvrtcResult {
  success = 0,
  invalid_input = 3,
  invalid_program = 4,
  invalid_option = 5,
  compilation = 6,
};

std::mutex counts;  // of injected errors

int injected(const char* name) {
  const std::lock_guard lock(counts);
  return fake_cuda::injected_error(name);
}

// What NVRTC is told, as far as it matters here.
struct Options {
  std::string architecture = "compute_75";  // NVRTC's own default
  std::vector<std::string> host = {};
  std::string unknown;
};

Options read_options(int count, const char* const* texts) {
  Options options;
  std::string standard = "-std=c++17";
  for (int i = 0; i < count; ++i) {
    std::string text = texts[i];
    const auto value_of = [&](const char* name) {
      const size_t length = std::strlen(name);
      if (text == name && i + 1 < count) return std::string(texts[++i]);
      return text.compare(0, length, name) == 0 && text[length] == '=' ? text.substr(length + 1)
                                                                       : std::string();
    };
    std::string value;
    if (value = value_of("--gpu-architecture"); !value.empty())
      options.architecture = value;
    else if (value = value_of("-arch"); !value.empty())
      options.architecture = value;
    else if (value = value_of("--std"); !value.empty())
      standard = "-std=" + value;
    else if (value = value_of("-std"); !value.empty())
      standard = "-std=" + value;
    else if (value = value_of("--define-macro"); !value.empty())
      options.host.push_back("-D" + value);
    else if (text.compare(0, 2, "-D") == 0)
      options.host.push_back(text);
    else if (text.compare(0, 1, "-") != 0)
      options.unknown = text;
  }
  options.host.push_back(standard);
  return options;
}

// "sm_90a" to 90, or 0.
int number_of(const std::string& architecture) {
  const size_t at = architecture.find('_');
  const std::string kind = architecture.substr(0, at);
  if (at == std::string::npos || (kind != "sm" && kind != "compute")) return 0;
  return std::atoi(architecture.c_str() + at + 1);
}

nvrtcResult give(const std::string& text, char* to) {
  std::copy(text.begin(), text.end(), to);
  return success;
}

}  // namespace

extern "C" {

nvrtcResult nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 2;
  return injected("nvrtcVersion");
}

const char* nvrtcGetErrorString(nvrtcResult result) {
  switch (result) {
    case success:
      return "NVRTC_SUCCESS";
    case 1:
      return "NVRTC_ERROR_OUT_OF_MEMORY";
    case 2:
      return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
    case invalid_input:
      return "NVRTC_ERROR_INVALID_INPUT";
    case invalid_program:
      return "NVRTC_ERROR_INVALID_PROGRAM";
    case invalid_option:
      return "NVRTC_ERROR_INVALID_OPTION";
    case compilation:
      return "NVRTC_ERROR_COMPILATION";
    default:
      return "NVRTC_ERROR unknown";
  }
}

nvrtcResult nvrtcCreateProgram(nvrtcProgram* program, const char* source, const char*, int headers,
                               const char* const*, const char* const*) {
  if (const int error = injected("nvrtcCreateProgram"); error != 0) return error;
  if (program == nullptr || source == nullptr || headers != 0) return invalid_input;
  *program = new _nvrtcProgram{source, "", "", ""};
  return success;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram* program) {
  if (const int error = injected("nvrtcDestroyProgram"); error != 0) return error;
  if (program == nullptr || *program == nullptr) return invalid_program;
  delete *program;
  *program = nullptr;
  return success;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int count, const char* const* texts) {
  if (const int error = injected("nvrtcCompileProgram"); error != 0) {
    program->log = "fake_nvrtc: asked to fail\n";
    return error;
  }
  Options options = read_options(count, texts);
  const int number = number_of(options.architecture);
  if (!options.unknown.empty() || number < 75) {
    program->log = "nvrtc: error: invalid value for --gpu-architecture (-arch)\n";
    return invalid_option;
  }
  options.host.push_back("-D__CUDA_ARCH__=" + std::to_string(number * 10));
  if (options.architecture == "sm_90a") options.host.emplace_back("-D__CUDA_ARCH_FEAT_SM90_ALL");
  std::string source = "#line 1 \"kernel.cu\"\n" + program->source + "\n#line 1 \"emulated\"\n";
  source += "EMULATED_MODULE(\"" + options.architecture + "\")\n";
  for (const fake_cuda::KernelText& kernel : fake_cuda::kernels_of(program->source))
    source += "EMULATED_KERNEL(" + kernel.name + ", (" + kernel.max_threads + "))\n";
  fake_cuda::BuildResult built = fake_cuda::build_library(source, options.host);
  program->log = built.log;
  if (!built.good) return compilation;
  // PTX says of itself what it is, so that a card takes it that is newer.
  const std::string cubin = "CERMET_EMULATED_CUBIN", ptx = "CERMET_EMULATED_PTX..";
  program->ptx = built.library + '\0';
  for (size_t at = 0; (at = program->ptx.find(cubin, at)) != std::string::npos;)
    program->ptx.replace(at, cubin.size(), ptx);
  if (options.architecture[0] == 's') program->cubin = std::move(built.library);
  return success;
}

nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t* bytes) {
  *bytes = program->cubin.size();
  return injected("nvrtcGetCUBINSize");
}
nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char* to) {
  if (const int error = injected("nvrtcGetCUBIN"); error != 0) return error;
  return give(program->cubin, to);
}
nvrtcResult nvrtcGetPTXSize(nvrtcProgram program, size_t* bytes) {
  *bytes = program->ptx.size();
  return injected("nvrtcGetPTXSize");
}
nvrtcResult nvrtcGetPTX(nvrtcProgram program, char* to) {
  if (const int error = injected("nvrtcGetPTX"); error != 0) return error;
  return give(program->ptx, to);
}
nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t* bytes) {
  *bytes = program->log.size() + 1;
  return injected("nvrtcGetProgramLogSize");
}
nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char* to) {
  if (const int error = injected("nvrtcGetProgramLog"); error != 0) return error;
  return give(program->log + '\0', to);
}
}
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)
