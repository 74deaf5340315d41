# `cmake --install` and the package that find_package(fairpull) finds.
include(CMakePackageConfigHelpers)

set(FAIRPULL_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/fairpull")
set(fairpull_installed fairpull_core fairpull_fairpull)
if(FAIRPULL_WITH_SQLITE)
  list(APPEND fairpull_installed fairpull_store_sqlite)
endif()
if(FAIRPULL_WITH_POSTGRES)
  list(APPEND fairpull_installed fairpull_store_postgres)
endif()
if(FAIRPULL_WITH_REDIS)
  list(APPEND fairpull_installed fairpull_cache_redis)
endif()

# What was fetched without CMake files of its own goes along.
install(TARGETS ${fairpull_installed} ${FAIRPULL_FETCHED}
  EXPORT fairpull
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT cpp
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT cpp
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT cpp)
install(EXPORT fairpull
  NAMESPACE fairpull::
  FILE fairpullTargets.cmake
  DESTINATION "${FAIRPULL_PACKAGE_DIR}" COMPONENT cpp)

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/fairpullConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/fairpullConfig.cmake"
  INSTALL_DESTINATION "${FAIRPULL_PACKAGE_DIR}")
# Before 1.0 a minor version may change an interface.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/fairpullConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/fairpullConfig.cmake"
  "${PROJECT_BINARY_DIR}/fairpullConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindHiredis.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindPCG.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindSodium.cmake"
  DESTINATION "${FAIRPULL_PACKAGE_DIR}" COMPONENT cpp)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/examples/banners/"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/fairpull/banners" COMPONENT cpp
  FILES_MATCHING PATTERN "*.json")
