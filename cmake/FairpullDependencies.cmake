# Debian's packages are the first choice (FIND_PACKAGE_ARGS); FetchContent is
# the way elsewhere. Versions are the oldest that the test suite runs on.
include(FetchContent)

# Abseil's own install rules are needed where it is fetched, since the
# installed fairpull headers name its types.
set(ABSL_ENABLE_INSTALL ON)
set(ABSL_PROPAGATE_CXX_STD ON)
FetchContent_Declare(absl
  URL https://github.com/abseil/abseil-cpp/archive/refs/tags/20220623.1.tar.gz
  FIND_PACKAGE_ARGS NAMES absl)
FetchContent_Declare(nlohmann_json
  URL https://github.com/nlohmann/json/releases/download/v3.11.2/json.tar.xz
  FIND_PACKAGE_ARGS 3.11)
FetchContent_MakeAvailable(absl nlohmann_json)

find_package(PCG)
if(NOT PCG_FOUND)
  FetchContent_Declare(pcg
    URL https://github.com/imneme/pcg-cpp/archive/refs/tags/v0.98.1.tar.gz)
  FetchContent_MakeAvailable(pcg)
  set(PCG_INCLUDE_DIR "${pcg_SOURCE_DIR}/include" CACHE PATH "" FORCE)
  find_package(PCG REQUIRED)
endif()

find_package(Sodium REQUIRED)
if(FAIRPULL_WITH_SQLITE)
  find_package(SQLite3 3.37 REQUIRED)
endif()

if(FAIRPULL_BUILD_TESTS)
  FetchContent_Declare(googletest
    URL https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz
    FIND_PACKAGE_ARGS 1.12 NAMES GTest)
  set(INSTALL_GTEST OFF)
  FetchContent_MakeAvailable(googletest)
  find_package(Threads REQUIRED)
endif()
if(FAIRPULL_BUILD_BENCHMARKS)
  set(BENCHMARK_ENABLE_TESTING OFF)
  FetchContent_Declare(benchmark
    URL https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz
    FIND_PACKAGE_ARGS 1.7)
  FetchContent_MakeAvailable(benchmark)
endif()
