#!/usr/bin/env python3
"""The shapes that g++ 12.2 breaks must be found; those it compiles rightly must be left alone."""

import unittest

from co_await_rule import broken_statements

BROKEN = {
    "aggregate argument": "co_await f(Agg{1, 2});",
    "aggregate argument, result kept": "auto r = co_await f(Agg{1});",
    "designated initialisers": "co_await f({.x = 1});",
    "bare braces": "co_await f({});",
    "lambda argument": "co_await f([a] { return a; });",
    "lambda with statements": "auto r = co_await f([a](int b) { g(b); return a; });",
    "lambda wrapped in a function object": "co_await f(std::function<void()>([a] { g(a); }));",
    "co_spawn of a lambda, awaited": "co_await co_spawn(ex, [x]() -> Task<void> { co_return; }, asio::use_awaitable);",
    "async_initiate with a lambda": "co_await asio::async_initiate<T, void()>([x](auto h) { h(x); }, token);",
    "aggregate as fallback": "co_await f(o.value_or(Agg{}));",
    "aggregate around the await": 'Step s{"id", co_await f()};',
    "braced argument around the await": 'v.push_back({"id", co_await f()});',
    "braced list after =": "Step s = {co_await f()};",
    "returned aggregate": "co_return Agg{co_await f()};",
    "returned braces": "co_return {co_await f()};",
    "argument chosen on the spot": "co_await f(a ? g() : h());",
    "in both branches of a choice": "auto x = a ? co_await f(id) : co_await g(id);",
    "in one branch of a choice": "const auto x = a ? std::nullopt : co_await f();",
    "thrown await": "throw E(co_await f());",
    "thrown in a conditional": "auto x = ok ? co_await f() : throw E();",
    "in a condition": "if (co_await f(Agg{1})) { g(); }",
    "in an if's initialiser": "if (auto x = co_await f({.a = 1}); x) { g(); }",
    "in a loop's range": "for (auto& x : co_await f(Agg{1})) { g(x); }",
    "in a loop's condition": "while (co_await f(Agg{})) g();",
    "after an else": "if (a) g(); else co_await f(Agg{});",
    "under a case": "switch (a) { case Kind::one: co_await f(Agg{}); break; default: co_await f({}); }",
    "on several lines": "co_await f(\n    Agg{\n        .x = 1,\n    });",
    "inside a lambda's body": "spawn([](int a) -> Task<void> { co_await f(Agg{a}); });",
    "temporary with a member call": "co_await Client{config}.get();",
    "member of a returned pointer": "make()->x = Agg{co_await f()};",
    "between an #if": "#if A\nco_await f(Agg{});\n#endif",
    "array": "int a[]{co_await f()};",
    "template argument before the braces": "co_await f(std::vector<int>{1, 2});",
    "capturing coroutine lambda": "auto l = [this](int a) -> Task<int> { g(); co_return a; };",
    "capturing coroutine lambda, awaiting deep inside": "spawn([&] { if (a) { for (;;) { co_await f(); } } });",
    "in a macro's block": "EXPECT_THROW({ co_await f(Agg{}); }, E);",
}

