"""The files of the repository that the rules look at, and how their complaints are printed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CPP = (".cpp", ".hpp")


def files(root: Path = ROOT) -> list[Path]:
    """What belongs to the repository, relative to `root`: tracked files and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=False,
    )
    if listed.returncode == 0:
        paths = [Path(name) for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive
        paths = [path.relative_to(root) for path in root.rglob("*")]
        paths = [path for path in paths if path.parts[0] not in ("build", "out") and not path.parts[0].startswith(".git")]
    return sorted(path for path in set(paths) if (root / path).is_file())


def text(path: Path, root: Path = ROOT) -> str | None:
    """The file's content, or None where it is not text."""
    try:
        return (root / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def report(rule: str, checked: int, problems: list[str]) -> int:
    """Prints the problems, sorted as an editor lists them; the exit status."""
    for problem in problems:
        print(problem)
    print(f"{rule}: {checked} files, {len(problems)} problem{'' if len(problems) == 1 else 's'}", file=sys.stderr)
    return 1 if problems else 0
