# Targets for fetched code that has no CMake files of its own. They are
# installed with fairpull, under the names that the found ones have.
set(FAIRPULL_FETCHED "" CACHE INTERNAL "")

# fairpull_fetched(<name> <target> <type>): a target that is installed with us.
macro(fairpull_fetched name target type)
  add_library(${name} ${type})
  add_library(${target} ALIAS ${name})
  set(FAIRPULL_FETCHED ${FAIRPULL_FETCHED} ${name} CACHE INTERNAL "")
endmacro()

function(fairpull_fetched_pcg source)
  fairpull_fetched(fairpull_pcg PCG::pcg INTERFACE)
  target_include_directories(fairpull_pcg SYSTEM INTERFACE
    "$<BUILD_INTERFACE:${source}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  file(GLOB headers "${source}/include/*.hpp")
  install(FILES ${headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
          COMPONENT cpp)
endfunction()

function(fairpull_fetched_sodium source)
  fairpull_fetched(fairpull_sodium Sodium::sodium STATIC)
  file(GLOB_RECURSE sources "${source}/src/libsodium/*.c")
  target_sources(fairpull_sodium PRIVATE ${sources})
  # The release names its version in a header that configure would write.
  configure_file("${source}/builds/msvc/version.h"
    "${CMAKE_CURRENT_BINARY_DIR}/sodium/sodium/version.h" COPYONLY)
  target_include_directories(fairpull_sodium SYSTEM PUBLIC
    "$<BUILD_INTERFACE:${source}/src/libsodium/include>"
    "$<BUILD_INTERFACE:${source}/src/libsodium/include/sodium>"
    "$<BUILD_INTERFACE:${CMAKE_CURRENT_BINARY_DIR}/sodium>")
  target_include_directories(fairpull_sodium PRIVATE
    "${CMAKE_CURRENT_BINARY_DIR}/sodium/sodium")
  target_compile_definitions(fairpull_sodium PUBLIC SODIUM_STATIC
                             PRIVATE CONFIGURED=1 _GNU_SOURCE)
  target_compile_options(fairpull_sodium PRIVATE -w)
endfunction()

function(fairpull_fetched_sqlite source)
  find_package(Threads REQUIRED)
  fairpull_fetched(fairpull_sqlite3 SQLite::SQLite3 STATIC)
  target_sources(fairpull_sqlite3 PRIVATE "${source}/sqlite3.c")
  target_include_directories(fairpull_sqlite3 SYSTEM PUBLIC
                             "$<BUILD_INTERFACE:${source}>")
  target_compile_definitions(fairpull_sqlite3 PRIVATE SQLITE_THREADSAFE=1)
  target_compile_options(fairpull_sqlite3 PRIVATE -w)
  target_link_libraries(fairpull_sqlite3 PRIVATE Threads::Threads
                        ${CMAKE_DL_LIBS} m)
endfunction()
