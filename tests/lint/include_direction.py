#!/usr/bin/env python3
"""Who may include what: agents <- policies <- workflows <- orchestrator <- examples, tests, bench.

- A folder uses only those before it, by their public headers; no include climbs with `..`.
- policies/ is pure: no Asio, not even through another header of ours, no clock, no streams, no file system.
- Public headers show no Beast, yaml-cpp, OpenSSL or spdlog: their users need neither the names nor the seconds.
- A source includes its own header first, so that each header is seen to stand alone.
Usage: include_direction.py [ROOT]
"""

import re
import sys
from pathlib import Path

from cpp_source import includes, tokens
from tree import CPP, ROOT, files, report, text

LINE = ["agents", "policies", "workflows", "orchestrator"]
ASIDE = ("async", "hash", "json", "net", "sqlite", "tools")  # of agents, too
FOLDER_OF = {name: "agents" for name in ASIDE} | {folder: folder for folder in LINE}
HIDDEN = {
    "Beast": r"boost/beast", "yaml-cpp": r"yaml-cpp/", "OpenSSL": r"openssl/", "Asio's TLS": r"boost/asio/ssl",
    "spdlog": r"spdlog/",
}
IMPURE = {
    "Asio": r"boost/(asio|beast)", "a stream": r"(iostream|fstream|cstdio|stdio\.h)$", "the file system": r"filesystem$",
    "threads": r"(thread|mutex|condition_variable|future)$",
}
CLOCKS = {"steady_clock", "system_clock", "high_resolution_clock", "utc_clock"}


class Tree:
    def __init__(self, root: Path):
        self.root = root
        self.sources = {path: text(path, root) or "" for path in files(root) if path.suffix in CPP}
        self.includes = {path: includes(source) for path, source in self.sources.items()}
        self.public = {
            "/".join(path.parts[2:]): path
            for path in self.sources if path.parts[1] == "include" and path.parts[0] in LINE
        }

    def check(self) -> list[str]:
        problems = []
        for path in self.sources:
            problems += self.direction(path) + self.own_header_first(path)
            if path in self.public.values():
                problems += self.hidden(path)
            if path.parts[0] == "policies":
                problems += self.purity(path)
        return problems

    def direction(self, path: Path) -> list[str]:
        problems = []
        for include in self.includes[path]:
            at = f"{path}:{include.line}: "
            if ".." in include.name.split("/"):
                problems.append(f"{at}\"{include.name}\" climbs out of its folder: use <enough/...> or the folder's src")
            parts = include.name.split("/")
            if parts[0] != "enough" or len(parts) < 3:
                continue
            if include.quoted:
                problems.append(f"{at}public headers are included as <{include.name}>")
            folder = FOLDER_OF.get(parts[1])
            if folder is None:
                problems.append(f"{at}<{include.name}> belongs to no folder of {' <- '.join(LINE)}")
            elif path.parts[0] in LINE and LINE.index(folder) > LINE.index(path.parts[0]):
                problems.append(f"{at}{path.parts[0]} may not use {folder}: the line is {' <- '.join(LINE)}")
        return problems

    def hidden(self, path: Path) -> list[str]:
        return [
            f"{path}:{include.line}: a public header shows {what} (<{include.name}>): include it in the source"
            for include in self.includes[path] for what, name in HIDDEN.items() if re.match(name, include.name)
        ]

    def purity(self, path: Path) -> list[str]:
        problems = [
            f"{path}:{include.line}: policies are pure, but this brings {what}: {' -> '.join(chain)}"
            for include in self.includes[path] for what, chain in self.brings(include.name, [])
        ]
        return problems + [
            f"{path}:{token.line}: policies know no clock, but this names {token.text}: take the time as a value"
            for token in tokens(self.sources[path]) if token.text in CLOCKS
        ]

    def brings(self, name: str, seen: list[str]):
        """(what, chain of includes) for everything impure that including `name` pulls in through headers of ours."""
        for what, pattern in IMPURE.items():
            if re.match(pattern, name):
                yield what, [*seen, name]
        if name in self.public and name not in seen:
            for include in self.includes[self.public[name]]:
                yield from self.brings(include.name, [*seen, name])

    def own_header_first(self, path: Path) -> list[str]:
        if path.suffix != ".cpp" or path.parts[0] not in LINE:
            return []
        ours = [include for include in self.includes[path] if include.quoted or include.name.startswith("enough/")]
        # A verb of the command line may share its name with what it calls; only src/ implements public headers.
        own = [include for include in ours
               if Path(include.name).stem == path.stem and (include.quoted or path.parts[1] == "src")]
        if own and self.includes[path][0] not in own:
            return [f"{path}:{own[0].line}: its own header {own[0].name} comes first"]
        return []


def main(arguments: list[str]) -> int:
    tree = Tree(Path(arguments[0]).resolve() if arguments else ROOT)
    return report("include direction", len(tree.sources), tree.check())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
