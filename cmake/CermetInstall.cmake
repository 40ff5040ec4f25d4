# Install rules and the find_package(cermet) config.

include(CMakePackageConfigHelpers)

set(targets "")
foreach(target IN ITEMS cermet_runtime cermet cermet_cli cermet_run)
  if(TARGET ${target})
    list(APPEND targets ${target})
  endif()
endforeach()
if(NOT TARGET cermet_runtime)
  return()
endif()

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cermet")
install(TARGETS ${targets} EXPORT cermet_targets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(DIRECTORY include/cermet DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" OPTIONAL)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(EXPORT cermet_targets FILE cermet-targets.cmake NAMESPACE cermet:: DESTINATION "${config_dir}")

configure_package_config_file(cmake/cermet-config.cmake.in
  "${CMAKE_BINARY_DIR}/cermet-config.cmake" INSTALL_DESTINATION "${config_dir}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/cermet-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/cermet-config.cmake"
              "${CMAKE_BINARY_DIR}/cermet-config-version.cmake"
  DESTINATION "${config_dir}")

if(TARGET cermet_onednn)
  install(TARGETS cermet_onednn LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  string(FIND "${CERMET_ONEDNN_LIBRARY}" "${CERMET_ONEDNN_ROOT}/" bundled)
  if(bundled EQUAL 0)
    install(FILES "${CERMET_ONEDNN_ROOT}/lib/libdnnl.so.3"
      DESTINATION "${CMAKE_INSTALL_LIBDIR}/cermet")
    install(DIRECTORY "${CERMET_ONEDNN_ROOT}/share/doc/onednn"
      DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)
  endif()
endif()
