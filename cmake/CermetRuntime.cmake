# libcermet_runtime: loads and runs engines.

if(NOT CERMET_RUNTIME_SOURCES)
  message(STATUS "cermet_runtime: no sources yet, skipped")
  return()
endif()

# Each src/engine/NAME.fbs becomes "engine/NAME_generated.h" below the build folder.
cermet_glob(schemas src/engine/*.fbs)
set(generated "")
foreach(schema IN LISTS schemas)
  get_filename_component(name "${schema}" NAME_WE)
  set(header "${CMAKE_BINARY_DIR}/generated/engine/${name}_generated.h")
  add_custom_command(
    OUTPUT "${header}"
    COMMAND "${CERMET_FLATC}" --cpp --scoped-enums -o "${CMAKE_BINARY_DIR}/generated/engine"
            "${schema}"
    DEPENDS ${schemas}
    COMMENT "flatc ${name}.fbs"
    VERBATIM)
  list(APPEND generated "${header}")
endforeach()
add_custom_target(cermet_schema DEPENDS ${generated})
add_dependencies(cermet_internal cermet_schema)

add_library(cermet_runtime SHARED ${CERMET_RUNTIME_SOURCES})
cermet_precompile(cermet_runtime ${CERMET_COMMON_HEADERS})
target_include_directories(cermet_runtime INTERFACE
  "$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")
target_compile_features(cermet_runtime INTERFACE cxx_std_20)
target_link_libraries(cermet_runtime PRIVATE "$<BUILD_INTERFACE:cermet_internal>")
# $ORIGIN lets the runtime dlopen modules beside it by name.
set_target_properties(cermet_runtime PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME runtime
  BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN")
add_library(cermet::runtime ALIAS cermet_runtime)
