// What calling a plugin's function takes on both sides: attributes and tensors as C structs, errors
// across the border.
#pragma once

#include <array>
#include <deque>
#include <exception>
#include <vector>

#include "base/attributes.h"
#include "base/error.h"
#include "cermet/plugin.h"

namespace cermet {

// Reads `attributes`, which must outlive it and stay as they are.
cermet_plugin_attributes plugin_attributes(const Attributes& attributes);

// The type that a plugin named by number; throws for numbers of no type and for strings, whose
// memory is not C's.
ElementType plugin_element_type(int32_t number);

// The inputs of a call in the form that a plugin reads; keeps the memory behind it.
class PluginInputs {
 public:
  void add_absent() { pointers_.push_back(nullptr); }
  void add(ElementType type, std::vector<int64_t> sizes, const void* data);
  void add_unknown_rank(ElementType type);

  size_t count() const { return pointers_.size(); }
  const cermet_plugin_tensor* const* pointers() const { return pointers_.data(); }

 private:
  struct Kept {
    cermet_plugin_tensor tensor;
    std::vector<int64_t> sizes;
  };
  std::deque<Kept> kept_;  // addresses stay
  std::vector<const cermet_plugin_tensor*> pointers_;
};

// One call of a plugin. Exceptions of our own functions that the plugin calls must not pass through
// its frames: `guarded` keeps the first, `finish` throws it.
class PluginCall {
 public:
  // Whether `body` ran to its end.
  template <class Body>
  bool guarded(Body&& body) noexcept {
    try {
      body();
      return true;
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
      return false;
    }
  }

  char* message() { return message_.data(); }
  size_t message_size() const { return message_.size(); }
  // `status` is what the plugin's function returned. Throws what one of our functions threw
  // meanwhile, or an Error of `code` with the plugin's message.
  void finish(int status, ErrorCode code);

 private:
  std::array<char, 1024> message_{};
  std::exception_ptr failure_;
};

}  // namespace cermet
