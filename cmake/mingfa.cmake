# The functions that the folders use, the compiler options, and the system libraries.
#
#   mingfa_library(NAME base LIBS ...)              the folder's *.c -> libmingfa_base.a
#   mingfa_program(NAME mingfa-bank LIB bank_cli LIBS ...)
#                                                   main.c -> the program, every other *.c ->
#                                                   libmingfa_bank_cli.a, so that tests can link it
#   mingfa_unit_tests(MODULE base LIBS ...)         tests/unit/base/*.c -> test_base, one ctest entry
#
# A folder without sources yet configures: its library is then an INTERFACE library that hands on
# its LIBS, and its program or test is left out.

include(CheckPIESupported)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)

# ------------------------------------------------------------------------------ system libraries

pkg_check_modules(libcbor REQUIRED IMPORTED_TARGET libcbor)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(argon2 REQUIRED IMPORTED_TARGET libargon2)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(event REQUIRED IMPORTED_TARGET
    libevent_core libevent_extra libevent_pthreads libevent_openssl)

# libcsv comes without a pkg-config file.
find_path(CSV_INCLUDE_DIR csv.h REQUIRED)
find_library(CSV_LIBRARY csv REQUIRED)
add_library(mingfa_csv INTERFACE)
target_link_libraries(mingfa_csv INTERFACE "${CSV_LIBRARY}")

add_library(mingfa::csv ALIAS mingfa_csv)
add_library(mingfa::cbor ALIAS PkgConfig::libcbor)
add_library(mingfa::utf8proc ALIAS PkgConfig::utf8proc)
add_library(mingfa::sqlite3 ALIAS PkgConfig::sqlite3)
add_library(mingfa::jansson ALIAS PkgConfig::jansson)
add_library(mingfa::argon2 ALIAS PkgConfig::argon2)
add_library(mingfa::curl ALIAS PkgConfig::curl)
add_library(mingfa::event ALIAS PkgConfig::event)

# ------------------------------------------------------------------------------ options

set(MINGFA_SANITIZE "" CACHE STRING "empty, address (with undefined), or thread")
option(MINGFA_HARDEN "Hardening flags; needs optimisation" OFF)
option(MINGFA_COVERAGE "Count executed lines (gcov)" OFF)
option(MINGFA_FUZZ "Build the fuzzers with libFuzzer (clang), and nothing else of tests/" OFF)
option(MINGFA_SINGLE_PROCESS_TESTS
    "Run Criterion's tests in one process by our own main (always so under thread sanitizer)" OFF)
option(MINGFA_TESTS "Build the tests" ON)

if(MINGFA_SANITIZE STREQUAL "thread")
    set(MINGFA_SINGLE_PROCESS_TESTS ON)
endif()

check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Shared by the build folders of one checkout: the same source compiled by the same flags is
# compiled once, wherever its build folder lies.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER AND NOT MINGFA_COVERAGE)
    set(CMAKE_C_COMPILER_LAUNCHER
        "${CMAKE_COMMAND}" -E env CCACHE_NOHASHDIR=true "${CCACHE}")
endif()

