# The web page of `enough serve`: built with npm by cmake/setup/web.sh, and part of the library as C++ source.
set(ENOUGH_WEB AUTO CACHE STRING "Build the server's web page with npm: AUTO (where that is possible), ON or OFF")
set_property(CACHE ENOUGH_WEB PROPERTY STRINGS AUTO ON OFF)

set(ENOUGH_PAGE_MODULES "")
if(ENOUGH_WEB STREQUAL "AUTO" OR ENOUGH_WEB)
  execute_process(COMMAND bash "${CMAKE_CURRENT_LIST_DIR}/setup/web.sh" --modules
                  OUTPUT_VARIABLE ENOUGH_PAGE_MODULES OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE enough_web_error
                  RESULT_VARIABLE enough_web_status)
  if(NOT enough_web_status EQUAL 0)
    set(ENOUGH_PAGE_MODULES "")
    string(STRIP "${enough_web_error}" enough_web_error)
    if(NOT ENOUGH_WEB STREQUAL "AUTO")
      message(FATAL_ERROR "The web page can't be built: ${enough_web_error}")
    endif()
    message(STATUS "Left out: the server's web page (${enough_web_error})")
  endif()
endif()

# enough_page_source(<variable>): the source file with the page in it, or the one that stands in for it.
function(enough_page_source variable)
  if(NOT ENOUGH_PAGE_MODULES)
    set(${variable} src/serve/web_page_absent.cpp PARENT_SCOPE)
    return()
  endif()
  set(script ${PROJECT_SOURCE_DIR}/cmake/setup/web.sh)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp)
  include(web/serve/sources.cmake)
  list(TRANSFORM page_sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/web/serve/)
  add_custom_command(OUTPUT ${made} COMMAND bash ${script} --output ${made} > ${made}.log DEPENDS ${script} ${page_sources}
                     COMMENT "The server's web page" VERBATIM)
  # Compilers warn of literals that are longer than every compiler must take.
  set_source_files_properties(${made} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)
  set(${variable} ${made} PARENT_SCOPE)
endfunction()
