# SPDX-License-Identifier: EUPL-1.2
"""XML of somebody else: read, or refused before it can do anything."""

from __future__ import annotations

import socket

import pytest

from hub.xml import Bounds, XmlRefused, parse

BOMB = (
    '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
    + "]><l>&i;</l>"
)


def test_elements_attributes_and_text_are_read():
    """Namespaces are kept apart from names; text is trimmed."""
    root = parse(b'<a xmlns="urn:x" xmlns:s="urn:s"><b s:nil="true"> een <![CDATA[&]]> </b><b>twee</b></a>')
    assert (root.namespace, root.name) == ("urn:x", "a")
    first, second = root.all("b")
    assert (first.text, dict(first.attributes), second.text) == ("een &", {"nil": "true"}, "twee")
    assert root.find("b") is first
    assert root.find("b", "c") is None


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><a/>',
        "<!DOCTYPE a><a/>",
    ],
)
def test_a_document_type_is_refused_and_nothing_is_fetched(document, monkeypatch):
    """Entities that expand, files and addresses: all begin with a declaration that no message of ours has."""
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("something was fetched"))
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("a file was opened"))
    with pytest.raises(XmlRefused, match="document type"):
        parse(document.encode())


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"", "no well-formed"),
        (b"<a>", "no well-formed"),
        (b"<a>&x;</a>", "no well-formed"),
        (b"<a/><b/>", "no well-formed"),
        (b'{"a": 1}', "no well-formed"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "encoding|no well-formed"),
        (b"<a>" * 60 + b"</a>" * 60, "levels deep"),
        (b"<a>" + b"<b/>" * 30_000 + b"</a>", "levels deep or"),
        (b"<a " + b" ".join(b'b%d="1"' % n for n in range(30_000)) + b"/>", "attributes"),
        (b"<a>" + b"x" * 1_000_001 + b"</a>", "larger than"),
        (b"<a>\xff\xfe</a>", "no well-formed"),
    ],
)
def test_what_is_too_much_or_no_xml_is_refused_without_repeating_it(document, says):
    """Bounded in bytes, depth and number; the message never holds what was sent."""
    with pytest.raises(XmlRefused, match=says) as caught:
        parse(document)
    assert "xxx" not in str(caught.value)


def test_the_bounds_are_what_is_asked():
    """A deeper message is read by who asks for it."""
    assert parse(b"<a>" * 60 + b"</a>" * 60, Bounds(depth=60)).name == "a"
