include(GNUInstallDirs)

# What every target of this project is compiled with. Kept out of the installed interface.
add_library(enough_flags INTERFACE)
target_compile_options(enough_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                       -Wno-missing-field-initializers  # designated initialisers leave out what keeps its default
                       $<$<BOOL:${ENOUGH_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms of the optimiser, on coroutine frames and on variants.
  target_compile_options(enough_flags INTERFACE -Wno-mismatched-new-delete -Wno-maybe-uninitialized)
endif()
if(ENOUGH_SANITIZE)
  target_compile_options(enough_flags INTERFACE -fsanitize=${ENOUGH_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(enough_flags INTERFACE -fsanitize=${ENOUGH_SANITIZE})
  if(ENOUGH_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(enough_flags INTERFACE -Wno-tsan)
  endif()
endif()
if(ENOUGH_COVERAGE)
  target_compile_options(enough_flags INTERFACE --coverage)
  target_link_options(enough_flags INTERFACE --coverage)
endif()

# enough_library(<folder> SOURCES … HEADERS … USES <folders…> PUBLIC <targets…> PRIVATE <targets…>)
# A folder is one static library with its own include/: only who links it can see its headers, so an include against
# the line agents <- policies <- workflows <- orchestrator does not compile. Every header is compiled alone.
function(enough_library folder)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;USES;PUBLIC;PRIVATE" ${ARGN})
  set(target enough_${folder})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(enough::${folder} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${folder})
  list(TRANSFORM arg_HEADERS PREPEND include/enough/)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_include_directories(${target} PRIVATE src)
  list(TRANSFORM arg_USES PREPEND enough::)
  target_link_libraries(${target} PUBLIC ${arg_USES} ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:enough_flags>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  install(TARGETS ${target} EXPORT enough FILE_SET HEADERS ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()
