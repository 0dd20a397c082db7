#pragma once

#include <enough/agents/agent.hpp>

namespace enough {

/// A role as chat APIs and chat templates spell it.
inline const char* role_name(Role role) {
    switch (role) {
        case Role::system:
            return "system";
        case Role::user:
            return "user";
        case Role::assistant:
            return "assistant";
        case Role::tool:
            return "tool";
    }
    return "user";
}

}  // namespace enough
