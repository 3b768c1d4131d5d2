"""The catalogues: every text of the code in every language, with the same places for values."""

from __future__ import annotations

import ast
import gettext
import io
import re
import string
from pathlib import Path

import pytest

import evacroute
from evacroute.errors import InputError
from evacroute.languages import (
    LANGUAGES,
    catalogue,
    catalogue_path,
    compile_messages,
    language_of,
    read_po,
)

PACKAGE = Path(evacroute.__file__).parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]
ONE, MANY = {"_", "gettext"}, {"_n", "ngettext"}


def messages_of_code() -> set[str]:
    """Texts that the code hands to gettext, a plural after its singular and a zero character."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            words = [a.value for a in call.args if isinstance(a, ast.Constant)]
            texts = [word for word in words if isinstance(word, str)]
            if name in ONE and len(texts) == 1:
                found.add(texts[0])
            elif name in MANY and len(texts) == 2:
                found.add("\0".join(texts))
    return found


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", TRANSLATED)
def test_code_and_catalogue_have_the_same_messages(language: str) -> None:
    """A catalogue translates all that the code says, and nothing that it does not."""
    messages = read_po(catalogue_path(language).read_text("utf-8"))
    assert set(messages) - {""} == messages_of_code()
    assert len(messages) > 90


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_with_the_same_places(language: str) -> None:
    """A translation has as many forms as the language, each with the places of its message."""
    messages = read_po(catalogue_path(language).read_text("utf-8"))
    forms = int(re.search(r"nplurals=(\d)", messages[""][0])[1])  # type: ignore[index]
    for name, texts in messages.items():
        if not name:
            continue
        assert len(texts) == (forms if "\0" in name else 1), name
        for text in texts:
            assert text.strip() == text != "", name
            assert places(text) == places(name.split("\0")[-1]), (name, text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_sentence_is_left_in_english(language: str) -> None:
    """Of the whole sentences none is the English one."""
    messages = read_po(catalogue_path(language).read_text("utf-8"))
    assert [name for name, texts in messages.items() if "." in name and name in texts] == []


@pytest.mark.parametrize(
    "language,one,none,many",
    [
        ("it", "1 gradino", "0 gradini", "14 gradini"),
        ("fr", "1 marche", "0 marche", "14 marches"),
        ("de", "1 Stufe", "0 Stufen", "14 Stufen"),
        ("es", "1 escalón", "0 escalones", "14 escalones"),
        ("zh", "1级台阶", "0级台阶", "14级台阶"),
        ("en", "1 step", "0 steps", "14 steps"),
    ],
)
def test_plural_forms(language: str, one: str, none: str, many: str) -> None:
    """A number takes the form that its language asks for; French counts none as one."""
    n = catalogue(language).ngettext
    said = [n("{n} step", "{n} steps", count).format(n=count) for count in (1, 0, 14)]
    assert said == [one, none, many]


def test_chinese_has_its_own_punctuation() -> None:
    """Chinese texts hold no western comma, colon, full stop, question mark or bracket."""
    messages = read_po(catalogue_path("zh").read_text("utf-8"))
    for name, texts in messages.items():
        if name:
            assert not set(re.sub(r"{\w+}", "", "".join(texts))) & set(",:.?()!;"), texts


@pytest.mark.parametrize("tag,language", [("it", "it"), ("de-AT", "de"), ("zh_CN", "zh")])
def test_tags(tag: str, language: str) -> None:
    """A tag with a country or script finds its language."""
    assert language_of(tag) == language


@pytest.mark.parametrize("tag", ["", "xx", "english", None])
def test_unknown_language(tag: str) -> None:
    """An unknown language is an error that names those there are."""
    with pytest.raises(InputError, match="en, it, fr, de, es, zh"):
        language_of(tag)


def test_po_reading() -> None:
    """Comments, texts over several lines, escapes and plurals are read, and compile to a .mo."""
    text = """# a comment
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

#: code.py:3
msgid "a \\"quoted\\" "
"word"
msgstr "ein \\"Wort\\""

msgid "one"
msgid_plural "more"
msgstr[0] "eins"
msgstr[1] "viele"

msgid "open"
msgstr ""
"""
    messages = read_po(text)
    assert messages['a "quoted" word'] == ('ein "Wort"',)
    assert messages["one\0more"] == ("eins", "viele")
    found = gettext.GNUTranslations(io.BytesIO(compile_messages(messages)))
    assert found.gettext('a "quoted" word') == 'ein "Wort"'
    assert [found.ngettext("one", "more", n) for n in (1, 2)] == ["eins", "viele"]
    assert found.gettext("open") == "open"


@pytest.mark.parametrize("text", ["msgid one", '"lost"', 'msgid "a"\nmsgstr ""\nmsgid "a"\n'])
def test_bad_po(text: str) -> None:
    """A catalogue that cannot be understood is an error, not silently English."""
    with pytest.raises(InputError, match="catalogue"):
        read_po(text)
