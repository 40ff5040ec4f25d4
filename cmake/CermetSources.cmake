# Which sources make which library. Adding a file to a folder never touches CMake.

# cermet_glob(OUT PATTERN...): files below the source folder, rechecked at each build.
function(cermet_glob out)
  list(TRANSFORM ARGN PREPEND "${CMAKE_SOURCE_DIR}/" OUTPUT_VARIABLE patterns)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${patterns})
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# The rooms of the runtime; what is left of ops and engine belongs to the builder.
cermet_glob(CERMET_RUNTIME_SOURCES
  src/base/*.cc src/expr/*.cc src/problem/*.cc src/plan/*.cc src/ops/*.ref.cc src/ops/*.attrs.cc
  src/engine/*.cc src/backends/*/run/*.cc src/runtime/*.cc)
cermet_glob(CERMET_ENGINE_WRITER_SOURCES src/engine/writer*.cc)
if(CERMET_ENGINE_WRITER_SOURCES)
  list(REMOVE_ITEM CERMET_RUNTIME_SOURCES ${CERMET_ENGINE_WRITER_SOURCES})
endif()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  list(FILTER CERMET_RUNTIME_SOURCES EXCLUDE REGEX "/run/x86/")
endif()

cermet_glob(CERMET_BUILDER_SOURCES
  src/ir/*.cc src/ops/*.cc src/import/*.cc src/passes/*.cc src/precision/*.cc src/lower/*.cc
  src/tactics/*.cc src/backends/*/build/*.cc src/builder/*.cc)
list(FILTER CERMET_BUILDER_SOURCES EXCLUDE REGEX "\\.(ref|attrs)\\.cc$")
list(APPEND CERMET_BUILDER_SOURCES ${CERMET_ENGINE_WRITER_SOURCES})

cermet_glob(CERMET_ONEDNN_SOURCES src/backends/cpu/onednn/*.cc)

# cermet_isa_flags(NAME FLAG...): compile src/backends/cpu/run/x86/*NAME*.cc with these flags.
# A later call replaces an earlier one, so narrower names come last.
function(cermet_isa_flags name)
  set(files ${CERMET_RUNTIME_SOURCES})
  list(FILTER files INCLUDE REGEX "/backends/cpu/run/x86/[^/]*${name}[^/]*\\.cc$")
  if(files)
    set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS "${ARGN}"
                                SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# Inner loops: vectorised in every build type; contraction of a * b + c is wanted, the exact moment
# of floating-point exceptions is not.
set(CERMET_LOOP_FLAGS -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast)
if(CERMET_SANITIZE)  # what is checked is the same, and compiles in half the time
  list(REMOVE_ITEM CERMET_LOOP_FLAGS -O3)
endif()
set(portable_loops ${CERMET_RUNTIME_SOURCES})
list(FILTER portable_loops INCLUDE REGEX "/backends/cpu/run/[^/]*_functions\\.cc$")
set_source_files_properties(${portable_loops} PROPERTIES COMPILE_OPTIONS "${CERMET_LOOP_FLAGS}"
                            SKIP_PRECOMPILE_HEADERS ON)

set(CERMET_AVX2_FLAGS ${CERMET_LOOP_FLAGS} -mavx2 -mfma -mf16c)
set(CERMET_AVX512_FLAGS ${CERMET_AVX2_FLAGS} -mavx512f -mavx512bw -mavx512dq -mavx512vl)
cermet_isa_flags(avx2 ${CERMET_AVX2_FLAGS})
cermet_isa_flags(avx512 ${CERMET_AVX512_FLAGS})
cermet_isa_flags(avx512_vnni ${CERMET_AVX512_FLAGS} -mavx512vnni)
cermet_isa_flags(avx512_bf16 ${CERMET_AVX512_FLAGS} -mavx512bf16)
cermet_isa_flags(avx512_fp16 ${CERMET_AVX512_FLAGS} -mavx512fp16)
cermet_isa_flags(amx ${CERMET_AVX512_FLAGS} -mamx-tile -mamx-int8 -mamx-bf16)
