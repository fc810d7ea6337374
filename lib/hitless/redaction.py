"""Take secrets out of whatever is written down or said: first those that are known, then what looks like one.

Known values are found in every encoding (`secret_forms`), also when colours, line breaks, tags or the seams of a stream
run through them. What stands in their place says which rule it was: `[redacted:AWS_SECRET_ACCESS_KEY]`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hitless.errors import Failed
from hitless.secret_forms import FORM_MIN, forms
from hitless.secret_patterns import NAMED, likely, names_secret
from hitless.squeezed import (
    BLANKS,
    BLANKS_CONTINUED,
    BREAKS,
    COLOURS,
    CONTINUED,
    GAP,
    MARKUP,
    SEAM,
    SEAMS,
    Span,
    Squeezed,
    merged,
)

MASK = b"*"
MARKER = re.compile(r"\[redacted:[^\]\[]*\]")
LOOKS_MIN = 8  # characters below which nothing looks like a secret
OPEN_MIN = 4  # characters of a secret at the end of a line from which the line waits for the next
Counts = Counter[str]


class NotRedacted(Failed):
    """A text could not be freed of secrets, so it was not written."""


class Redactor:
    """Knows the secrets of one run.

    Args:
        secrets: {name: value}; the name is said in the value's place.

    Attributes:
        counts: How often each rule took something out so far.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.counts: Counts = Counter()
        self._forms = {form: name for name, value in secrets.items() for form in forms(value) if form}
        self._spaced = _without_blanks(secrets)
        self._bytes = {form.encode("utf-8", "surrogatepass"): name for form, name in self._forms.items()}
        for name, value in secrets.items():
            self._bytes |= {value.encode(wide, "surrogatepass"): name for wide in ("utf-16-le", "utf-16-be")}
        self._beginnings = _by_beginning(self._forms)
        self._clean: set[bytes] = set()
        self._shortest = min(map(len, [*self._forms, *self._spaced]), default=0)
        self._longest = max(map(len, self._forms), default=0)

    def redact_text(self, text: str, *, is_markup: bool = False) -> str:
        """The text without secrets.

        Args:
            text: Any.
            is_markup: Look through tags as well.
        """
        if SEAM in text:
            text = text.replace(SEAM, "\ufffd")
        return self._redact(text, is_markup)

    def redact_pieces(self, pieces: Sequence[str], *, is_markup: bool = False) -> list[str]:
        """Texts that belong one behind the other, without secrets, also where one runs over a seam.

        Raises:
            NotRedacted: The pieces could not be told apart afterwards.
        """
        joined = SEAM.join(piece.replace(SEAM, "\ufffd") for piece in pieces)
        redacted = self._redact(joined, is_markup).split(SEAM) if pieces else []
        if len(redacted) != len(pieces):
            raise NotRedacted("A stream could not be put together again after redaction.")
        return redacted

    def once(self, kind: str, text: str, redact: Callable[[str], str]) -> str:
        """What `redact` makes of a text; one that it left as it was is not looked at again.

        papermill writes the whole notebook after each cell: most of it is what it was.
        """
        mark = hashlib.blake2b(f"{kind}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if mark in self._clean:
            return text
        redacted = redact(text)
        if redacted == text:
            self._clean.add(mark)
        return redacted

    def _redact(self, text: str, is_markup: bool) -> str:
        return self.once("markup" if is_markup else "text", text, lambda text: self._redacted(text, is_markup))

    def _redacted(self, text: str, is_markup: bool) -> str:
        for gap, wanted in self._passes(text, is_markup) if len(text) >= self._shortest else ():
            known = Squeezed(text, gap)
            if spans := merged(_find(known.text, wanted)):
                text = self._replace(known, spans)
        if len(text) >= LOOKS_MIN:  # what interrupts a secret may as well be what ends it
            text = "".join(part if number % 2 else self._look(part) for number, part in enumerate(GAP.split(text)))
            text = self._look(text, COLOURS) if "\x1b" in text else text
            text = self._look(text, SEAMS) if SEAM in text else text
        return text

    def _passes(self, text: str, is_markup: bool) -> Iterator[tuple[re.Pattern[str], Mapping[str, str]]]:
        """What to take out of a text, and what to look for then."""
        yield MARKUP if is_markup else BREAKS, self._forms
        if "\\\n" in text or "\\\r\n" in text:
            yield CONTINUED, self._forms
            yield BLANKS_CONTINUED, self._spaced
        if self._spaced:
            yield BLANKS, self._spaced

    def _look(self, text: str, gap: re.Pattern[str] = COLOURS) -> str:
        plain = Squeezed(text, gap)
        for pattern in likely(plain.text):
            if spans := [(*span, pattern.name) for span in pattern.spans(plain.text)]:
                plain = Squeezed(self._replace(plain, spans), gap)
        return plain.whole

    def _replace(self, squeezed: Squeezed, spans: list[Span]) -> str:
        self.counts.update(name for _, _, name in spans)
        return squeezed.replace((start, end, f"[redacted:{name}]") for start, end, name in spans)

    def redact_value(self, value: Any, *, is_markup: bool = False) -> Any:
        """Anything JSON holds, without secrets in its texts and names; a list of texts is one text in pieces.

        Raises:
            NotRedacted: Two names would become the same.
        """
        if isinstance(value, str):
            return self.redact_text(value, is_markup=is_markup)
        if isinstance(value, Mapping):
            return as_mapping([(self.redact_value(key), self.redact_entry(key, inner)) for key, inner in value.items()])
        if isinstance(value, (list, tuple)):
            if all(isinstance(one, str) for one in value):
                return self.redact_pieces(value, is_markup=is_markup)
            return [self.redact_value(one) for one in value]
        return value

    def redact_entry(self, name: Any, value: Any) -> Any:
        """What stands under a name; a text under one like `password` goes as a whole."""
        if isinstance(name, str) and isinstance(value, str) and names_secret(name, value):
            self.counts[NAMED] += 1
            return f"[redacted:{NAMED}]"
        return self.redact_value(value)

    def redact_bytes(self, data: bytes) -> bytes:
        """Bytes without secrets: text is redacted as text, anything else is masked in place and keeps its length."""
        try:
            return self.redact_text(data.decode()).encode()
        except UnicodeDecodeError:
            return self._mask(data)

    def _mask(self, data: bytes) -> bytes:
        masked = bytearray(data)
        for form, name in self._bytes.items():
            start = data.find(form)
            while start >= 0:
                masked[start : start + len(form)] = MASK * len(form)
                self.counts[name] += 1
                start = data.find(form, start + 1)
        text = masked.decode("latin-1")
        for pattern in likely(text):
            for start, end in pattern.spans(text):
                masked[start:end] = MASK * (end - start)
                self.counts[pattern.name] += 1
        return bytes(masked)

    def require_clean(self, text: str) -> None:
        """The last look before something is written.

        Raises:
            NotRedacted: A known secret is still in it.
        """
        text = MARKER.sub("", text)
        for form, name in self._forms.items():
            if form in text:
                do = "nothing was written; report how this value came into the output"
                raise NotRedacted(f"{name} is still in the text after redaction.", do=do)

    def open_end(self, text: str) -> int:
        """Where a known secret or a private key begins that may go on after a text's end; its length if nowhere."""
        last_key = text.rfind("-----BEGIN ")
        if last_key >= 0 and "PRIVATE" in text[last_key : last_key + 60] and "-----END" not in text[last_key:]:
            return last_key
        squeezed = Squeezed(text, BREAKS)
        tail = squeezed.text
        for start in range(max(0, len(tail) - self._longest), len(tail) - OPEN_MIN + 1):
            rest = tail[start:]
            if any(form.startswith(rest) and form != rest for form in self._beginnings.get(rest[:OPEN_MIN], ())):
                return squeezed.original(start)
        return len(text)


def as_mapping(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """A mapping of names that are still different after redaction.

    Raises:
        NotRedacted: Two are the same.
    """
    redacted = dict(pairs)
    if len(redacted) != len(pairs):
        raise NotRedacted("Two names are the same after redaction.")
    return redacted


def _without_blanks(secrets: Mapping[str, str]) -> dict[str, str]:
    """The forms of secrets that have blanks, such as passphrases, which may be wrapped at one."""
    spaced = {name: value for name, value in secrets.items() if len(value.split()) > 1}
    found = {"".join(form.split()): name for name, value in spaced.items() for form in forms(value)}
    return {form: name for form, name in found.items() if len(form) >= FORM_MIN}


def _find(text: str, wanted: Mapping[str, str]) -> Iterator[Span]:
    for form, name in wanted.items():
        start = text.find(form)
        while start >= 0:
            yield start, start + len(form), name
            start = text.find(form, start + 1)


def _by_beginning(texts: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        found.setdefault(text[:OPEN_MIN], []).append(text)
    return found
