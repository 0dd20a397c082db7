#!/usr/bin/env python3
"""The check itself: it must notice a test that is not there and a row that names none."""
import unittest

import complaints

HEAD = "| complaint | where | what | shown by |\n|---|---|---|---|\n"


class Complaints(unittest.TestCase):
    def test_accepts_what_exists(self):
        row = "| a | b | c | `Suite.Test`, `a_case.yaml` |\n"
        self.assertEqual(complaints.missing(HEAD + row, {"Suite.Test", "a_case.yaml"}), [])

    def test_names_what_does_not(self):
        row = "| a | b | c | `Suite.Test`, `a_case.yaml` |\n"
        self.assertEqual(complaints.missing(HEAD + row, {"Suite.Test"}), ["a_case.yaml"])

    def test_a_row_must_name_a_test(self):
        self.assertEqual(len(complaints.missing(HEAD + "| a | b | c | none |\n", set())), 1)

    def test_finds_the_tests_of_a_file(self):
        self.assertEqual(complaints.DEFINED.findall("TEST_F(A, b) {\nTEST(C, d) {"), [("A", "b"), ("C", "d")])


if __name__ == "__main__":
    unittest.main()
