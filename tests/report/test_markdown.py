"""Text from targets, servers and users is shown as it is, whatever characters it contains."""

import html
import re

import pytest
from markdown_it import MarkdownIt

from upecho.report.markdown import anchor, block, code, details, escaped, link, picture, table

pytestmark = pytest.mark.once

HTML = MarkdownIt("commonmark").enable("table")
NASTY = [
    "cmd:a | b",
    "`",
    "a ``` b`",
    r"back\slash \| pipe",
    "<b>bold</b> &amp; [link](x) ![i](x)",
    "*a* _b_ __c__ ~~d~~ # e",
    "# no heading",
    "x86_64 a_b_c",
    "b'\\x00' … é",
]


def visible(markdown: str) -> str:
    """Return what a reader sees of a paragraph."""
    return html.unescape(re.sub("<[^>]+>", "", HTML.render(markdown))).strip()


@pytest.mark.parametrize("text", NASTY)
def test_text_is_shown_as_it_is(text: str) -> None:
    assert visible(f"- requirement: {escaped(text)}") == f"requirement: {text}"
    assert visible(f"- seen: {code(text)}") == f"seen: {text}"


@pytest.mark.parametrize("text", NASTY)
def test_text_is_shown_as_it_is_in_a_table(text: str) -> None:
    rendered = HTML.render("\n".join(table(["a", code(text)], [["b", escaped(text)], ["c", code(text)]])))
    cells = [html.unescape(re.sub("<[^>]+>", "", one)) for one in re.findall("<t[hd]>(.*?)</t[hd]>", rendered)]
    assert cells == ["a", text, "b", text, "c", text]


@pytest.mark.parametrize("text", [*NASTY, "```\nmore\n````"])
def test_block_is_shown_as_it_is(text: str) -> None:
    found = re.fullmatch(
        '<pre><code class="language-sh">(.*)\n</code></pre>\n', HTML.render("\n".join(block(text, "sh"))), re.S
    )
    assert found
    assert html.unescape(found[1]) == text


def test_control_characters_are_escaped_and_lines_joined() -> None:
    assert escaped("a\x1b[1m\n b") == r"a\\x1b\[1m b"
    assert code("a\x1b\n b") == r"`a\x1b b`"
    assert list(block("a\x1b\nb"))[1:3] == [r"a\x1b", "b"]
    assert code("") == ""


def test_content_of_a_folded_part_is_markdown() -> None:
    rendered = HTML.render("\n".join(["before", "", *details("More", ["- a", ""]), "after"]))
    assert "<li>a</li>" in rendered
    assert "<p>after</p>" in rendered


@pytest.mark.parametrize("text", NASTY)
def test_title_of_a_folded_part_is_shown_as_it_is(text: str) -> None:
    rendered = HTML.render("\n".join(details(text, ["", ""])))
    assert f"<summary>{html.escape(text, quote=False)}</summary>" in rendered


def test_link_leads_to_a_place() -> None:
    rendered = HTML.render("\n".join([anchor('a"b'), "", link(escaped("a [b]"), "#a(b c)")]))
    assert '<a id="a&quot;b"></a>' in rendered
    assert '<a href="#a(b%20c)">a [b]</a>' in rendered


def test_picture_has_a_description_and_paths_that_are_urls() -> None:
    rendered = HTML.render("\n".join(picture(light="a b/1.svg", dark='"/2.svg', description='"x"\n<y>')))
    assert rendered == (
        "<picture>\n"
        '<source media="(prefers-color-scheme: dark)" srcset="%22/2.svg">\n'
        '<img src="a%20b/1.svg" alt="&quot;x&quot; &lt;y&gt;">\n'
        "</picture>\n"
    )
