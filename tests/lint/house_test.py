#!/usr/bin/env python3
"""Each house rule on a line that breaks it and on one that only looks so."""

import unittest
from pathlib import Path

from house import check_names, check_text, check_types

HEADER = "#pragma once\n"


class HouseRules(unittest.TestCase):
    def assert_found(self, name: str, content: str, words: str):
        problems = check_text(Path(name), content)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def assert_fine(self, name: str, content: str):
        self.assertEqual(check_text(Path(name), content), [])

    def test_sizes(self):
        self.assert_fine("a.cpp", "int a;\n" * 400)
        self.assert_found("a.cpp", "int a;\n" * 401, "401 lines")
        self.assert_fine("docs/a.md", "line\n" * 1000)

    def test_names(self):
        for name in ("utils.cpp", "src/string_utils.hpp", "common.hpp", "tests/helpers.py", "cmake/Common.cmake"):
            self.assertTrue(check_names(Path(name)), name)
        for name in ("docs/common-questions.md", "src/commonplace.cpp", "src/utility_function.hpp"):
            self.assertFalse(check_names(Path(name)), name)

    def test_types_of_one_name(self):
        def problems(*contents: str) -> int:
            known = {}
            return sum(len(check_types(Path(f"agents/{i}.cpp"), content, known)) for i, content in enumerate(contents))

        one = "namespace enough {\n\nclass Event {\n};\n\n}  // namespace enough\n"
        self.assertEqual(problems(one, one), 1)
        self.assertEqual(problems(one, one.replace("enough {", "enough::llama {")), 0)
        self.assertEqual(problems(one, one.replace("class Event {", "class Event;")), 0)
        self.assertEqual(problems(one, one.replace("class Event {", "struct Event::State {")), 0)
        hidden = "namespace enough {\nnamespace {\nclass Event {\n};\n}  // namespace\n}  // namespace enough\n"
        self.assertEqual(problems(one, hidden), 0)
        self.assertEqual(problems(one, hidden.replace("}  // namespace\n}", "}  // namespace\nclass Event {\n};\n}")), 1)

    def test_pragma_once(self):
        self.assert_found("a.hpp", "int a;\n", "#pragma once")
        self.assert_fine("a.hpp", HEADER)
        self.assert_fine("a.cpp", "int a;\n")

    def test_last_newline(self):
        self.assert_found("a.cpp", "int a;", "newline")
        self.assert_fine("agents/empty.txt", "")
        self.assert_fine("tests/fuzz/corpora/expression/when", "a == 1")
        self.assert_found("tests/fuzz/notes.txt", "a == 1", "newline")

    def test_words_in_every_text(self):
        self.assert_found("README.md", "see /work/main/x\n", "path of one machine")
        self.assert_found("a.sh", "cd /root/.cache\n", "path of one machine")
        self.assert_found("docs/a.md", "found in this session\n", "project alone")
        self.assert_found("a.cpp", "// as issue #12 says\n", "project alone")
        self.assert_found("README.md", "from pypi.org\n", "registry")
        self.assert_fine("docs/a.md", "network/root/x, ${prefix}/work/x, obsession, SSL_SESSION, an issue, https://arxiv.org/abs/1\n")

    def test_leftovers_in_code(self):
        self.assert_found("a.cpp", "// TODO: more\n", "unfinished")
        self.assert_found("tests/a_test.cpp", "TEST(A, DISABLED_b) {}\n", "skipped")
        self.assert_found("tests/a_test.cpp", "GTEST_SKIP();\n", "skipped")
        self.assert_found("tests/a_test.cpp", "std::this_thread::sleep_for(1s);\n", "sleep")
        self.assert_found("a.cpp", "asio::co_spawn(ex, f(), asio::detached);\n", "detached")
        self.assert_fine("a.cpp", "// a todo list; detached houses\n")

    def test_globs(self):
        self.assert_found("agents/CMakeLists.txt", "file( GLOB sources *.cpp)\n", "globbed")
        self.assert_found("cmake/a.cmake", "file(GLOB_RECURSE s *.cpp)\n", "globbed")
        self.assert_fine("agents/CMakeLists.txt", "file(READ a b)\n")


if __name__ == "__main__":
    unittest.main()
