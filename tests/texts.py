"""What the files of demos/ say to a visitor, and the numbers in it."""

import ast
import re
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path

DEMOS = Path(__file__).parents[1] / "demos"

# What counts as a number to be told of: a decimal, a share, thousands, a unit, "a third of", "a hundred".
NUMBER = re.compile(
    r"[\d,]*\.\d+|\d+(?:\\,)?\s?\\?%|\d+,\d{3}|\d+ of \d+"
    r"|\d ?(?:nats|bits|ms|s|MB|GB|M|grey levels|draws|noises|pairs|pictures|images|faces|votes)\b(?!\^)"
    r"|\b(?:half|third|quarter)s? of\b|\b(?:tenth|hundred|hundredth|thousand)s?\b"
)


def text(node: ast.AST) -> str:
    """A string of the source as a visitor sees it, what is filled in left open."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text, node.values))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "{}"


def plain(html: str) -> str:
    """Without tags and names of papers, on one line."""
    words = " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
    return re.sub(r"(?:arXiv:|section )[\d.]+", "", words)


def strings(file: Path) -> Iterator[str]:
    """What a file of demos/ may say to a visitor: not what is for readers of the code, no script, no pattern."""
    source = file.read_text(encoding="utf-8")
    if file.suffix == ".html":
        yield plain(source)
        return
    if file.suffix == ".js":
        filled = (said[1:-1] for said in re.findall(r'"[^"\n]*"|`[^`]*`', source))
        filled = (plain(re.sub(r"\$\{[^}]*\}", "{}", said)) for said in filled)
        yield from (said for said in filled if re.search("[a-z]{2,} [a-z]{2,}", said))
        return
    nodes, apart = list(ast.walk(ast.parse(source))), set()
    for node in nodes:
        if isinstance(node, ast.Expr):
            apart.add(node.value)
        if isinstance(node, ast.JoinedStr):
            apart.update(node.values)
    for node in nodes:
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in apart:
            said = text(node)
            if " " in said and "=>" not in said:
                yield plain(said)


TEXTS = {
    file.relative_to(DEMOS).as_posix(): list(strings(file))
    for file in sorted(DEMOS.rglob("*"))
    if file.suffix in (".py", ".html", ".js")
}


def unknown(said: str, phrases: Iterable[str]) -> list[str]:
    """The numbers in a text that stand in none of the phrases."""
    known = [m.span() for phrase in phrases for m in re.finditer(re.escape(phrase), said)]
    return [
        said[max(0, m.start() - 30) : m.end() + 30]
        for m in NUMBER.finditer(said)
        if not any(start <= m.start() and m.end() <= end for start, end in known)
    ]
