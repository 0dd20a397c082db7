#include "serve/approvals.hpp"

#include "bell.hpp"

#include <optional>

namespace enough {

struct Approvals::Pending {
    explicit Pending(const asio::any_io_executor& executor) : bell(executor) {}
    Bell bell;
    std::optional<ApprovalReply> reply;
};

namespace {

/// In the map while the scope lasts, which cancelling a run ends too.
template <class Map>
class Entry {
public:
    Entry(Map& map, typename Map::key_type key, typename Map::mapped_type value) : map_(map), key_(std::move(key)) {
        map_[key_] = value;
    }
    ~Entry() { map_.erase(key_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

private:
    Map& map_;
    typename Map::key_type key_;
};

}  // namespace

Task<ApprovalReply> Approvals::ask(ApprovalQuestion question) {
    Pending pending(executor_);
    std::pair<std::string, std::string> key(std::move(question.run_id), std::move(question.step));
    const Entry entry(pending_, std::move(key), &pending);
    while (!pending.reply)
        co_await pending.bell.wait(Deadline::never());
    co_return std::move(*pending.reply);
}

bool Approvals::decide(const std::string& run_id, const std::string& step, ApprovalReply reply) {
    const auto known = pending_.find({run_id, step});
    if (known == pending_.end() || known->second->reply) return false;
    known->second->reply = std::move(reply);
    known->second->bell.ring();
    return true;
}

}  // namespace enough