RIGHT = {
    "named local, moved": "Agg named{1}; auto r = co_await f(std::move(named));",
    "function returning the aggregate": "co_await f(make_request(1));",
    "constructor call": "co_await f(Agg(1));",
    "push_back of the result": "v.push_back(co_await f());",
    "result chosen from": "auto x = co_await f() ? g() : h();",
    "if with initialiser": "if (auto x = co_await f(); x) { g(); }",
    "throw under the if": 'if (auto x = co_await f(); !x) throw E("no");',
    "else throw": "if (co_await f()) g(); else throw E(1);",
    "aggregate under the if": "if (co_await f()) a = Agg{1};",
    "switch": "switch (co_await f()) { case 1: { g(Agg{}); break; } default: throw E(); }",
    "loops": "while (co_await f()) { Agg a{1}; } do { g(); } while (co_await f()); for (;;) { co_await f(); }",
    "structured binding": "auto [a, b] = co_await f(); const auto& [c, d] = co_await g();",
    "range for with binding": "for (auto& [a, b] : co_await f()) { g(Agg{a}); }",
    "returned aggregate without await": "co_return Agg{1};",
    "spawned lambda without await": "asio::co_spawn(ex, [x] { return f(x); }, handler);",
    "lambda whose body awaits": "auto l = [](int a) -> Task<int> { co_return co_await f(a); };",
    "capturing lambda that only makes a coroutine": "spawn([a] { return f(a); }); co_await g();",
    "capturing lambda within a coroutine lambda": "auto l = [](int a) -> Task<int> { g([a] { return a; }); co_return a; };",
    "split in two": "auto op = f(Agg{1}); auto r = co_await std::move(op);",
    "subscript": "co_await f(v[0], m[key][1]); co_await g()[2];",
    "braces in a comment and a string": 'co_await f("{", \'{\', R"x({)x"); // Agg{ throw [a]\n/* co_await f(Agg{}) */',
    "function body": "Task<void> f(int a) { co_await g(a); }",
    "empty function": "Task<void> f() {}",
    "const member function": "Task<int> C::f() const { co_return co_await g(); }",
    "trailing return type": "auto f(int a = 1) -> Task<int> { co_return co_await g(a); }",
    "constructor": "C::C(int a) : a_{a}, b_(a) {} Task<void> C::f() { co_await g(); }",
    "class": "class C final : public B { public: Task<void> f() override { co_await g(); } int a{1}; };",
    "struct and namespaces": "namespace a::b { namespace { struct S { int x = 1; }; Task<void> f() { co_await g(); } } }",
    "enum": "enum class E { a, b }; Task<void> f() { co_await g(); }",
    "template": "template <class T> requires C<T> Task<T> f(T t) { co_return co_await g(std::move(t)); }",
    "concept": "template <class T> concept C = requires(T t) { t.x(); }; Task<void> f() { co_await g(); }",
    "try and catch": "try { co_await f(); } catch (const E& e) { throw; } catch (...) { g({1}); }",
    "attribute": "[[maybe_unused]] auto x = co_await f(); if (x) [[likely]] { co_await g(); }",
    "test macro": "TEST(Suite, name) { run(f()); } Task<void> body() { EXPECT_EQ(co_await f(), 1); }",
    "digit separators": "co_await f(1'000'000, 0x1p-3); Agg a{1};",
    "directive": "#define A { co_await f(Agg{}); \\\n }\nco_await f();",
    "new and delete": "co_await f(new int[3]); delete[] p;",
    "goto nowhere": "switch (a) { case 'x': co_await f(); break; case B::c: co_await g(); }",
    "immediate block": "{ auto x = co_await f(); { Agg a{1}; co_await g(a); } }",
}


class CoAwaitRule(unittest.TestCase):
    def test_broken_shapes_are_found(self):
        for name, shape in BROKEN.items():
            for source in (shape, f"Task<void> f() {{ g();\n{shape}\n}}"):
                with self.subTest(name):
                    self.assertTrue(broken_statements(source), source)

    def test_right_shapes_are_left_alone(self):
        for name, shape in RIGHT.items():
            for source in (shape, f"Task<void> outer() {{ g();\n{shape}\n}}"):
                with self.subTest(name):
                    self.assertEqual(broken_statements(source), [], source)

    def test_the_line_and_the_risk_are_told(self):
        self.assertEqual(broken_statements("g();\nco_await f(1,\n  Agg{2});\n"), [(3, "{")])
        self.assertEqual(broken_statements("\n\nthrow E(co_await f());"), [(3, "throw")])
        self.assertEqual(broken_statements("co_await f(\n[a] { return a; });"), [(2, "lambda")])

    def test_one_broken_statement_does_not_hide_or_taint_its_neighbours(self):
        source = "co_await a();\nco_await b(Agg{});\nAgg c{1};\nco_await d();\nco_await e({});\n"
        self.assertEqual(broken_statements(source), [(2, "{"), (5, "{")])


if __name__ == "__main__":
    unittest.main()
