# Included by the presets only: what makes building this project here comfortable, and what no consumer of it should inherit.

find_program(ENOUGH_CCACHE ccache DOC "Compiler cache; empty: build without one")
if(ENOUGH_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${ENOUGH_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ENOUGH_CCACHE})
endif()

# Ninja starts more jobs than there are cores, and one sanitized Beast source takes over a gigabyte.
cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
cmake_host_system_information(RESULT memory_mib QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR fitting "${memory_mib} / 1500")
if(fitting LESS 1)
  set(fitting 1)
endif()
if(fitting LESS cores)
  set(cores ${fitting})
endif()
set_property(GLOBAL PROPERTY JOB_POOLS compile=${cores})
set(CMAKE_JOB_POOL_COMPILE compile)
unset(cores)
unset(memory_mib)
unset(fitting)
