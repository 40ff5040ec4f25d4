#include "compiler/build.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

extern char** environ;

namespace fake_cuda {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string compiler() {
  const char* named = std::getenv("CXX");
  return named != nullptr && *named != '\0' ? named : "g++";
}

// FNV-1a; the cache is of tests and holds nothing hostile.
uint64_t hash_of(const std::string& text, uint64_t hash = 0xcbf29ce484222325u) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// The headers' text is part of a library's name in the cache.
const std::string& headers_text() {
  static const std::string text = [] {
    std::string all;
    const fs::path header(EMULATION_HEADER), root = header.parent_path().parent_path();
    for (const char* name :
         {"emulation.h", "language.h", "mathematics.h", "vectors.h", "warp.h", "ptx.h"})
      all += read_file(header.parent_path() / name);
    return all + read_file(root / "machine/machine.h") + read_file(root / "machine/numbers.h");
  }();
  return text;
}

// A folder that goes with the object.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "fake_nvrtc.XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path path;
};

// The exit status of a program whose output goes to `log`, or -1.
int run(const std::vector<std::string>& command, const fs::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    write_file(log, "fake_nvrtc: " + command[0] + " could not be started\n");
    return -1;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Others see the whole file or none.
void keep(const fs::path& path, const std::string& library) {
  static std::atomic<unsigned> next{0};
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  const fs::path part =
      path.string() + "." + std::to_string(::getpid()) + "." + std::to_string(next++);
  write_file(part, library);
  fs::rename(part, path, ignored);
}

}  // namespace

BuildResult build_library(const std::string& source, const std::vector<std::string>& options) {
  std::vector<std::string> command = {
      compiler(), "-x", "c++", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-w",
      // Kernels read one type's bytes as another's, and hold no exceptions.
      "-fno-strict-aliasing", "-fno-exceptions", "-fno-rtti", "-fno-asynchronous-unwind-tables",
      "-ffp-contract=off", "-include", EMULATION_HEADER};
  command.insert(command.end(), options.begin(), options.end());
  std::string key = headers_text();
  for (const std::string& word : command) key += '\0' + word;
  fs::path cached;
  if (const char* folder = std::getenv("FAKE_CUDA_CACHE"); folder != nullptr && *folder != '\0') {
    char name[64];
    std::snprintf(name, sizeof name, "%016llx%016llx.so",
                  static_cast<unsigned long long>(hash_of(source, hash_of(key))),
                  static_cast<unsigned long long>(hash_of(source + key)));
    cached = fs::path(folder) / name;
    if (fs::exists(cached)) return {true, read_file(cached), ""};
  }
  const Folder folder;
  if (folder.path.empty()) return {false, "", "fake_nvrtc: no temporary folder\n"};
  const fs::path text = folder.path / "kernel.cu", library = folder.path / "kernel.so";
  const fs::path log = folder.path / "log";
  write_file(text, source);
  for (const char* word : {"-nostartfiles", "-nodefaultlibs", "-o"}) command.emplace_back(word);
  command.push_back(library.string());
  command.push_back(text.string());
  for (const char* word : {"-lm", "-lc", "-lgcc"}) command.emplace_back(word);
  BuildResult result;
  result.good = run(command, log) == 0;
  result.log = read_file(log);
  if (!result.good) return result;
  result.library = read_file(library);
  if (!cached.empty()) keep(cached, result.library);
  return result;
}

}  // namespace fake_cuda
