// What every function of the C interface does: no exception gets out, structs are read as far as
// their size says.
#pragma once

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "base/error.h"
#include "cermet/c_api.h"
#include "cermet/logger.h"

namespace cermet::c {

// Keeps the text for cermet_last_error() of this thread.
cermet_status failed(ErrorCode code, const char* text) noexcept;

template <class F>
cermet_status guarded(F&& f) {
  try {
    f();
    return CERMET_OK;
  } catch (const Error& error) {
    return failed(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return failed(ErrorCode::out_of_memory, "memory ran out");
  } catch (const std::exception& error) {
    return failed(ErrorCode::internal, error.what());
  }
}

template <class T>
T& deref(T* pointer, const char* what) {
  require(pointer != nullptr, ErrorCode::invalid_argument, "{} is NULL", what);
  return *pointer;
}

inline void check_size(size_t size, const char* what) {
  require(size >= sizeof(size_t), ErrorCode::invalid_argument,
          "the size of {} is {}; set it to the struct's sizeof first", what, size);
}

// The caller's struct, with zeros where an older one ends; all zeros for NULL.
template <class T>
T read_struct(const T* from, const char* what) {
  T result{};
  if (from == nullptr) return result;
  check_size(from->size, what);
  std::memcpy(&result, from, std::min(from->size, sizeof(T)));
  return result;
}

// Copies as many bytes as the caller's struct has; its first member says how many.
template <class T>
void hand_over(T filled, T* to) {
  check_size(deref(to, "the struct to fill").size, "the struct to fill");
  filled.size = to->size;
  std::memcpy(to, &filled, std::min(to->size, sizeof(T)));
}

// Calls `take` with each entry of a list.
template <class T, class Take>
void for_each_entry(T* const* list, size_t count, const char* what, Take&& take) {
  require(count == 0 || list != nullptr, ErrorCode::invalid_argument, "{}: a list of {} is NULL",
          what, count);
  for (size_t i = 0; i < count; ++i) {
    require(list[i] != nullptr, ErrorCode::invalid_argument, "{}: entry {} is NULL", what, i);
    take(list[i]);
  }
}

inline std::vector<std::string> strings(const char* const* list, size_t count, const char* what) {
  std::vector<std::string> result;
  for_each_entry(list, count, what, [&](const char* text) { result.emplace_back(text); });
  return result;
}

Logger logger_of(cermet_log_function log, void* user);

}  // namespace cermet::c
