// Kernels that live in a module of their own because they need a library of others. The runtime
// opens the module when an engine uses one of its tactics.
#pragma once

#include <cstdint>
#include <span>

#include "plan/kernel.h"

namespace cermet::cpu {

// Changes with KernelLibrary, Kernel, Problem and Plan: module and runtime come from one release.
inline constexpr int32_t kernel_library_interface = 2;

struct KernelLibrary {
  int32_t interface_version = 0;
  const char* release = "";  // of Cermet
  const char* version = "";  // "oneDNN 3.2.0"
  std::span<const KernelEntry> kernels;
  // Which code of the library would compute the step at these shapes: its own names, "ref" where it
  // has only plain loops. Reads no constant. Throws unsupported where there is none.
  std::string (*describe)(const KernelContext& step, const BindContext& shapes) = nullptr;
  // The constant behind input 1 in the form that the step's kernel wants at these shapes; nothing
  // where it wants it as it is.
  std::optional<PackedConstant> (*pack_weights)(const KernelContext& step,
                                                const BindContext& shapes) = nullptr;
};

// What a module exports under kernel_library_symbol. The result lives as long as the process.
using KernelLibraryFunction = const KernelLibrary* (*)();
inline constexpr const char* kernel_library_symbol = "cermet_kernel_library";

// What an engine that uses oneDNN requires of a machine.
inline constexpr std::string_view onednn_requirement = "oneDNN";
inline constexpr std::string_view onednn_prefix = "onednn.";

// Opens the module on first use and keeps it. Throws device saying what is missing and how to get
// it. Safe to call from several threads.
const KernelLibrary& onednn_library();
// Why onednn_library would throw; empty when it would not.
const std::string& onednn_missing();

}  // namespace cermet::cpu
