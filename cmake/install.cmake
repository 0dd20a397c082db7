# What a user of the library gets: the four targets as enough::agents … enough::orchestrator, their headers, and a
# package for find_package(enough). The targets install themselves.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/enough)
configure_package_config_file(cmake/enough-config.cmake.in ${PROJECT_BINARY_DIR}/enough-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/enough-config-version.cmake COMPATIBILITY SameMinorVersion)

install(EXPORT enough NAMESPACE enough:: FILE enough-targets.cmake DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/enough-config.cmake ${PROJECT_BINARY_DIR}/enough-config-version.cmake
        DESTINATION ${package_dir})
install(FILES workflows/schema/workflow.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/enough)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
