#include "serve/run_store.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace enough {
namespace {

constexpr std::size_t events_at_once = 256 * 1024;

}  // namespace

RunStore::RunStore(asio::any_io_executor executor, const StoreSettings& settings)
    : executor_(std::move(executor)),
      lock_(settings.file, "server"),
      writer_(executor_, settings),
      reader_(settings.file) {}

RunStore::~RunStore() {
    reading_.join();
}

void RunStore::begin(StoredRun run) {
    writer_.put(StoreWriter::Begin{std::move(run)});
}

void RunStore::record(const Event& event) {
    writer_.put(event);
}

void RunStore::reopen(std::string id) {
    writer_.put(StoreWriter::Reopen{std::move(id)});
}

Task<bool> RunStore::end(std::string id, Event last, RunTotals totals, std::string report) {
    auto reply = std::make_shared<Reply<bool>>(executor_);
    StoreWriter::End end;
    end.id = std::move(id);
    end.last = std::move(last);
    end.totals = totals;
    end.report = std::move(report);
    end.written = [reply](bool written) { reply->set(written, nullptr); };
    writer_.put(std::move(end));
    co_return co_await Reply<bool>::awaited(std::move(reply));
}

template <class T>
Task<T> RunStore::read(std::function<T(RunReader&)> look) {
    auto reply = std::make_shared<Reply<T>>(executor_);
    asio::post(reading_, [this, reply, look = std::move(look)] {
        std::optional<T> found;
        std::exception_ptr error;
        try {
            found = look(reader_);
        } catch (const std::exception&) {
            error = std::current_exception();
        }
        asio::post(executor_,
                   [reply, found = std::move(found), error]() mutable { reply->set(std::move(found), error); });
    });
    co_return co_await Reply<T>::awaited(std::move(reply));
}

Task<std::optional<StoredRun>> RunStore::find(std::string id) {
    const auto look = [id = std::move(id)](RunReader& reader) { return reader.find(id); };
    return read<std::optional<StoredRun>>(look);
}

Task<std::vector<StoredRun>> RunStore::list(RunFilter filter, std::set<std::string> known) {
    const auto look = [filter = std::move(filter), known = std::move(known)](RunReader& reader) {
        return reader.list(filter, [&](const std::string& id) { return known.contains(id); });
    };
    return read<std::vector<StoredRun>>(look);
}

Task<std::vector<StoredEvent>> RunStore::events(std::string id, std::uint64_t after) {
    const auto look = [id = std::move(id), after](RunReader& reader) {
        return reader.events(id, after, events_at_once);
    };
    return read<std::vector<StoredEvent>>(look);
}

Task<std::vector<std::string>> RunStore::interrupted() {
    return read<std::vector<std::string>>([](RunReader& reader) { return reader.interrupted(); });
}

}  // namespace enough
