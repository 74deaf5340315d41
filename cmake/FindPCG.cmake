# pcg-cpp ships no CMake package: finds its header and makes PCG::pcg.
find_path(PCG_INCLUDE_DIR pcg_random.hpp)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PCG REQUIRED_VARS PCG_INCLUDE_DIR)
mark_as_advanced(PCG_INCLUDE_DIR)
if(PCG_FOUND AND NOT TARGET PCG::pcg)
  add_library(PCG::pcg INTERFACE IMPORTED)
  target_include_directories(PCG::pcg SYSTEM INTERFACE "${PCG_INCLUDE_DIR}")
endif()
