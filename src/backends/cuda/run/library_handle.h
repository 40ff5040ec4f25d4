// Handles of libraries, and libraries that the users of a card share.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "backends/cuda/run/device.h"

namespace cermet::cuda {

// A handle with the call that gives it back. `Library` outlives it; the call is one of its members.
template <class Library, class Handle, int (*Library::*release)(Handle)>
class LibraryHandle {
 public:
  LibraryHandle() = default;
  LibraryHandle(const Library& library, Handle handle) : library_(&library), handle_(handle) {}
  ~LibraryHandle() {
    if (handle_ != nullptr) (library_->*release)(handle_);
  }
  LibraryHandle(LibraryHandle&& other) noexcept { swap(other); }
  LibraryHandle& operator=(LibraryHandle&& other) noexcept {
    swap(other);
    return *this;
  }

  Handle get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  void swap(LibraryHandle& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(handle_, other.handle_);
  }

  const Library* library_ = nullptr;
  Handle handle_ = nullptr;
};

// The library on a card, of which there is one as long as anyone has it; `make` gives a new one.
template <class Library, class Make>
std::shared_ptr<const Library> shared_on(const DevicePointer& device, const Make& make) {
  static std::mutex mutex;
  static auto& known = *new std::map<int, std::weak_ptr<const Library>>;  // by ordinal
  const std::lock_guard lock(mutex);
  std::weak_ptr<const Library>& entry = known[device->ordinal()];
  if (auto there = entry.lock()) return there;
  std::shared_ptr<const Library> made(make());
  entry = made;
  return made;
}

}  // namespace cermet::cuda
