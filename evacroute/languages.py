"""Texts in several languages: gettext catalogues, read from their ``.po`` files.

The catalogues stand in ``evacroute/locale/LANGUAGE/LC_MESSAGES/evacroute.po``; English is the text
in the code itself. The ``.po`` file is compiled in memory when its language is first asked for, in
some 2 ms, so that there is no binary file that could be older than its source, and no tool to
install; what it is compiled to is read by the standard library's `gettext`.
"""

from __future__ import annotations

import ast
import gettext
import io
import re
import struct
from functools import cache
from pathlib import Path

from evacroute.errors import InputError

LANGUAGES = ("en", "it", "fr", "de", "es", "zh")
"""Languages there are texts in, as primary tags of BCP 47; zh is in simplified characters."""

TAGS = {"zh": "zh-Hans"}
"""Tag of a language in full, where it is not the same."""

BETWEEN_SENTENCES = {"zh": ""}
"""What stands between two sentences, where it is no space."""

DECIMAL_COMMA = {"it", "fr", "de", "es"}
"""Languages that write 1,40 for 1.40."""

_LOCALE = Path(__file__).resolve().parent / "locale"
_LINE = re.compile(r'(?:(msgid|msgid_plural|msgstr|msgstr\[\d\])\s+)?(".*")')


def language_of(tag: str) -> str:
    """Find the language there are texts in for a tag such as ``it``, ``de-AT`` or ``zh_CN``.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> language_of("de-AT")
    'de'
    """
    language = re.split(r"[-_.]", str(tag).strip().lower())[0]
    if language not in LANGUAGES:
        raise InputError(f"language is {tag!r}, expected one of {', '.join(LANGUAGES)}")
    return language


def catalogue_path(language: str) -> Path:
    """Path of a language's ``.po`` file."""
    return _LOCALE / language / "LC_MESSAGES" / "evacroute.po"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Texts of a language (one of `LANGUAGES`), as the standard library's `gettext` offers them."""
    if language == "en":
        return gettext.NullTranslations()
    text = catalogue_path(language).read_text(encoding="utf-8")
    return gettext.GNUTranslations(io.BytesIO(compile_messages(read_po(text))))


def read_po(text: str) -> dict[str, tuple[str, ...]]:
    """Read a ``.po`` file: message -> its translations, one for each plural form.

    A message with a plural is named by both, with a zero character between, as in ``.mo`` files;
    the header is the translation of the empty message. Contexts are not understood.

    Raises
    ------
    InputError
        If a line is not understood, or a message appears twice.
    """
    messages: dict[str, tuple[str, ...]] = {}
    entry: dict[str, str] = {}
    word = ""

    def close() -> None:
        if not entry:
            return
        name = "\0".join(entry[w] for w in ("msgid", "msgid_plural") if w in entry)
        if name in messages:
            raise InputError(f"catalogue: message {name!r} appears twice")
        messages[name] = tuple(entry[w] for w in sorted(entry) if w.startswith("msgstr"))
        entry.clear()

    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or not (match[1] or word):
            raise InputError(f"catalogue: line {number} is {line!r}, expected a message")
        if match[1] == "msgid":
            close()
        word = match[1] or word
        entry[word] = entry.get(word, "") + ast.literal_eval(match[2])
    close()
    return messages


def compile_messages(messages: dict[str, tuple[str, ...]]) -> bytes:
    """Compile messages to the bytes of a ``.mo`` file; those without a translation are left out."""
    done = sorted(
        (name.encode(), "\0".join(texts).encode()) for name, texts in messages.items() if all(texts)
    )
    n, head = len(done), 28
    table, data = [], b""
    place = head + 16 * n
    for part in (0, 1):
        for pair in done:
            table.append(struct.pack("<2I", len(pair[part]), place + len(data)))
            data += pair[part] + b"\0"
    magic = struct.pack("<7I", 0x950412DE, 0, n, head, head + 8 * n, 0, 0)
    return magic + b"".join(table) + data
