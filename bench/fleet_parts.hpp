#pragma once

#include "fleet_world.hpp"

#include <map>
#include <set>

// One worker and the batch program of the simulated fleet: their messages, with a pause in place of each call.
namespace enough::bench {

class SimulatedWorker : public std::enable_shared_from_this<SimulatedWorker> {
public:
    SimulatedWorker(World& world, int number)
        : world_(world),
          name_("worker" + std::to_string(number)),
          wire_(std::make_shared<Wire>(world.context, name_, world.traffic)),
          pull_(std::make_shared<Pull>(world, wire_, "SIM_JOBS", "workers", world.plan.pull)) {}

    void begin(std::function<void()> ready) {
        wire_->open(world_.server, [self = shared_from_this(), ready] {
            self->wire_->subscribe("enough.beat.*", [](const WireMessage&) {});
            self->pull_->begin();
            self->tell();
            ready();
        });
    }

    void work() {
        if (wire_->closed()) return;
        const int free = world_.plan.slots - busy_;
        if (free == 0 || pulling_) return;
        pulling_ = true;
        pull_->fetch(
            free, [self = shared_from_this()](const WireMessage& message) { self->take(message); },
            [self = shared_from_this()](int got) {
                self->pulling_ = false;
                if (got == 0)
                    self->wire_->request("$JS.API.CONSUMER.INFO.SIM_JOBS.workers", "", [](const WireMessage&) {});
                self->work();
            });
    }

    void vanish() { wire_->close(); }

private:
    struct Job {
        std::string number, reply;
        Clock::time_point until;
        int records = 0;
        bool over = false;
    };

    void tell() {
        if (wire_->closed()) return;
        wire_->publish("enough.news.sim", "{\"worker\":\"" + name_ + "\",\"slots\":16,\"busy\":" +
                                              std::to_string(busy_) + ",\"refusal\":\"\",\"leaving\":false}");
        world_.after(2, [self = shared_from_this()] { self->tell(); });
    }

    void take(const WireMessage& message) {
        ++busy_;
        auto job = std::make_shared<Job>();
        job->number = message.subject.substr(message.subject.rfind('.') + 1);
        job->reply = message.reply;
        // $JS.ACK.STREAM.CONSUMER.DELIVERED.…
        if (!message.reply.starts_with("$JS.ACK.SIM_JOBS.workers.1.")) ++world_.redelivered;
        keep(job);
        const auto began = Clock::now();
        look("KV_sim_results", result_subject + job->number, [self = shared_from_this(), job, began](bool there) {
            self->world_.look.add(began);
            if (there) return self->acknowledge(job);
            if (self->world_.plan.looks == 1) return self->run(job);
            self->look("KV_sim_runs", run_subject + job->number, [self, job](bool) { self->run(job); });
        });
    }

    void look(const std::string& stream, const std::string& subject, std::function<void(bool)> then) {
        ask("$JS.API.STREAM.MSG.GET." + stream, "{\"last_by_subj\":\"" + subject + "\"}",
            [then](const WireMessage& answer) { then(answer.payload.find("\"error\"") == std::string_view::npos); });
    }

    void ask(const std::string& subject, const std::string& body, Wire::Handler then, std::string_view headers = {}) {
        auto number = std::make_shared<std::uint64_t>();
        *number = wire_->request(
            subject, body,
            [raw = wire_.get(), number, then](const WireMessage& message) {
                raw->forget(*number);
                then(message);
            },
            headers);
    }

    void keep(const std::shared_ptr<Job>& job) {
        world_.after(world_.plan.lease / 3, [self = shared_from_this(), job] {
            if (job->over || self->wire_->closed()) return;
            self->wire_->publish(job->reply, "+WPI");
            self->keep(job);
        });
    }

    /// The pause of a call, then the record of it or the end.
    void run(const std::shared_ptr<Job>& job) {
        ++world_.runs;
        call(job, world_.plan.calls);
    }

    void call(const std::shared_ptr<Job>& job, int left) {
        std::uniform_real_distribution<double> spread(0.5, 1.5);
        world_.after(world_.plan.seconds / world_.plan.calls * spread(world_.random),
                     [self = shared_from_this(), job, left] {
                         if (self->wire_->closed()) return;
                         if (left == 1) return self->commit(job);
                         ++job->records;
                         self->ask(run_subject + job->number, self->world_.record, [](const WireMessage&) {});
                         self->call(job, left - 1);
                     });
    }

    void commit(const std::shared_ptr<Job>& job) {
        const auto began = Clock::now();
        ask(
            result_subject + job->number, world_.work,
            [self = shared_from_this(), job, began](const WireMessage& answer) {
                self->world_.create.add(began);
                if (answer.payload.find("\"error\"") != std::string_view::npos) ++self->world_.late;
                if (job->records > 0)
                    self->ask(
                        run_subject + job->number, "", [](const WireMessage&) {},
                        "NATS/1.0\r\nKV-Operation: DEL\r\n\r\n");
                self->acknowledge(job);
            },
            first_of_key);
    }

