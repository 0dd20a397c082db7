# llama.cpp's library: where ENOUGH_LLAMA_PREFIX says, else an installed package, else what cmake/setup/llama.sh has
# built into the cache. Defines the target `llama`.
set(ENOUGH_LLAMA_PREFIX "" CACHE PATH "Where llama.cpp's library is installed; empty: search for it")

# llama.cpp's package remembers where it once was and would not see another prefix.
unset(llama_LIBRARY CACHE)
if(ENOUGH_LLAMA_PREFIX)
  find_package(llama QUIET PATHS "${ENOUGH_LLAMA_PREFIX}" NO_DEFAULT_PATH)
else()
  find_package(llama QUIET)
  if(NOT llama_FOUND)
    execute_process(COMMAND bash "${CMAKE_CURRENT_LIST_DIR}/setup/llama.sh" --print
                    OUTPUT_VARIABLE enough_llama_cached OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(enough_llama_cached)
      find_package(llama QUIET PATHS "${enough_llama_cached}" NO_DEFAULT_PATH)
    endif()
  endif()
endif()
if(NOT llama_FOUND)
  message(FATAL_ERROR "llama.cpp's library was not found. Run cmake/setup/llama.sh once (2 minutes) and configure again, "
                      "name an installation with -DENOUGH_LLAMA_PREFIX=..., or do without: -DENOUGH_LLAMA=OFF")
endif()
message(STATUS "llama.cpp: ${llama_DIR}")
