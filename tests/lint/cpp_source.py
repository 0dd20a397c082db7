"""Reads C++ as far as the rules here need it: tokens without comments, literals and directives."""

import re
from dataclasses import dataclass

SKIPPED = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<line_comment>//(?:\\\n|[^\n])*)
    | (?P<block_comment>/\*.*?\*/)
    | (?P<directive>\#(?:\\\n|/\*.*?\*/|(?!//)[^\n])*)
    """,
    re.VERBOSE | re.DOTALL,
)
TOKEN = re.compile(
    r"""
      (?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)")
    | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
    | (?P<character>(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
    | (?P<number>\.?\d(?:[eEpP][+-]|'?[\w.])*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<symbol>::|->|&&|\|\||<=>|<=|>=|==|!=|<<|[^\s])
    """,
    re.VERBOSE | re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:<([^>\n]+)>|"([^"\n]+)")', re.MULTILINE)


@dataclass(frozen=True)
class Token:
    text: str  # literals are reduced to their quotes
    line: int


@dataclass(frozen=True)
class Include:
    name: str
    quoted: bool
    line: int


def tokens(source: str) -> list[Token]:
    """The tokens of `source`. Directives count only at the start of a line, so `#` elsewhere is a symbol."""
    found = []
    at, line, line_start = 0, 1, True
    while at < len(source):
        match = SKIPPED.match(source, at)
        if match and (match.lastgroup != "directive" or line_start):
            if match.lastgroup == "space" and "\n" in match.group():
                line_start = True
        else:
            match = TOKEN.match(source, at)
            text = match.group()
            if match.lastgroup in ("raw", "string"):
                text = '""'
            elif match.lastgroup == "character":
                text = "''"
            found.append(Token(text, line))
            line_start = False
        line += match.group().count("\n")
        at = match.end()
    return found


def includes(source: str) -> list[Include]:
    """The include directives of `source` that are not commented out, in order."""
    plain = re.sub(r"/\*.*?\*/", lambda comment: re.sub(r"[^\n]", " ", comment.group()), source, flags=re.DOTALL)
    return [
        Include(match[1] or match[2], match[1] is None, plain.count("\n", 0, match.start()) + 1)
        for match in INCLUDE.finditer(plain)
    ]
