"""Take secrets out of a notebook: sources, streams, tracebacks, HTML, pictures and their hidden words, metadata."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from hitless import png
from hitless.redaction import Redactor, as_mapping
from hitless.secret_patterns import names_secret

MARKUP = ("text/html", "image/svg+xml", "text/markdown", "application/xml", "text/xml")
BINARY = re.compile(r"(?:image|audio|video|font)/(?!svg)|application/(?:pdf|octet-stream|zip)")
DATA_URI = re.compile(rf"(data:image/png;base64,)({png.BASE64_SIGNATURE}[A-Za-z0-9+/=\s]+)")
PNG_RULE, GONE_RULE = "png-metadata", "unclean-media"
GONE = "[redacted: {mime} that could not be cleaned]"


def redact_notebook(notebook: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """A notebook without secrets.

    Args:
        notebook: As nbformat 4 has it, with its texts joined or in lists of lines.
        redactor: Knows the secrets; counts what it took out.

    Raises:
        NotRedacted: Something could not be redacted.
    """
    return _Walk(redactor, notebook).value(notebook)


class _Walk:
    def __init__(self, redactor: Redactor, notebook: Mapping[str, Any]) -> None:
        self._redactor = redactor
        self._said = self._streams(notebook)

    def value(self, value: Any, *, is_markup: bool = False) -> Any:
        """Anything in the notebook; a `data` or `attachments` of kinds of media is looked into by kind."""
        if isinstance(value, Mapping):
            if id(value) in self._said:
                return self.value({**value, "text": []}) | {"text": self._said[id(value)]}
            clean = self._redactor.redact_text
            return as_mapping([(clean(key), self._entry(key, inner, is_markup)) for key, inner in value.items()])
        if isinstance(value, (list, tuple)) and not all(isinstance(one, str) for one in value):
            return [self.value(one) for one in value]
        return self._text(value, is_markup)

    def _entry(self, key: str, inner: Any, is_markup: bool) -> Any:
        if BINARY.match(key) and (isinstance(inner, str) or _is_lines(inner)):
            text = "".join(inner)
            return self._binary(key, text) if text else inner
        if isinstance(inner, str) and names_secret(key, inner):
            return self._redactor.redact_entry(key, inner)
        return self.value(inner, is_markup=is_markup or key in MARKUP)

    def _text(self, value: Any, is_markup: bool) -> Any:
        if isinstance(value, str) and value.startswith(png.BASE64_SIGNATURE):
            return self._binary("image/png", value)
        if is_markup and _is_lines(value):
            clean = self._text("".join(value), is_markup)
            return value if clean == "".join(value) else clean.splitlines(keepends=True)
        if isinstance(value, str) and "data:image/png;base64," in value:
            value = DATA_URI.sub(lambda found: found.group(1) + self._binary("image/png", found.group(2)), value)
        return self._redactor.redact_value(value, is_markup=is_markup)

    def _binary(self, mime: str, text: str) -> str:
        return self._redactor.once(mime, text, lambda text: self._stripped(mime, text))

    def _stripped(self, mime: str, text: str) -> str:
        """Base64 of the same bytes without hidden words; a word in its place if there is a secret even so."""
        try:
            data = base64.b64decode(text, validate=False)
            if mime == "image/png":
                data, dropped = png.strip(data)
                self._redactor.counts.update({PNG_RULE: dropped} if dropped else {})
        except ValueError:  # no base64, or no picture
            return self._gone(mime)
        if self._redactor.redact_bytes(data) != data:
            return self._gone(mime)
        return self._redactor.redact_text(base64.b64encode(data).decode())

    def _gone(self, mime: str) -> str:
        self._redactor.counts[GONE_RULE] += 1
        return GONE.format(mime=mime)

    def _streams(self, notebook: Mapping[str, Any]) -> dict[int, list[str]]:
        """The lines of each stream output, by its id: what was said one after the other may be one secret in pieces."""
        said = [
            output
            for cell in notebook.get("cells", [])
            for output in cell.get("outputs", [])
            if output.get("output_type") == "stream"
        ]
        texts = {id(output): "".join(output["text"]) for output in said}  # a text or its lines
        names = sorted({str(output.get("name")) for output in said})
        for name in (*names, None) if len(names) > 1 else names:
            chosen = [id(output) for output in said if name is None or str(output.get("name")) == name]
            redacted = self._redactor.redact_pieces([texts[one] for one in chosen])
            texts.update(zip(chosen, redacted, strict=True))
        return {one: text.splitlines(keepends=True) for one, text in texts.items()}


def _is_lines(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(one, str) for one in value)