    void acknowledge(const std::shared_ptr<Job>& job) {
        const auto began = Clock::now();
        ask(job->reply, "+ACK", [self = shared_from_this(), job, began](const WireMessage&) {
            self->world_.ack.add(began);
            job->over = true;
            --self->busy_;
            self->work();
        });
    }

    World& world_;
    std::string name_;
    std::shared_ptr<Wire> wire_;
    std::shared_ptr<Pull> pull_;
    int busy_ = 0;
    bool pulling_ = false;
};

class SimulatedBatch {
public:
    explicit SimulatedBatch(World& world)
        : world_(world),
          wire_(std::make_shared<Wire>(world.context, "batch", world.traffic)),
          feed_(std::make_shared<Pull>(world, wire_, "KV_sim_results", "feed", 2.0)) {}

    void begin(std::function<void()> ready) {
        wire_->open(world_.server, [this, ready] {
            wire_->subscribe("enough.news.sim", [this](const WireMessage& message) {
                heard_[std::string(message.payload.substr(11, message.payload.find('"', 11) - 11))] = Clock::now();
            });
            feed_->begin();
            make_places(ready);
        });
    }

    void work() {
        while (offered_ < world_.plan.items && offered_ - done() < world_.plan.on_server)
            offer();
        if (done() == world_.plan.items) return world_.context.stop();
        feed_->fetch(
            256,
            [this](const WireMessage& message) {
                results_.insert(std::atoi(message.subject.data() + std::string_view(result_subject).size()));
                if (done() == world_.plan.items / 5) from_ = world_.read();
                if (done() == world_.plan.items / 5 * 4) to_ = world_.read();
            },
            [this](int) { work(); });
    }

    void beat() {
        std::string workers;
        for (const auto& [name, when] : heard_)
            if (Clock::now() - when < std::chrono::seconds(7)) workers += (workers.empty() ? "\"" : ",\"") + name + '"';
        wire_->publish("enough.beat.sim", "{\"workers\":[" + workers + "],\"cancelled\":false,\"done\":false}");
        world_.after(2, [this] { beat(); });
    }

    int done() const { return static_cast<int>(results_.size()); }

    /// Between a fifth and four fifths of the results: neither the beginning nor the end.
    const Reading& from() const { return from_; }
    const Reading& to() const { return to_; }

private:
    void offer() {
        const std::string number = std::to_string(++offered_);
        const std::string id = "NATS/1.0\r\nNats-Msg-Id: sim." + number + "\r\n\r\n";
        wire_->request("enough.jobs.scripted.sim." + number, job_, [](const WireMessage&) {}, id);
    }

    void make_places(std::function<void()> ready) {
        make(
            "STREAM.CREATE.SIM_JOBS",
            R"({"name":"SIM_JOBS","subjects":["enough.jobs.scripted.sim.*"],"retention":"workqueue","storage":"file","discard":"new","num_replicas":1,"max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"duplicate_window":120000000000})");
        for (const std::string bucket : {"sim_runs", "sim_results"})
            make(
                "STREAM.CREATE.KV_" + bucket,
                R"({"name":"KV_)" + bucket + R"(","subjects":["$KV.)" + bucket +
                    R"(.>"],"retention":"limits","storage":"file","discard":"new","num_replicas":1,"max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_msgs_per_subject":1,"allow_rollup_hdrs":true,"deny_delete":true,"allow_direct":true})");
        make(
            "CONSUMER.DURABLE.CREATE.SIM_JOBS.workers",
            R"({"stream_name":"SIM_JOBS","config":{"durable_name":"workers","ack_policy":"explicit","deliver_policy":"all","replay_policy":"instant","max_deliver":-1,"max_ack_pending":100000,"max_waiting":10000,"ack_wait":)" +
                std::to_string(static_cast<std::int64_t>(world_.plan.lease * 1e9)) + "}}");
        make(
            "CONSUMER.DURABLE.CREATE.KV_sim_results.feed",
            R"({"stream_name":"KV_sim_results","config":{"durable_name":"feed","ack_policy":"none","deliver_policy":"all","replay_policy":"instant"}})");
        wire_->request("$JS.API.INFO", "", [ready](const WireMessage&) { ready(); });
    }

    void make(const std::string& what, const std::string& settings) {
        wire_->request("$JS.API." + what, settings, [what](const WireMessage& answer) {
            if (answer.payload.find("\"error\"") != std::string_view::npos)
                throw std::runtime_error(what + ": " + std::string(answer.payload));
        });
    }

    World& world_;
    std::shared_ptr<Wire> wire_;
    std::shared_ptr<Pull> feed_;
    std::string job_ = R"({"number":1,"id":1,"inputs":{"question":")" + std::string(160, 'q') + "\"}}";
    std::map<std::string, Clock::time_point> heard_;
    std::set<int> results_;
    Reading from_, to_;
    int offered_ = 0;
};

}  // namespace enough::bench
