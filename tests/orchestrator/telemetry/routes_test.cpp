#include "serve/routes.hpp"

#include "serve/trace_headers.hpp"

#include <gtest/gtest.h>

namespace enough::test {
namespace {

TEST(Routes, KnowThePathsOfTheApi) {
    EXPECT_EQ(route_of("/"), "/");
    EXPECT_EQ(route_of("/v1/runs"), "/v1/runs");
    EXPECT_EQ(route_of("/v1/runs/4c9d"), "/v1/runs/{id}");
    EXPECT_EQ(route_of("/v1/runs/4c9d/events"), "/v1/runs/{id}/events");
    EXPECT_EQ(route_of("/assets/app.js"), "/assets/{file}");
}

TEST(Routes, WhatClientsMakeUpIsOther) {
    for (const char* path : {"", "v1/runs", "/v1", "/v1/runs/", "/v1/runs/a/b", "/v1/runs//events", "/metrics/", "//",
                             "/v1/chat/completions/", "/admin.php", "/v1/runs/a/events/b"})
        EXPECT_EQ(route_of(path), "other") << path;
    EXPECT_EQ(method_label("GET"), "GET");
    EXPECT_EQ(method_label("PROPFIND"), "other");
    EXPECT_EQ(method_label("get"), "other");
}

ServerRequest with_headers(HeaderList headers) {
    ServerRequest request;
    request.headers = std::move(headers);
    return request;
}

TEST(TraceHeaders, SeveralStatesAreOneListAndSeveralParentsNone) {
    const std::string parent = "00-12345678901234567890123456789012-1234567890123456-00";
    const auto context =
        trace_of(with_headers({{"TraceParent", parent}, {"tracestate", "foo=1"}, {"Tracestate", "bar=2"}}));
    ASSERT_TRUE(context);
    EXPECT_EQ(context->state, "foo=1,bar=2");
    EXPECT_FALSE(context->sampled());
    EXPECT_FALSE(trace_of(with_headers({{"traceparent", parent}, {"traceparent", parent}})));
    EXPECT_FALSE(trace_of(with_headers({{"tracestate", "foo=1"}})));
}

}  // namespace
}  // namespace enough::test
