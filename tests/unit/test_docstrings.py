"""What the docstrings of the public names say, so that the API reference has no holes."""

from __future__ import annotations

import enum
import inspect
import re

from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate
from surface import Public, all_names

import evacroute as er

CHECKS = {
    "GL03": "two blank lines",
    "GL05": "a tab",
    "GL06": "an unknown section",
    "GL07": "sections out of order",
    "GL08": "no docstring",
    "GL10": "a directive without two colons",
    "SS01": "no summary",
    "SS02": "the summary begins with a small letter",
    "SS03": "the summary ends without a full stop",
    "SS04": "the summary is indented",
    "SS06": "the summary is longer than a line",
    "PR01": "a parameter is not told",
    "PR02": "a parameter that does not exist",
    "PR03": "parameters in another order",
    "PR07": "a parameter of which nothing is said",
    "PR09": "a parameter's text ends without a full stop",
    "RT01": "what it returns is not told",
    "RT03": "a returned value of which nothing is said",
    "RT05": "a returned value's text ends without a full stop",
    "YD01": "what it yields is not told",
}
"""Checks of numpydoc that are asked for. Not asked: types (they are in the signature), See Also,
and extended summaries where one line says it."""

BACKTICKS = re.compile(r"(?<![`:\w])`([^`]+)`(?![`_])")
LITERALS = re.compile(r"``.+?``", re.DOTALL)


def documented() -> list[Public]:
    """Public names that can have a docstring: constants have theirs in the source alone."""
    return [
        public
        for public in all_names()
        if isinstance(public.value, property)
        or inspect.isclass(public.value)
        or inspect.isroutine(public.value)
    ]


def checks_of(public: Public) -> set[str]:
    """Which checks a name has to pass, by what it is."""
    value = public.value
    if public.owner is not None:
        return {*CHECKS}
    if inspect.isclass(value) and issubclass(value, er.EvacrouteError):
        return {*CHECKS}
    if inspect.isclass(value) and (issubclass(value, enum.Enum) or is_protocol(value)):
        # Nobody makes one: what numpydoc takes for its parameters are those of the base.
        return {*CHECKS} - {"PR01"}
    return {*CHECKS, "EX01"}


def is_protocol(value: type) -> bool:
    """Whether a class only says what others can do."""
    return bool(getattr(value, "_is_protocol", False))


def test_docstrings_are_whole() -> None:
    """Each public name says what it does, what it takes, what it gives back, and shows it."""
    faults = [
        f"{public.name}: {code} {what}"
        for public in documented()
        for code, what in validate(get_doc_object(public.value))["errors"]
        if code in checks_of(public)
    ]
    assert not faults, "\n".join(faults)


def test_single_backticks_name_what_is_documented() -> None:
    """What stands in single backticks is a public name, so that each becomes a link."""
    every = all_names()
    names = {public.name for public in every}
    # Names of the package are written without it, as `assign` or `Plan.save`.
    names |= {name.removeprefix("evacroute.") for name in names}
    faults = []
    for public in documented():
        home = public.name if public.owner is None else public.name.rpartition(".")[0]
        module = home.rpartition(".")[0]
        text = LITERALS.sub("", inspect.getdoc(public.value) or "")
        for word in BACKTICKS.findall(text):
            if not {word, f"{home}.{word}", f"{module}.{word}"} & names:
                faults.append(f"{public.name}: `{word}`")
    assert not faults, "\n".join(faults)


def test_assign_names_the_settings_of_its_methods() -> None:
    """Whoever reads of `assign` finds every setting that its methods take."""
    text = inspect.getdoc(er.assign) or ""
    settings = {
        name for method in er.METHODS.values() for name in inspect.signature(method).parameters
    }
    # The seed is an argument of `assign` itself, the name is what the method is called by.
    missing = [name for name in settings - {"name", "seed"} if f"``{name}``" not in text]
    assert not missing, missing
