#!/usr/bin/env python3
"""That page_test.py finds what is wrong: a good page, and the same page broken in one way each.

Usage: page_test_test.py PAGE.html, a good one.
"""

import re
import sys
import tempfile
import unittest
from pathlib import Path

from chromium import Browser
from page_test import check

GOOD = Path(sys.argv.pop())
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


class BrokenPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(Browser())
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def problems(self, old: str, new: str, policy: bool = False) -> str:
        """What is found in the good page with `new` for `old`; without its policy, which would stop any other script."""
        page = GOOD.read_text("utf-8")
        self.assertIn(old, page)
        page = page.replace(old, new, 1)
        broken = self.folder / "broken.html"
        broken.write_text(page if policy else POLICY.sub("", page), "utf-8")
        return "\n".join(check(self.browser, broken))

    def test_the_good_page_is_fine_without_its_policy_too(self):
        self.assertEqual(check(self.browser, GOOD), [])
        self.assertEqual(self.problems("<body>", "<body>"), "")

    def test_a_script_that_the_policy_refuses(self):
        self.assertIn("Content Security Policy", self.problems("</main>", "</main><script>window.x = 1</script>", policy=True))

    def test_an_altered_script(self):
        self.assertIn("data-ready", self.problems('"use strict";', '"use strict"; ', policy=True))

    def test_something_from_elsewhere(self):
        for policy in (True, False):
            self.assertIn("127.0.0.1:9", self.problems("</main>", '<img src="http://127.0.0.1:9/x.png"></main>', policy))

    def test_an_uncaught_exception(self):
        self.assertIn("uncaught: Error: thrown", self.problems("\nshowReport();", "\nthrow new Error('thrown');"))
        self.assertIn("uncaught: Error: late", self.problems(
            "\nshowReport();", "\nshowReport(); setTimeout(() => { throw new Error('late'); });"))

    def test_an_error_on_the_console(self):
        self.assertIn("console: oh", self.problems("\nshowReport();", "\nshowReport(); console.error('oh');"))

    def test_a_chart_that_is_left_out(self):
        self.assertIn("things shown in reliability", self.problems("    reliabilityDiagram(report);\n", ""))

    def test_a_chart_that_stays_blank(self):
        self.assertIn("was not drawn", self.problems("\nshowReport();", "\nshowReport(); [...charts.values()][2].chart.clear();"))

    def test_a_series_that_is_hidden(self):
        self.assertIn("'invisible': ['wrong']", self.problems(
            "\nshowReport();", "\nshowReport(); [...charts.values()].forEach(({chart}) => chart.setDatasetVisibility(1, false) ?? chart.update());"))

    def test_a_wrong_number(self):
        self.assertIn("workflow, accuracy:", self.problems("share * 100, decimals", "share * 101, decimals"))
        self.assertIn("accuracy_change:", self.problems("signed(times(share, 100), 1)", "signed(times(share, 10), 1)"))
        self.assertIn("holm_p:", self.problems("pValue(p.versus_full?.holm_p)", "pValue(p.versus_full?.mcnemar_p)"))

    def test_a_warning_without_cause(self):
        self.assertIn("warning 'contains 0.5': True, expected False", self.problems("auroc.low <= 0.5", "auroc.low <= 0.9"))

    def test_text_that_becomes_markup(self):
        self.assertIn("images and frames", self.problems(
            "\nshowReport();", "\nshowReport(); document.querySelector('.verdict').innerHTML = '<img>';"))

    def test_items_that_are_lost(self):
        self.assertIn("rows under 'wrong'", self.problems("item.right === false,", "item.right === null,"))
        self.assertIn("tokens:", self.problems("token ?? \"\"", "\"\""))

    def test_a_page_wider_than_a_narrow_screen(self):
        self.assertIn("width on a narrow screen", self.problems("overflow-x: auto;", ""))


if __name__ == "__main__":
    unittest.main()
