"""The recipe inside a picture file, as JSON.

PNG holds it in an ``iTXt`` chunk with the keyword ``bottega``; the other formats in an XMP packet as the
property ``recipe`` of the namespace below, which other programs preserve. A JPEG segment is limited to 64 KB,
so a long recipe is deflated there (property ``deflated``).
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from bottega.errors import OutputError

KEYWORD = "bottega"
NAMESPACE = "urn:bottega:recipe:1"
MAX_RECIPE_BYTES = 1_000_000
MAX_JPEG_XMP_BYTES = 65_000
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:bottega="{namespace}">'
    "<bottega:{property}>{text}</bottega:{property}>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
# Characters that UTF-8 or XML cannot hold; JSON can escape them.
_UNSAFE = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def to_json(recipe: Mapping[str, Any]) -> str:
    """The recipe as compact JSON.

    Raises:
        OutputError: it cannot be written as JSON, or is longer than ``MAX_RECIPE_BYTES``.
    """
    try:
        text = json.dumps(recipe, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise OutputError(f"The recipe cannot be written into the picture as JSON: {error}.") from None
    text = _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    if len(text.encode()) > MAX_RECIPE_BYTES:
        raise OutputError(
            f"The recipe is longer than {MAX_RECIPE_BYTES:,} bytes and does not fit into a picture."
        )
    return text


def to_xmp(text: str, *, max_bytes: int | None = None) -> bytes:
    """Pack the JSON text as XMP of at most ``max_bytes``, deflated when it would be longer.

    Raises:
        OutputError: it is too long even then.
    """
    packet = _PACKET.format(namespace=NAMESPACE, property="recipe", text=escape(text)).encode()
    if max_bytes is not None and len(packet) > max_bytes:
        deflated = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
        packet = _PACKET.format(namespace=NAMESPACE, property="deflated", text=deflated).encode()
        if len(packet) > max_bytes:
            raise OutputError(
                f"The recipe is too long for this format ({len(text.encode()):,} bytes); write a PNG or TIFF."
            )
    return packet


def find_recipe(info: Mapping[Any, Any], notes: list[str]) -> dict[str, Any] | None:
    """The recipe in Pillow's ``info`` of a file, or None; a damaged one is ignored, with a note."""
    try:
        text = info.get(KEYWORD)
        if text is None:
            text = _from_xmp(info.get("xmp"))
        if text is None:
            return None
        if len(text) > MAX_RECIPE_BYTES:
            raise ValueError("too long")
        recipe = json.loads(text)
        if not isinstance(recipe, dict):
            raise ValueError("not an object")
        return recipe
    except (ValueError, RecursionError, ElementTree.ParseError, zlib.error):
        notes.append("The recipe in the file is damaged and was ignored.")
        return None


def _from_xmp(packet: Any) -> str | None:
    if isinstance(packet, str):
        packet = packet.encode()
    if not isinstance(packet, bytes) or NAMESPACE.encode() not in packet:
        return None
    if len(packet) > 2 * MAX_RECIPE_BYTES or b"<!" in packet:  # XMP has no document types, and so no entities
        raise ValueError("not a plain packet")
    properties = dict[str, str]()
    for element in ElementTree.fromstring(packet.strip(b"\0 \r\n\t")).iter():
        # Other programs may rewrite a property as an attribute of its description.
        properties.update({element.tag: element.text or "", **element.attrib})
    deflated = properties.get(f"{{{NAMESPACE}}}deflated")
    if deflated is not None:
        inflater = zlib.decompressobj()
        content = inflater.decompress(base64.b64decode(deflated, validate=True), MAX_RECIPE_BYTES)
        if inflater.unconsumed_tail:
            raise ValueError("too long")
        return content.decode()
    return properties.get(f"{{{NAMESPACE}}}recipe")
