#pragma once

namespace enough {

/// Whether a recording and a request, or two recordings, ask the same, whatever the model and the evidence wanted.
template <class A, class B>
bool same_request(const A& a, const B& b) {
    return a.messages == b.messages && a.sampling == b.sampling && a.tools == b.tools &&
           a.tools_forbidden == b.tools_forbidden;
}

}  // namespace enough
