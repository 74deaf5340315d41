# What fairpull stands on. Each is found first (Debian's packages are enough)
# and fetched where it is not: FIND_PACKAGE_ARGS. The versions are the oldest
# that the tests run on. FETCHCONTENT_TRY_FIND_PACKAGE_MODE=NEVER fetches all.
include(FetchContent)
include(FairpullFetched)

# Code that is fetched goes into shared modules too, and its own install rules
# are needed, since the installed headers name its types.
if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
set(ABSL_ENABLE_INSTALL ON)
set(ABSL_PROPAGATE_CXX_STD ON)
set(INSTALL_GTEST OFF)
set(HWY_ENABLE_INSTALL ON)
set(HWY_ENABLE_EXAMPLES OFF)
set(HWY_ENABLE_TESTS OFF)
set(BENCHMARK_ENABLE_TESTING OFF)
set(BENCHMARK_ENABLE_INSTALL OFF)

FetchContent_Declare(absl
  URL https://github.com/abseil/abseil-cpp/archive/refs/tags/20220623.1.tar.gz
  SYSTEM FIND_PACKAGE_ARGS)
FetchContent_Declare(nlohmann_json
  URL https://github.com/nlohmann/json/releases/download/v3.11.2/json.tar.xz
  SYSTEM FIND_PACKAGE_ARGS 3.11)
FetchContent_Declare(PCG
  URL https://github.com/imneme/pcg-cpp/archive/refs/tags/v0.98.1.tar.gz
  FIND_PACKAGE_ARGS)
FetchContent_Declare(Sodium
  URL https://download.libsodium.org/libsodium/releases/libsodium-1.0.18.tar.gz
  FIND_PACKAGE_ARGS)
FetchContent_Declare(hwy
  URL https://github.com/google/highway/archive/refs/tags/1.0.3.tar.gz
  SYSTEM FIND_PACKAGE_ARGS 1.0)
FetchContent_MakeAvailable(absl nlohmann_json PCG Sodium hwy)
if(NOT TARGET hwy::hwy)
  add_library(hwy::hwy ALIAS hwy)
endif()
if(NOT TARGET PCG::pcg)
  fairpull_fetched_pcg("${pcg_SOURCE_DIR}")
endif()
if(NOT TARGET Sodium::sodium)
  enable_language(C)
  fairpull_fetched_sodium("${sodium_SOURCE_DIR}")
endif()

if(FAIRPULL_WITH_SQLITE)
  FetchContent_Declare(SQLite3
    URL https://www.sqlite.org/2022/sqlite-amalgamation-3400100.zip
    FIND_PACKAGE_ARGS 3.37)
  FetchContent_MakeAvailable(SQLite3)
  if(NOT TARGET SQLite::SQLite3)
    enable_language(C)
    fairpull_fetched_sqlite("${sqlite3_SOURCE_DIR}")
  endif()
endif()

# libpq and hiredis are found only: they are part of the system.
if(FAIRPULL_WITH_POSTGRES)
  find_package(PostgreSQL 14 REQUIRED)
endif()
if(FAIRPULL_WITH_REDIS)
  find_package(Hiredis 0.14 REQUIRED)
endif()

if(FAIRPULL_BUILD_TESTS)
  FetchContent_Declare(googletest
    URL https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz
    SYSTEM FIND_PACKAGE_ARGS 1.12 NAMES GTest)
  FetchContent_MakeAvailable(googletest)
  find_package(Threads REQUIRED)
endif()
if(FAIRPULL_BUILD_BENCHMARKS)
  FetchContent_Declare(benchmark
    URL https://github.com/google/benchmark/archive/refs/tags/v1.8.3.tar.gz
    SYSTEM FIND_PACKAGE_ARGS 1.7)
  FetchContent_MakeAvailable(benchmark)
endif()
