#!/usr/bin/env python3
"""What coroutines here must not look like.

R1: a statement that contains `co_await` contains no braced list, no lambda, no `throw`, and in the arguments of what it
awaits no `? :`; and it does not await in a branch of one. g++ 12.2 accepts such
statements and destroys what they build twice, or too early, at run time and without a warning.
R3: a coroutine is no lambda with captures. They die with the lambda, usually before the coroutine ends.
Usage: co_await_rule.py [FILE...]; without files it reads every C++ file of the repository.
"""

import sys
from pathlib import Path

from cpp_source import Token, tokens
from tree import CPP, ROOT, files, report, text

IN_AWAIT = "in a statement with co_await (rule R1, miscompiled by g++ 12)"
ADVICE = {
    "{": f"{IN_AWAIT}: build the value in a statement of its own and pass it by name",
    "lambda": f"{IN_AWAIT}: name the callable in a statement of its own, or make it a function",
    "?": f"{IN_AWAIT}: choose the argument in a statement of its own and pass it by name",
    "branch": f"{IN_AWAIT}: await in a branch of an if, not of ? :",
    "throw": f"{IN_AWAIT}: await into a variable first, then throw",
    "captures": "of a lambda that is a coroutine (rule R3, they die first): make it a function that takes values",
}
HEADED = {"if", "while", "for", "switch", "catch"}
UNHEADED = {"else", "do", "try"}
TYPE_OR_NAMESPACE = {"namespace", "class", "struct", "union", "enum", "extern", "concept", "requires"}
BEFORE_BODY = {"const", "noexcept", "override", "final", "mutable", "volatile", "try", ")", "}"}
BEFORE_TYPE = {"inline", "static", "constexpr", "typedef", "export", "friend"}
COROUTINE = {"co_await", "co_return", "co_yield"}
OPENERS = {"(": ")", "[": "]", "{": "}"}


class Statement:
    """What one statement was seen to contain; risks with their lines."""

    def __init__(self):
        self.awaits = False
        self.chooses = False
        self.risks: list[tuple[int, str]] = []


