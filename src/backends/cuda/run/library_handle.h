// A handle of a library with the call that gives it back.
#pragma once

#include <utility>

namespace cermet::cuda {

// `Library` outlives it; the call is one of its members.
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

}  // namespace cermet::cuda
