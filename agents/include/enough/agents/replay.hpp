#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/cassette.hpp>

#include <functional>
#include <memory>
#include <string>

namespace enough {

/// Told of each finished call. Called on the executor that awaits the call, so from several threads at once if the
/// calls are; must not throw.
using OnRecorded = std::function<void(RecordedCall)>;

/// An agent that passes calls on to `inner` and records them under the model's name: answers, failures, and calls that
/// the sink stopped (they end where it stopped them). A call that was cancelled, or that threw, is not recorded.
std::unique_ptr<Agent> make_recording(std::unique_ptr<Agent> inner, std::string model, OnRecorded on_recorded);

/// An agent that answers from a tape, at once: it tells the sink what was recorded and gives the recorded outcome, with
/// the recorded times. Of more candidates than are wanted the k largest are passed on; where none are wanted, the sink
/// is told text alone, as by a provider. The request's deadline does not count.
///
/// Where the sink says stop, the answer is what a provider would have given: `stopped_early`, the text so far, the
/// tokens so far counted as an estimate. A recording that was itself cut ends where it ends, `stopped_early`.
///
/// Each agent is one pass over the tape: it gives a recording once, whatever other agents on the same tape give. A
/// request that has none left is a miss: `on_miss` is asked if there is one. Otherwise the call fails with
/// `script_ended`, not to be retried, and a message that begins with "no recording fits" and ends with what
/// `Tape::nearest` says; unlike other failures it thus quotes a few words of the prompt.
std::unique_ptr<Agent> make_replaying(std::string model, std::shared_ptr<const Tape> tape,
                                      std::unique_ptr<Agent> on_miss = nullptr);

/// The same with a tape that learns: what `live` answers to a miss is added, so that later passes give equal requests
/// the same answers. What failed, was stopped early by its sink or was cancelled is not added: it says nothing about
/// what another pass would be answered. Equal requests that miss at the same time are all asked live.
std::unique_ptr<Agent> make_memo(std::string model, std::shared_ptr<Tape> tape, std::unique_ptr<Agent> live);

/// An agent that passes calls on to one that somebody else owns, which must outlive it and its calls.
std::unique_ptr<Agent> borrow(Agent& agent);

}  // namespace enough
