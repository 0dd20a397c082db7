// What many workers and one batch program say to a NATS server, without their work: connections, news, beats, pulls,
// lookups, leases, records, results and acknowledgements as orchestrator/src/fleet does them, around a pause in place
// of each run. One thread, one socket per worker. bench/fleet_simulation.sh runs it beside a server of its own.
#include "fleet_parts.hpp"

namespace enough::bench {
namespace {

Plan read_plan(int count, char** words) {
    Plan plan;
    const std::map<std::string, std::function<void(double)>> settings{
        {"port", [&](double v) { plan.port = int(v); }},
        {"server", [&](double v) { plan.server = int(v); }},
        {"workers", [&](double v) { plan.workers = int(v); }},
        {"slots", [&](double v) { plan.slots = int(v); }},
        {"seconds", [&](double v) { plan.seconds = v; }},
        {"items", [&](double v) { plan.items = int(v); }},
        {"calls", [&](double v) { plan.calls = int(v); }},
        {"on_server", [&](double v) { plan.on_server = int(v); }},
        {"lease", [&](double v) { plan.lease = v; }},
        {"vanish", [&](double v) { plan.vanish = v; }},
        {"vanish_at", [&](double v) { plan.vanish_at = v; }},
        {"limit", [&](double v) { plan.limit = v; }},
        {"pull", [&](double v) { plan.pull = v; }},
        {"looks", [&](double v) { plan.looks = int(v); }},
    };
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        const auto found = settings.find(word.substr(0, word.find('=')));
        if (found == settings.end() || word.find('=') == std::string::npos) throw std::runtime_error("what is " + word);
        found->second(std::atof(word.c_str() + word.find('=') + 1));
    }
    if (plan.pull == 0) plan.pull = std::clamp(0.005 * plan.workers, 1.0, 5.0);
    if (plan.on_server == 0) plan.on_server = 2 * plan.workers * plan.slots;
    return plan;
}

double seconds_between(const Reading& from, const Reading& to) {
    return std::max(std::chrono::duration<double>(to.when - from.when).count(), 1e-3);
}

void print(const World& world, const SimulatedBatch& batch, const Reading& alone, const Reading& began,
           double connecting) {
    const Plan& plan = world.plan;
    std::printf("%d workers x %d, items of %.1f s in %d call(s), lease %.0f s: %d of %d results in %.1f s\n",
                plan.workers, plan.slots, plan.seconds, plan.calls, plan.lease, batch.done(), plan.items,
                seconds_between(began, world.read()));
    std::printf(
        "  alone    %.3f CPU of the server with beats and news, %.0f kB/s out; connected in %.1f s\n",
        (began.cpu - alone.cpu) / seconds_between(alone, began),
        double(began.traffic.bytes_received - alone.traffic.bytes_received) / 1e3 / seconds_between(alone, began),
        connecting);
    std::printf("  rate     %.0f/s of the %.0f/s that the slots could do\n",
                plan.items * 0.6 / seconds_between(batch.from(), batch.to()), plan.workers * plan.slots / plan.seconds);
    // Of all the time: what is said of an item is said long before its result comes.
    const Reading& from = began;
    const Reading to = world.read();
    const double items = std::max(batch.done(), 1);
    const double seconds = seconds_between(from, to);
    std::printf("  server   %.2f CPU (%.0f us/item), %ld MiB; the simulation %.2f CPU of all its time\n",
                (to.cpu - from.cpu) / seconds, (to.cpu - from.cpu) / items * 1e6, memory_kib(plan.server) / 1024,
                cpu_seconds(getpid()) / seconds_between(alone, to));
    const auto per_item = [&](auto member) { return double(to.traffic.*member - from.traffic.*member) / items; };
    std::printf("  per item %.1f messages in, %.1f out; %.0f bytes in, %.0f out; %.2f pulls\n",
                per_item(&Traffic::sent), per_item(&Traffic::received), per_item(&Traffic::bytes_sent),
                per_item(&Traffic::bytes_received), double(to.pulls - from.pulls) / items);
}

int simulate(const Plan& plan) {
    World world(plan);
    world.server = tcp::endpoint(asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(plan.port));
    SimulatedBatch batch(world);
    std::vector<std::shared_ptr<SimulatedWorker>> workers;
    const auto opened = Clock::now();
    Reading alone, began;
    int ready = 0;
    const auto start = [&] {
        alone = world.read();
        world.after(6, [&] {  // beats and news alone for a while
            began = world.read();
            batch.work();
            for (const auto& worker : workers)
                worker->work();
            const int gone = static_cast<int>(plan.vanish * plan.workers);
            if (gone > 0)
                world.after(plan.vanish_at, [&, gone] {
                    for (int i = 0; i < gone; ++i)
                        workers[static_cast<std::size_t>(i)]->vanish();
                });
        });
        batch.beat();
    };
    batch.begin([&] {
        for (int i = 0; i < plan.workers; ++i) {
            workers.push_back(std::make_shared<SimulatedWorker>(world, i));
            workers.back()->begin([&] {
                if (++ready == plan.workers) start();
            });
        }
    });
    world.after(plan.limit, [&] { world.context.stop(); });
    world.context.run();
    print(world, batch, alone, began, std::chrono::duration<double>(alone.when - opened).count());
    world.look.print("look");
    world.create.print("create");
    world.ack.print("ack");
    std::printf("  redelivered %llu, runs beyond the items %lld, results that came second %llu\n",
                static_cast<unsigned long long>(world.redelivered), static_cast<long long>(world.runs) - plan.items,
                static_cast<unsigned long long>(world.late));
    return batch.done() == plan.items ? 0 : 1;
}

}  // namespace
}  // namespace enough::bench

int main(int count, char** words) {
    try {
        return enough::bench::simulate(enough::bench::read_plan(count, words));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
}