class Parser:
    """Walks the statements of a file. Knows just enough C++ to tell a block from a braced list."""

    def __init__(self, source: str):
        self.tokens = tokens(source)
        self.at = 0
        self.problems: list[tuple[int, str]] = []
        self.lambdas_awaiting: list[bool] = []  # of the lambdas around the token here, outermost first

    def peek(self, ahead: int = 0) -> str:
        index = self.at + ahead
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def run(self) -> list[tuple[int, str]]:
        while self.peek():
            self.block()
            if self.peek():
                self.take()  # a brace too many: an #if with two openings of one block
        return sorted(set(self.problems))

    def block(self):
        while self.peek() not in ("}", ""):
            self.statement()

    def braces(self):
        self.take()
        self.block()
        if self.peek():
            self.take()

    def lambda_body(self, captures: int | None):
        self.lambdas_awaiting.append(False)
        self.braces()
        if self.lambdas_awaiting.pop() and captures is not None:
            self.problems.append((captures, "captures"))

    def statement(self):
        first = self.peek()
        if first == "{":
            self.braces()
        elif first in HEADED:
            self.take()
            if self.peek() in ("constexpr", "co_await"):
                self.take()
            self.expression(header=True)
        elif first in UNHEADED:
            self.take()
        elif first in ("case", "default", "public", "private", "protected"):
            self.label()
        else:
            self.expression(header=False)

    def label(self):
        while self.peek() not in (":", ";", "{", "}", ""):
            self.take()
        if self.peek() in (":", ";"):
            self.take()

    def expression(self, header: bool):
        """One statement up to its `;` or its block; with `header` only the parentheses of an `if`, `for`, …"""
        seen, start = Statement(), self.at
        open_, lambdas = [], []  # brackets not yet closed; lambdas without their body yet: (depth, line of captures)
        while self.peek():
            token = self.peek()
            if token == ";" and not open_:
                self.take()
                break
            if token == "}" and (not open_ or open_[-1] != "{"):
                break
            if token == "{":  # of a lambda's body, of a block, or of a braced list
                if lambdas and lambdas[-1][0] == len(open_):
                    self.lambda_body(lambdas.pop()[1])
                elif self.opens_block(start, not open_):
                    self.braces()
                    if not open_:
                        break
                else:
                    seen.risks.append((self.take().line, "{"))
                    open_.append("{")
                continue
            self.note(seen, lambdas, len(open_))
            if token in OPENERS:
                open_.append(token)
            elif open_ and token == OPENERS[open_[-1]]:
                open_.pop()
                if lambdas and lambdas[-1][0] > len(open_):
                    lambdas.pop()
                if header and not open_:
                    self.take()
                    break
            self.take()
        if seen.awaits:
            self.problems += seen.risks

    def note(self, seen: Statement, lambdas: list, depth: int):
        """What the token here means for its statement, and for the lambda around it."""
        token, line = self.peek(), self.tokens[self.at].line
        if token == "[" and self.opens_lambda():
            seen.risks.append((line, "lambda"))
            lambdas.append((depth, None if self.peek(1) == "]" else line))
        elif token == "throw":
            seen.risks.append((line, "throw"))
        elif token == "?" and depth > 0 and seen.awaits:
            seen.risks.append((line, "?"))
        elif token in COROUTINE and self.lambdas_awaiting:
            self.lambdas_awaiting[-1] = True
        if token == "co_await" and seen.chooses:
            seen.risks.append((line, "branch"))
        seen.chooses = seen.chooses or token == "?"
        seen.awaits = seen.awaits or token == "co_await"

    def opens_lambda(self) -> bool:
        before = self.peek(-1)
        if self.peek(1) == "[" or before == "[":  # an attribute
            return False
        if before in ("auto", "delete", "operator") or (before in ("&", "&&") and self.peek(-2) == "auto"):
            return False
        if before in ("return", "co_return", "co_await", "co_yield", "throw", "case"):
            return True
        return not (before in (")", "]", "}", '""', ">") or before[:1].isalnum() or before[:1] == "_")

    def opens_block(self, start: int, outermost: bool) -> bool:
        if self.holds_statements():
            return True
        if not outermost:
            return False
        return self.peek(-1) in BEFORE_BODY or self.declares(start)

    def holds_statements(self) -> bool:
        """Whether a `;` stands right inside the brace here: a braced list has none."""
        depth = 0
        for index in range(self.at, len(self.tokens)):
            token = self.tokens[index].text
            if token in OPENERS:
                depth += 1
            elif token in OPENERS.values():
                depth -= 1
                if depth == 0:
                    return False
            elif token == ";" and depth == 1:
                return True
        return False

    def declares(self, start: int) -> bool:
        """Whether the statement is a type, a namespace, or a function with a trailing return type."""
        words = [token.text for token in self.tokens[start:self.at]]
        if words and words[0] == "template":
            words = words[self.after_angles(words):]
        while words and words[0] in BEFORE_TYPE:
            words = words[1:]
        if words and words[0] in TYPE_OR_NAMESPACE:
            return True
        depth, returns_type = 0, False
        for index, word in enumerate(words):
            depth += (word in OPENERS) - (word in OPENERS.values())
            if depth == 0 and word in ("=", "co_await", "return", "co_return"):
                return False
            returns_type = returns_type or (depth == 0 and word == "->" and words[index - 1] in BEFORE_BODY)
        return returns_type

    @staticmethod
    def after_angles(words: list[str]) -> int:
        depth = 0
        for index, word in enumerate(words):
            depth += (word == "<") - (word == ">")
            if index and depth == 0:
                return index + 1
        return len(words)


def broken_statements(source: str) -> list[tuple[int, str]]:
    """(line, risk) of everything in `source` that the rules forbid."""
    return Parser(source).run()


def main(arguments: list[str]) -> int:
    paths = [Path(name) for name in arguments] or [path for path in files() if path.suffix in CPP]
    problems = []
    for path in paths:
        source = text(path, Path.cwd() if arguments else ROOT) or ""
        problems += [f"{path}:{line}: {risk} {ADVICE[risk]}" for line, risk in broken_statements(source)]
    return report("co_await rule", len(paths), problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
