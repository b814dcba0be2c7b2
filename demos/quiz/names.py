"""Nicknames by Unicode's own tools: what shows of a name, and whether two look alike.

kept      NFKC (annex 15), less what is drawn as nothing (Default_Ignorable_Code_Point, the categories C)
looks     what is left of a name when all letters that look alike are one letter (UTS 39, confusables.txt)
"""

import functools
import unicodedata

import regex

from demos.quiz.network import Refusal

LONGEST_NAME = 20

# U+2800, the braille cell without a dot, counts as a symbol and is drawn as a blank.
INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{C}\u2800]")
# In emoji they are part of the picture: a joiner, and the mark that asks for colours.
IN_EMOJI = regex.compile(r"(?<=[\p{Extended_Pictographic}\p{EMod}\ufe0f])[\u200d\ufe0f]")


def clean_name(name: str) -> str:
    """One line of letters that show, no more than one space together. Raises Refusal."""
    if not isinstance(name, str) or len(name) > 1000:
        raise Refusal(f"A nickname has 1 to {LONGEST_NAME} letters.")
    shown = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFKC", name))
    emoji = {found.start() for found in IN_EMOJI.finditer(shown)}
    kept = "".join(c for k, c in enumerate(shown) if k in emoji or not INVISIBLE.match(c))
    kept = " ".join(kept.split())
    if not 1 <= len(kept) <= LONGEST_NAME or not regex.search(r"[\p{L}\p{N}\p{S}]", kept):
        raise Refusal(f"A nickname has 1 to {LONGEST_NAME} letters.")
    if any(RESERVED & looks(word) for word in regex.findall(r"\p{L}+", kept)):
        raise Refusal("This name belongs to the page itself. Take another.")
    return kept


@functools.lru_cache(maxsize=4096)  # of ten full rooms: who joins is held against all who are there
def looks(name: str) -> frozenset[tuple[str, str]]:
    """How a name looks, and how it looks in small letters: two names that share either are taken for each other.

    Both, because Greek has another small tau than Latin, and a capital i is an l only as long as it is a capital.
    """
    bare = INVISIBLE.sub("", unicodedata.normalize("NFD", name))
    return frozenset(
        [
            ("written", "".join(map(_prototype, bare)).casefold()),
            ("small", "".join(map(_prototype, bare.casefold()))),
        ]
    )


def free(name: str, taken: list[str]) -> str:
    """The name, or the name with a number when one of `taken` looks like it."""
    known = frozenset().union(*map(looks, taken))
    tries = [name, *(f"{name} {k}" for k in range(2, len(taken) + 3))]
    return next(one for one in tries if not looks(one) & known)


@functools.cache
def _prototype(letter: str) -> str:
    """One letter for all that look like this one: in the table each stands beside the one it is taken for."""
    from confusable_homoglyphs.confusables import confusables_data

    def beside(of: str) -> set[str]:
        return {row["c"] for row in confusables_data.get(of, ())}

    near = beside(letter)
    return min({letter} | near | {far for one in near for far in beside(one)})


RESERVED = frozenset().union(*map(looks, ("teacher", "hidden")))  # what the pages call somebody
