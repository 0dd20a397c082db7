#include "serve/workflows_api.hpp"

#include "serve/workflow_view.hpp"

namespace enough {

ServerResponse workflows_response(const ServedWorkflows& workflows) {
    using Json = nlohmann::ordered_json;
    Json body{{"data", Json::array()}};
    for (const auto& [name, served] : workflows)
        body["data"].push_back(workflow_view(*served->workflow));
    return json_response(body);
}

}  // namespace enough
