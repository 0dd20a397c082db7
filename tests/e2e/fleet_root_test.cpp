// The cable between a worker and the server is cut, and the batch's own disk is full. These need root.

#include "e2e/fleet_fixture.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

namespace enough::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

int shell(const std::string& command) {
    return std::system((command + " 2>/dev/null").c_str());  // NOLINT(cert-env33-c): a test's own words
}

/// A namespace of the network with a cable to this one.
class Elsewhere {
public:
    Elsewhere() {
        made_ = shell("ip netns add " + name_) == 0 &&
                shell("ip link add " + here_ + " type veth peer name " + there_) == 0 &&
                shell("ip link set " + there_ + " netns " + name_) == 0 &&
                shell("ip addr add " + address() + "/30 dev " + here_) == 0 &&
                shell("ip link set " + here_ + " up") == 0 &&
                shell("ip -n " + name_ + " addr add " + network_ + "2/30 dev " + there_) == 0 &&
                shell("ip -n " + name_ + " link set " + there_ + " up") == 0 &&
                shell("ip -n " + name_ + " link set lo up") == 0;
    }
    ~Elsewhere() {
        shell("ip link del " + here_);
        shell("ip netns del " + name_);
    }
    Elsewhere(const Elsewhere&) = delete;
    Elsewhere& operator=(const Elsewhere&) = delete;

    bool made() const { return made_; }
    std::string address() const { return network_ + "1"; }  ///< of this end
    const std::string& name() const { return name_; }
    void cut() const { EXPECT_EQ(shell("ip -n " + name_ + " link set " + there_ + " down"), 0); }
    void mend() const { EXPECT_EQ(shell("ip -n " + name_ + " link set " + there_ + " up"), 0); }

    /// Makes something whose sockets are there.
    template <class Make>
    auto within(const Make& make) const {
        decltype(make()) made;
        std::thread([&] {
            const int space = ::open(("/var/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC);
            if (space >= 0 && ::setns(space, CLONE_NEWNET) == 0) made = make();
            if (space >= 0) ::close(space);
        }).join();
        return made;
    }

private:
    std::string tag_ = std::to_string(::getpid() % 100'000);
    std::string network_ = "10.213." + std::to_string(::getpid() % 256) + ".";
    std::string name_ = "enough-" + tag_;
    std::string here_ = "enh" + tag_;
    std::string there_ = "ent" + tag_;
    bool made_ = false;
};

/// The server listens at this end of the cable.
class FleetPartition : public Elsewhere, public FleetTest {
protected:
    FleetPartition() : FleetTest({.host = made() ? address() : "127.0.0.1"}) {}
};

TEST_F(FleetPartition, AWorkerCutOffStopsItsCallsAndComesBack) {
    ASSERT_TRUE(Elsewhere::made());
    constexpr std::size_t count = 40;
    constexpr std::size_t slots = 4;
    items(count);
    write("w.yaml", one_call);
    // The same address in both networks, so that the workflow is the same; there, nobody is answered before the cut.
    std::atomic<bool> cut{false};
    serve_model();
    FakeServerSettings same_port;
    same_port.port = upstream_->port();
    const auto there = Elsewhere::within([&] {
        return std::make_unique<FakeServer>(
            [&](FakeExchange& exchange) {
                if (!cut) {
                    exchange.stall();
                    return;
                }
                answer(exchange);
            },
            same_port);
    });
    ASSERT_TRUE(there);
    const Child far(folder_.file("far.log"),
                    {"/bin/sh", "-c", "exec ip netns exec \"$0\" \"$@\"", Elsewhere::name(), ENOUGH_PROGRAM, "worker",
                     "--nats", url_, "--name", "far", "-c", std::to_string(slots)},
                    environment(), folder_.path());
    const auto running = batch();
    ASSERT_TRUE(there->wait_until([](const auto& counts) { return counts.requests >= slots; }, 60s)) << far.said();
    Elsewhere::cut();
    cut = true;
    const auto since = std::chrono::steady_clock::now();
    EXPECT_TRUE(there->wait_until([](const auto& counts) { return counts.closed_by_client >= slots; }, 20s));
    // The silence, and a second in which it looks.
    EXPECT_LT(std::chrono::steady_clock::now() - since, 3s + 3s);
    const auto near = worker("near", {"-c", "2"});
    ASSERT_TRUE(becomes_true([&] { return finished() >= 10; })) << running->said();
    Elsewhere::mend();
    const json summary = summary_of(*running);
    expect_all(count);
    EXPECT_EQ(summary.at("usage").at("calls"), count);
    EXPECT_LE(requests() + there->counts().requests, count + slots);  // those that were under way at the cut
}

TEST_F(FleetTest, TheBatchsOwnDiskIsFull) {
    const std::string disk = folder_.file("disk");
    std::filesystem::create_directory(disk);
    ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=160k"), 0);
    struct Unmount {
        std::string disk;
        ~Unmount() { ::umount2(disk.c_str(), MNT_DETACH); }
    } const unmount{disk};
    constexpr std::size_t count = 400;
    items(count);
    write("w.yaml", one_call);
    serve_model();
    const auto first = worker("first", {"-c", "4"});
    const auto running = batch({"-c", "20"}, "w.yaml", "data.jsonl", "disk/out.jsonl");
    const auto full = running->wait(60s);
    EXPECT_EQ(full.code, 1);
    EXPECT_THAT(full.err, HasSubstr("error: the batch had to stop: "));
    EXPECT_THAT(full.err, HasSubstr("what was written before is safe, go on with --resume"));
    ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=20m"), 0);
    const auto resumed = batch({"-c", "20", "--resume"}, "w.yaml", "data.jsonl", "disk/out.jsonl");
    summary_of(*resumed);
    expect_all(count, "disk/out.jsonl");
    EXPECT_LE(requests(), count + 4);  // those under way when the batch ended
}

}  // namespace
}  // namespace enough::test
