# The installed executable runs from where it was installed, and prints the schema that was installed beside it.
execute_process(COMMAND ${PREFIX}/bin/enough schema OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
file(READ ${PREFIX}/${DATA}/workflow.schema.json installed)
string(JSON printed_properties GET "${printed}" properties)
string(JSON installed_properties GET "${installed}" properties)
string(JSON same EQUAL "${printed_properties}" "${installed_properties}")
if(NOT same)
  message(FATAL_ERROR "`enough schema` and share/enough/workflow.schema.json differ")
endif()
