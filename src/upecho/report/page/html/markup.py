"""Writes HTML: whatever is not HTML already is escaped."""

from collections.abc import Iterable, Mapping
from html import escape

VOID = frozenset({"meta", "input", "br"})  # elements without content and without an end


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str | int | bool | None) -> Html:
    """Return an element with its content.

    Args:
        name: Name of the element.
        children: Its content; text that is not HTML is escaped.
        attributes: Its attributes. In their names an underscore stands for a hyphen, and one at the end for nothing.
            True stands for an attribute without a value; one that is False, None or an empty string is left out.
    """
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False or value == "":
            continue
        attribute = key.rstrip("_").replace("_", "-")
        words.append(attribute if value is True else f'{attribute}="{escape(str(value))}"')
    start = f"<{' '.join(words)}>"
    return Html(start if name in VOID else f"{start}{join(children)}</{name}>")


def join(children: Iterable[str], between: str = "") -> Html:
    """Return several pieces as one; text that is not HTML is escaped."""
    return Html(between.join(one if isinstance(one, Html) else escape(one, quote=False) for one in children))


def facts(named: Mapping[str, str]) -> Html:
    """Return a list of facts, each with its name; text that is not HTML is escaped."""
    parts: list[Html] = []
    for name, text in named.items():
        parts += [element("dt", name), element("dd", text)]
    return element("dl", *parts)
