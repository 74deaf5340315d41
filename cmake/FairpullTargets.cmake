# Functions that every target of the project goes through.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(FAIRPULL_CCACHE ccache)
  if(FAIRPULL_CCACHE)
    # What was compiled in one checkout serves another, wherever it lies.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
        "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=true
        "${FAIRPULL_CCACHE}")
  endif()
endif()

# fairpull_compile_options(<target>): language level, warnings, sanitizers.
function(fairpull_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow
                           -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
                           -Wno-missing-field-initializers)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # GCC 12 sees uninitialised reads in absl::StatusOr where there are none.
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    if(FAIRPULL_WARNINGS_AS_ERRORS)
      target_compile_options(${target} PRIVATE -Werror)
    endif()
  endif()
  if(FAIRPULL_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${FAIRPULL_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${FAIRPULL_SANITIZE})
  endif()
endfunction()

# fairpull_library(<name>): a library target fairpull_<name> with the alias
# fairpull::<name>, the public include path and the install rules.
function(fairpull_library name)
  set(target fairpull_${name})
  add_library(${target})
  add_library(fairpull::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    POSITION_INDEPENDENT_CODE ON
    VERIFY_INTERFACE_HEADER_SETS ON)
  target_sources(${target} PUBLIC FILE_SET HEADERS
                 BASE_DIRS "${PROJECT_SOURCE_DIR}/include")
  fairpull_compile_options(${target})
endfunction()

# fairpull_layer(<library> <layer> HEADERS a.h… SOURCES a.cc…): adds the files
# of one layer (include/fairpull/<layer>, src/<layer>) to a library.
function(fairpull_layer library layer)
  cmake_parse_arguments(arg "" "" "HEADERS;SOURCES" ${ARGN})
  list(TRANSFORM arg_HEADERS
       PREPEND "${PROJECT_SOURCE_DIR}/include/fairpull/${layer}/")
  list(TRANSFORM arg_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/src/${layer}/")
  target_sources(fairpull_${library}
    PUBLIC FILE_SET HEADERS FILES ${arg_HEADERS}
    PRIVATE ${arg_SOURCES})
endfunction()

# fairpull_embed(<library> <layer> <file>): makes src/<layer>/<file> available
# to the library's sources as a string literal in the generated header
# embedded/<file>.inc.
function(fairpull_embed library layer file)
  set(source "${PROJECT_SOURCE_DIR}/src/${layer}/${file}")
  set(output "${PROJECT_BINARY_DIR}/embedded/${layer}/${file}.inc")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(READ "${source}" text)
  file(CONFIGURE OUTPUT "${output}" CONTENT "R\"__embedded(${text})__embedded\"\n"
       @ONLY NEWLINE_STYLE UNIX)
  target_include_directories(fairpull_${library}
                             PRIVATE "${PROJECT_BINARY_DIR}/embedded/${layer}")
endfunction()

# fairpull_test_program(<name> SOURCES a_test.cc… LIBRARIES fairpull::core…):
# the executable <name>_test, unknown to ctest.
function(fairpull_test_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES}
                 "${PROJECT_SOURCE_DIR}/tests/source_dir.cc")
  target_link_libraries(${name}_test PRIVATE ${arg_LIBRARIES} GTest::gmock
                        GTest::gtest_main Threads::Threads)
  target_include_directories(${name}_test PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  fairpull_compile_options(${name}_test)
  if(FAIRPULL_SANITIZE)
    # Tests run once for each time they are compiled, which takes longer.
    target_compile_options(${name}_test PRIVATE -O0)
  endif()
endfunction()

# fairpull_test(<layer> SOURCES a_test.cc… LIBRARIES fairpull::core…): one
# executable a layer, each of its tests known to ctest by its own name.
function(fairpull_test layer)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  list(TRANSFORM arg_SOURCES PREPEND "${layer}/")
  fairpull_test_program(${layer} SOURCES ${arg_SOURCES}
                        LIBRARIES ${arg_LIBRARIES})
  gtest_discover_tests(${layer}_test TEST_PREFIX "${layer}/"
                       DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()