add_library(mingfa_options INTERFACE)
target_include_directories(mingfa_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(mingfa_options INTERFACE
    _GNU_SOURCE "MINGFA_VERSION=\"${PROJECT_VERSION}\"")
target_compile_options(mingfa_options INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Werror
    # snprintf into a fixed field cuts on purpose here; what this warning sees depends on -O alone.
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
    -fno-omit-frame-pointer "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
target_link_options(mingfa_options INTERFACE -Wl,--as-needed)

if(MINGFA_HARDEN)
    target_compile_options(mingfa_options INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
    target_link_options(mingfa_options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
if(MINGFA_SANITIZE STREQUAL "address")
    set(mingfa_sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(MINGFA_SANITIZE STREQUAL "thread")
    set(mingfa_sanitize -fsanitize=thread)
elseif(MINGFA_SANITIZE)
    message(FATAL_ERROR "MINGFA_SANITIZE: '${MINGFA_SANITIZE}' is neither address nor thread")
endif()
if(MINGFA_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "MINGFA_FUZZ needs clang")
    endif()
    set(mingfa_sanitize -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
endif()
target_compile_options(mingfa_options INTERFACE ${mingfa_sanitize})
target_link_options(mingfa_options INTERFACE ${mingfa_sanitize})
if(MINGFA_COVERAGE)
    target_compile_options(mingfa_options INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(mingfa_options INTERFACE --coverage)
endif()

# What a sanitizer says, and a Criterion run that ran nothing, fail a test whatever its exit status.
set(MINGFA_FAIL_REGEX
    "ERROR: (Address|Leak)Sanitizer;WARNING: ThreadSanitizer;runtime error:;Tested: 0 ")

# ------------------------------------------------------------------------------ functions

# mingfa_library(NAME n [SUBDIRS d...] [TEXTS f...] [SOURCES f...] LIBS l...)
# SOURCES replaces the glob of the folder's *.c; SUBDIRS adds the *.c of folders below it; TEXTS are
# globs of text files that become `const char <folder>_<stem>_<ext>[]`, NUL-terminated (see
# embed.cmake): schema/record.sql -> schema_record_sql.
function(mingfa_library)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SUBDIRS;TEXTS;SOURCES;LIBS")
    set(target mingfa_${arg_NAME})
    set(sources ${arg_SOURCES})
    if(NOT DEFINED arg_SOURCES)
        file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.c")
    endif()
    foreach(dir IN LISTS arg_SUBDIRS)
        file(GLOB more CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.c")
        list(APPEND sources ${more})
    endforeach()
    foreach(pattern IN LISTS arg_TEXTS)
        file(GLOB texts CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${pattern}")
        foreach(text IN LISTS texts)
            mingfa_embed("${text}" generated)
            list(APPEND sources "${generated}")
        endforeach()
    endforeach()
    if(sources)
        add_library(${target} STATIC ${sources})
        target_link_libraries(${target} PUBLIC mingfa_options ${arg_LIBS})
    else()
        add_library(${target} INTERFACE)
        target_link_libraries(${target} INTERFACE mingfa_options ${arg_LIBS})
    endif()
endfunction()

# The C file, in the build folder, that holds one text file.
function(mingfa_embed path out)
    get_filename_component(dir "${path}" DIRECTORY)
    get_filename_component(dir "${dir}" NAME)
    get_filename_component(name "${path}" NAME)
    string(MAKE_C_IDENTIFIER "${dir}_${name}" symbol)
    set(generated "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c")
    add_custom_command(OUTPUT "${generated}"
        COMMAND "${CMAKE_COMMAND}" "-DINPUT=${path}" "-DOUTPUT=${generated}" "-DSYMBOL=${symbol}"
                -P "${PROJECT_SOURCE_DIR}/cmake/embed.cmake"
        DEPENDS "${path}" "${PROJECT_SOURCE_DIR}/cmake/embed.cmake" VERBATIM)
    set(${out} "${generated}" PARENT_SCOPE)
endfunction()

# mingfa_program(NAME program LIB lib LIBS l...)
function(mingfa_program)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;LIB" "LIBS")
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.c")
    set(main "${CMAKE_CURRENT_SOURCE_DIR}/main.c")
    set(has_main FALSE)
    if(main IN_LIST sources)
        set(has_main TRUE)
        list(REMOVE_ITEM sources "${main}")
    endif()
    mingfa_library(NAME ${arg_LIB} SOURCES ${sources} LIBS ${arg_LIBS})
    if(has_main)
        add_executable(${arg_NAME} "${main}")
        target_link_libraries(${arg_NAME} PRIVATE mingfa_${arg_LIB})
        set_target_properties(${arg_NAME} PROPERTIES
            RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
    endif()
endfunction()

# mingfa_criterion_test(NAME test_x SOURCES f... LIBS l... [TIMEOUT s])
function(mingfa_criterion_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "SOURCES;LIBS")
    if(NOT arg_SOURCES OR NOT MINGFA_TESTS OR MINGFA_FUZZ)
        return()
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    add_executable(${arg_NAME} ${arg_SOURCES})
    target_link_libraries(${arg_NAME} PRIVATE
        mingfa_testlib ${arg_LIBS} mingfa_test_main Threads::Threads)
    target_compile_definitions(${arg_NAME} PRIVATE
        "MINGFA_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"" "MINGFA_BINARY_DIR=\"${PROJECT_BINARY_DIR}\"")
    set_target_properties(${arg_NAME} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    add_test(NAME ${arg_NAME} COMMAND ${arg_NAME} -j1
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${arg_NAME} PROPERTIES
        FAIL_REGULAR_EXPRESSION "${MINGFA_FAIL_REGEX}" TIMEOUT ${arg_TIMEOUT} LABELS criterion
        ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lib/tsan.supp")
endfunction()

# mingfa_unit_tests(MODULE m LIBS l...): tests/unit/m/*.c
function(mingfa_unit_tests)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "MODULE" "LIBS")
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/unit/${arg_MODULE}/*.c")
    mingfa_criterion_test(NAME test_${arg_MODULE} SOURCES ${sources} LIBS ${arg_LIBS})
endfunction()
