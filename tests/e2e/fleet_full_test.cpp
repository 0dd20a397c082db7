// The server's storage is full.

#include "e2e/fleet_fixture.hpp"

namespace enough::test {
namespace {

using nlohmann::json;

class FleetFullServer : public FleetTest {
protected:
    FleetFullServer() : FleetTest({.max_file_store = "100KB"}) {}
};

TEST_F(FleetFullServer, TheBatchWaitsSaysWhyAndGoesOn) {
    constexpr std::size_t count = 300;
    std::string data;
    for (std::size_t i = 0; i < count; ++i)
        data += json{{"id", i}, {"inputs", {{"question", "item " + std::to_string(i) + "? " + std::string(1000, 'x')}}}}
                    .dump() +
                "\n";
    write("data.jsonl", data);
    write("w.yaml", one_call);
    serve_model();
    const auto first = worker("first");
    const auto running = batch();
    ASSERT_TRUE(becomes_true([&] { return running->has_said("the NATS server has no space left"); }))
        << running->said();
    EXPECT_LT(finished(), static_cast<int>(count));
    server_.kill();
    server_.set_max_file_store("100MB");
    server_.start();
    const json summary = summary_of(*running);
    expect_all(count);
    EXPECT_EQ(summary.at("usage").at("calls"), count);
    EXPECT_LE(requests(), count + 16);  // what was under way when the server was killed may be asked again
}

}  // namespace
}  // namespace enough::test
