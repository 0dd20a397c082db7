#include "bundle_check.hpp"

#include <enough/workflows/bundle.hpp>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <variant>

namespace enough {
namespace {

const std::string digits(64, 'a');

nlohmann::json good() {
    return {{"format", 1},
            {"main", "m.yaml"},
            {"hash", digits},
            {"files", {{{"paths", {"m.yaml"}}, {"text", "version: 1\n"}}, {{"paths", {"../p", "/p"}}, {"text", ""}}}}};
}

std::string fault_in(const std::string& text) {
    const auto read = bundle_from_json(text);
    const auto* fault = std::get_if<std::string>(&read);
    return fault == nullptr ? "none" : *fault;
}

TEST(BundleJson, is_read_as_it_is_written) {
    const WorkflowBundle bundle{"m.yaml", {{{"m.yaml"}, "version: 1\n"}, {{"../p", "/p"}, ""}}, digits};
    EXPECT_EQ(to_json(bundle), R"({"format":1,"main":"m.yaml","hash":")" + digits +
                                   R"(","files":[{"paths":["m.yaml"],"text":"version: 1\n"},)"
                                   R"({"paths":["../p","/p"],"text":""}]})");
    const auto read = bundle_from_json(good().dump());
    ASSERT_TRUE(std::holds_alternative<WorkflowBundle>(read)) << std::get<std::string>(read);
    EXPECT_EQ(std::get<WorkflowBundle>(read), bundle);
}

TEST(BundleJson, that_is_none_is_refused) {
    const std::string types =
        "this is no workflow bundle: 'format', 'main', 'hash' or 'files' is missing or of another type";
    const std::string no_json = "this is no workflow bundle: it is no JSON";
    EXPECT_EQ(fault_in(""), no_json);
    EXPECT_EQ(fault_in("{"), no_json);
    EXPECT_EQ(fault_in(std::string(100'000, '[')), no_json);
    EXPECT_EQ(fault_in("\xFF"), no_json);
    for (const char* text : {"[]", "{}", "null", "3", R"("x")"})
        EXPECT_EQ(fault_in(text), types) << text;
    for (const char* key : {"format", "main", "hash", "files"}) {
        auto json = good();
        json[key] = nlohmann::json::array({nlohmann::json::array()});
        EXPECT_EQ(fault_in(json.dump()), types) << key;
        json.erase(key);
        EXPECT_EQ(fault_in(json.dump()), types) << key;
    }
    for (const char* key : {"paths", "text"}) {
        auto json = good();
        json["files"][0][key] = 7;
        EXPECT_EQ(fault_in(json.dump()), types) << key;
        json["files"][0].erase(key);
        EXPECT_EQ(fault_in(json.dump()), types) << key;
    }
}

TEST(BundleJson, with_a_value_out_of_bounds_is_refused) {
    const auto with = [](const char* pointer, nlohmann::json value) {
        auto json = good();
        json[nlohmann::json::json_pointer(pointer)] = std::move(value);
        return fault_in(json.dump());
    };
    const std::string none = "this is no workflow bundle: it ";
    EXPECT_EQ(with("/format", 2), none + "is of another format than 1");
    EXPECT_EQ(with("/main", "n.yaml"), none + "does not have its main file");
    EXPECT_EQ(with("/hash", "a"), none + "has a hash that is no SHA-256");
    EXPECT_EQ(with("/hash", std::string(64, 'A')), none + "has a hash that is no SHA-256");
    EXPECT_EQ(with("/files/1/paths/0", ""), none + "has a file with an empty name");
    EXPECT_EQ(with("/files/1/paths/0", "m.yaml"), none + "has one path twice");
    EXPECT_EQ(with("/files/1/paths/0", std::string("a\0b", 3)), none + "has a path with a NUL in it");
    EXPECT_EQ(with("/files/1/paths/0", std::string(4'097, 'a')), none + "has a path longer than 4096 bytes");
    EXPECT_EQ(with("/files/1/paths/0", std::string(4'096, 'a')), "none");
    EXPECT_EQ(with("/files/1/paths", nlohmann::json::array()), none + "has a file without a name");
}

TEST(BundleJson, has_no_more_than_sixteen_mebibytes_of_text) {
    WorkflowBundle bundle{"m.yaml", {{{"m.yaml"}, "version: 1\n"}, {{"p"}, std::string((16 << 20) - 11, 'x')}}, digits};
    EXPECT_EQ(fault_of(bundle), std::nullopt);
    bundle.files[0].text += '\n';
    EXPECT_EQ(fault_of(bundle), "holds more than 16777216 bytes of text");
}

TEST(BundleJson, has_no_more_than_a_thousand_files) {
    auto json = good();
    for (int i = 0; i < 997; ++i)
        json["files"].push_back({{"paths", {"f" + std::to_string(i)}}, {"text", ""}});
    EXPECT_EQ(fault_in(json.dump()), "none");
    json["files"].push_back({{"paths", {"one-more"}}, {"text", ""}});
    EXPECT_EQ(fault_in(json.dump()), "this is no workflow bundle: it has more than 1000 files");
}

}  // namespace
}  // namespace enough
