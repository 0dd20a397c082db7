#!/usr/bin/env python3
"""Each rule of include_direction.py on a small tree that breaks just that rule."""

import tempfile
import unittest
from pathlib import Path

from include_direction import Tree

PURE = {
    "agents/include/enough/agents/answer.hpp": "#include <string>\n",
    "agents/include/enough/agents/agent.hpp": "#include <enough/async/task.hpp>\n",
    "agents/include/enough/async/task.hpp": "#include <boost/asio/awaitable.hpp>\n",
    "agents/src/net/pool.hpp": "#include <boost/beast/core.hpp>\n",
    "agents/src/net/pool.cpp": '#include "net/pool.hpp"\n#include <chrono>\nauto now = std::chrono::steady_clock::now();\n',
    "policies/include/enough/policies/gate.hpp": "#include <enough/agents/answer.hpp>\n#include <chrono>\n",
    "policies/src/gate.cpp": "#include <enough/policies/gate.hpp>\n// steady_clock is for others\n",
    "workflows/include/enough/workflows/load.hpp": "#include <enough/policies/gate.hpp>\n",
    "workflows/src/load.cpp": "#include <enough/workflows/load.hpp>\n#include <yaml-cpp/yaml.h>\n",
    "tests/policies/gate_test.cpp": "#include <gtest/gtest.h>\n#include <enough/workflows/load.hpp>\n",
}


class IncludeDirection(unittest.TestCase):
    def problems(self, **changed: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (PURE | changed).items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
            return Tree(Path(folder)).check()

    def assert_only(self, name: str, content: str, words: str):
        problems = self.problems(**{name: content})
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(name, problems[0])
        self.assertIn(words, problems[0])

    def test_a_right_tree_has_no_problem(self):
        self.assertEqual(self.problems(), [])

    def test_against_the_line(self):
        include = "#include <enough/workflows/load.hpp>\n"
        self.assert_only("policies/src/vote.cpp", include, "policies may not use workflows")
        self.assert_only("agents/src/answer.cpp", include, "agents may not use workflows")

    def test_unknown_folder_and_climbing(self):
        self.assert_only("agents/src/a.cpp", "#include <enough/base/x.hpp>\n", "belongs to no folder")
        self.assert_only("workflows/src/a.cpp", '#include "../../agents/src/net/pool.hpp"\n', "climbs")

    def test_public_headers_in_angles(self):
        self.assert_only("workflows/src/a.cpp", '#include "enough/workflows/load.hpp"\n', "included as <")

    def test_policies_are_pure(self):
        name = "policies/src/vote.cpp"
        self.assert_only(name, "#include <boost/asio/post.hpp>\n", "Asio")
        self.assert_only(name, "#include <enough/agents/agent.hpp>\n", "agent.hpp -> enough/async/task.hpp -> boost/asio")
        self.assert_only(name, "#include <iostream>\n", "a stream")
        self.assert_only(name, "#include <filesystem>\n", "file system")
        self.assert_only(name, "#include <chrono>\nauto t = std::chrono::system_clock::now();\n", "clock")

    def test_public_headers_hide_heavy_libraries(self):
        name = "agents/include/enough/net/x.hpp"
        for header, what in (("boost/beast/http.hpp", "Beast"), ("yaml-cpp/yaml.h", "yaml-cpp"),
                             ("openssl/ssl.h", "OpenSSL"), ("spdlog/spdlog.h", "spdlog")):
            self.assert_only(name, f"#include <{header}>\n", what)
        self.assertEqual(self.problems(**{name: "// #include <spdlog/spdlog.h>\n/*\n#include <openssl/ssl.h>\n*/\n"}), [])

    def test_own_header_first(self):
        late = "#include <vector>\n#include <enough/policies/gate.hpp>\n"
        self.assert_only("policies/src/gate.cpp", late, "comes first")
        self.assertEqual(self.problems(**{"orchestrator/cli/gate.cpp": late}), [])


if __name__ == "__main__":
    unittest.main()
