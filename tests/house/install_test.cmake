# Installs the build into a temporary prefix, builds the consumer against it
# and lets it pull once from an installed banner.
#   cmake -DBUILD=… -DSOURCE=… -DWORK=… -P install_test.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(JOIN " " command ${ARGN})
    message(FATAL_ERROR "${command}\nended with ${result}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --component cpp
    --prefix "${WORK}/prefix")
# The program in the README is built and run as a user would.
file(READ "${SOURCE}/README.md" readme)
string(REGEX MATCH "```cpp\n([^`]*)```" block "${readme}")
if(NOT block)
  message(FATAL_ERROR "README.md has no C++ program")
endif()
file(WRITE "${WORK}/readme.cc" "${CMAKE_MATCH_1}")

run("${CMAKE_COMMAND}" -S "${SOURCE}/tests/house/consumer" -B "${WORK}/build"
    -G Ninja "-DCMAKE_PREFIX_PATH=${WORK}/prefix"
    "-DREADME_PROGRAM=${WORK}/readme.cc")
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/consumer" "${WORK}/prefix/share/fairpull/banners/starter.json")
if(NOT output MATCHES "^pulled [A-Z]")
  message(FATAL_ERROR "the consumer said: ${output}")
endif()
run("${WORK}/build/readme")
if(NOT output MATCHES "^pulled (spoon|crown)")
  message(FATAL_ERROR "the README's program said: ${output}")
endif()
file(REMOVE_RECURSE "${WORK}")
