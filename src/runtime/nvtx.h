// Ranges that NVIDIA's profilers show, by the protocol of NVTX 3 and without its header: the tool's
// library, which the environment names, is opened and given a table of functions to fill in.
#pragma once

namespace cermet {

class Nvtx {
 public:
  // nullptr where no tool listens: NVTX_INJECTION64_PATH is not set, or the tool wants no ranges.
  // Throws device where its library can't be opened.
  static const Nvtx* of_process();

  void push(const char* name) const { push_(name); }
  void pop() const { pop_(); }

 private:
  Nvtx();
  bool listens() const { return push_ != nullptr && pop_ != nullptr; }

  int (*push_)(const char*) = nullptr;
  int (*pop_)() = nullptr;
};

// Of the calling thread, while it lives; nothing without a tool.
class NvtxRange {
 public:
  NvtxRange(const Nvtx* nvtx, const char* name) : nvtx_(nvtx) {
    if (nvtx_ != nullptr) nvtx_->push(name);
  }
  ~NvtxRange() {
    if (nvtx_ != nullptr) nvtx_->pop();
  }
  NvtxRange(const NvtxRange&) = delete;
  NvtxRange& operator=(const NvtxRange&) = delete;

 private:
  const Nvtx* nvtx_;
};

}  // namespace cermet
