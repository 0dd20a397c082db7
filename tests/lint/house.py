#!/usr/bin/env python3
"""House rules that a machine can see: sizes, names, leftovers, and words that say nothing to a reader elsewhere.

Usage: house.py [ROOT]
"""

import re
import sys
from pathlib import Path

from tree import ROOT, files, report, text

LONGEST = 400
CODE = {".cpp", ".hpp", ".py", ".sh", ".cmake", ".js", ".css"}
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc"}
CMAKE = ("CMakeLists.txt", ".cmake", ".cmake.in")

# (what, pattern, advice), looked for in the lines of every text file
EVERYWHERE = [
    ("a path of one machine", r"(?<![\w./}])/(work|root)/", "use a path relative to the repository, or a variable"),
    ("a working arrangement", r"\bsession\b|\bsessions\b|\bissue #\d+", "speak of the project alone"),
    ("a registry's host", r"\b(pypi|pythonhosted|crates)\.(org|io)\b|\bdeb\.debian\.org\b|\bregistry\.npmjs\.org\b",
     "name the package; the client knows its registry"),
]
# … in the lines of code
IN_CODE = [
    ("unfinished work", r"\b(TODO|FIXME|XXX|HACK)\b", "finish it, or write it into docs/"),
    ("a skipped test", r"\bDISABLED_\w|\bGTEST_SKIP\b", "make it run, or remove it"),
    ("a sleep", r"\b(sleep_for|sleep_until|usleep)\b", "wait for the event itself, under a deadline"),
    ("a detached coroutine", r"\basio::detached\b|\buse_detached\b", "give it an owner that joins it"),
]
IN_CMAKE = [("a globbed list of sources", r"\bfile\s*\(\s*GLOB|\baux_source_directory\b", "list the sources by hand")]
# The words themselves stand here, and in the test of this rule; other people's texts are theirs.
EXEMPT = {Path("tests/lint/house.py"), Path("tests/lint/house_test.py"), Path("LICENSE")}
# Inputs as they may come from outside: every byte counts, the last one too.
INPUTS = Path("tests/fuzz/corpora")


def is_code(path: Path) -> bool:
    return path.suffix in CODE or path.name == "CMakeLists.txt"


def check_names(path: Path) -> list[str]:
    words = set(re.split(r"[_\-.]", path.stem.lower()))
    if is_code(path) and words & VAGUE:
        return [f"{path}: a name that says nothing ({', '.join(sorted(words & VAGUE))}): name it by what it does"]
    return []


def check_text(path: Path, content: str) -> list[str]:
    lines = content.splitlines()
    problems = []
    if is_code(path) and len(lines) > LONGEST:
        problems.append(f"{path}: {len(lines)} lines, at most {LONGEST}: split it by what its parts decide")
    if path.suffix == ".hpp" and "#pragma once" not in lines:
        problems.append(f"{path}: no #pragma once")
    if content and not content.endswith("\n") and INPUTS not in path.parents:
        problems.append(f"{path}: no newline at the end")
    rules = EVERYWHERE + (IN_CODE if is_code(path) else []) + (IN_CMAKE if path.name.endswith(CMAKE) else [])
    for number, line in enumerate(lines, 1):
        problems += [
            f"{path}:{number}: {what} ({match.group()}): {advice}"
            for what, pattern, advice in rules if (match := re.search(pattern, line))
        ]
    return problems


def types_in(content: str) -> list[str]:
    """The types that a source file defines at the top of a namespace that others can see, with their namespace."""
    space, types = "", []
    for line in content.splitlines():
        if opened := re.match(r"namespace ([\w:]*) ?\{", line):
            space = opened.group(1)
        elif line.startswith("}  // namespace"):
            space = "enough"  # the nameless one inside has ended, or nothing follows
        elif space and (defined := re.match(r"(?:class|struct|enum class) (\w+)(?!\w|::)[^;()]*\{", line)):
            types.append(f"{space}::{defined.group(1)}")
    return types


def check_types(path: Path, content: str, known: dict[str, Path]) -> list[str]:
    """Two types by one name are one to the linker: their inline functions are merged, whatever they do."""
    if path.suffix not in {".hpp", ".cpp"} or path.parts[0] in {"tests", "examples", "bench"}:
        return []
    problems = []
    for name in types_in(content):
        other = known.setdefault(name, path)
        if other != path:
            problems.append(f"{path}: defines {name}, which {other} defines, too: give one of them another name")
    return problems


def check(root: Path) -> tuple[int, list[str]]:
    problems, checked = [], 0
    types: dict[str, Path] = {}
    for path in files(root):
        problems += check_names(path)
        content = text(path, root)
        if content is not None and path not in EXEMPT:
            checked += 1
            problems += check_text(path, content)
            problems += check_types(path, content, types)
    return checked, problems


def main(arguments: list[str]) -> int:
    return report("house rules", *check(Path(arguments[0]).resolve() if arguments else ROOT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
