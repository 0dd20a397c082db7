#include "serve/run_record.hpp"

namespace enough {

bool RunFilter::wants(const std::string& name_of_workflow, const std::string& name_of_status, const RunKey& key) const {
    const bool interrupted = name_of_status == StoredRun::interrupted;
    return (workflow.empty() || workflow == name_of_workflow) &&
           (status.empty() || status == name_of_status || (status == "failed" && interrupted)) &&
           (!since || key.first >= *since) && (!until || key.first < *until) && (!before || key < *before);
}

}  // namespace enough
