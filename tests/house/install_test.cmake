# Installs the build into a temporary prefix, builds the consumer against it
# and lets it pull once from an installed banner.
#   cmake -DBUILD=… -DSOURCE=… -DWORK=… -DCXX_FLAGS=… -P install_test.cmake
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
run("${CMAKE_COMMAND}" -S "${SOURCE}/tests/house/consumer" -B "${WORK}/build"
    -G Ninja "-DCMAKE_PREFIX_PATH=${WORK}/prefix"
    "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}")
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/consumer" "${WORK}/prefix/share/fairpull/banners/starter.json")
if(NOT output MATCHES "^pulled [A-Z]")
  message(FATAL_ERROR "the consumer said: ${output}")
endif()
file(REMOVE_RECURSE "${WORK}")
