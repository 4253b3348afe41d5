"""The shape of the source: one noun per module, short, and each module says what its rule is."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "handrail"
LONGEST = 500
NAMELESS = {"util", "utils", "helper", "helpers", "misc"}


def modules() -> Iterator[Path]:
    found = sorted(SOURCE.rglob("*.py"))
    assert found, f"no modules in {SOURCE}"
    yield from found


def name(path: Path) -> str:
    return path.relative_to(SOURCE.parent).as_posix()


def test_no_module_is_longer_than_500_lines() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    too_long = {module: lines for module, lines in lengths.items() if lines > LONGEST}
    assert not too_long, f"over {LONGEST} lines, split by noun: {too_long}"


def test_every_module_is_named_after_what_it_holds() -> None:
    nameless = [
        name(path)
        for path in modules()
        if NAMELESS & {part.strip("_") for part in path.relative_to(SOURCE).with_suffix("").parts}
    ]
    assert not nameless, f"name these after the one thing they hold: {nameless}"


def test_every_module_opens_with_a_docstring() -> None:
    silent = [
        name(path)
        for path in modules()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))
    ]
    assert not silent, f"open these with their rule, in a docstring of 2-6 lines: {silent}"
