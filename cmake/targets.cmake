# One CMake target a folder. `c4a_library(NAME SOURCES … DEPS … LIBS …)`: DEPS are our own folders (public, the
# dependency rule of ARCHITECTURE.md), LIBS are third-party libraries (private, so that no other folder includes them).

add_library(c4a_options INTERFACE)
target_include_directories(c4a_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
target_compile_options(c4a_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                             -Werror=return-type -Werror=switch -fno-omit-frame-pointer)
target_link_options(c4a_options INTERFACE -fuse-ld=lld-19)
if(C4A_PLANTED_BUGS)
  target_compile_definitions(c4a_options INTERFACE C4A_PLANTED_BUGS)
endif()

function(c4a_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC c4a_options ${ARG_DEPS} PRIVATE ${ARG_LIBS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE c4a_options ${ARG_DEPS})
  endif()
endfunction()

# c4a_test(NAME SOURCES … DEPS … LIBS …): a GoogleTest program, registered with ctest under its own name.
function(c4a_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE c4a_options ${ARG_DEPS} ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
endfunction()

# c4a_live_test(NAME …): the same for a program that needs a server, which an environment variable names. Its label keeps
# it out of `make test`; run it with `ctest -L live`.
function(c4a_live_test name)
  c4a_test(${name} ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS live SKIP_REGULAR_EXPRESSION
                               "SKIPPED: (no|set) ;CHAT4ALL_TEST_[A-Z]+ is not set")
endfunction()
