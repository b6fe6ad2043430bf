"""Text reduced to the words it is compared by."""

import re
import unicodedata


def plain(text: str) -> str:
    """Lower case without accents, apostrophes and full stops; text that has no Latin letters stays itself."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"['’`.]", "", bare)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())
