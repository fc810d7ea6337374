"""What looks like a secret although nobody named it. ARNs and account ids are none."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One kind of secret.

    Attributes:
        name: Said in its place, and counted.
        hints: Lower-case words of which a text must hold one to be searched at all.
        regex: Finds it; the group `s`, when there is one, is the secret.
    """

    name: str
    hints: tuple[str, ...]
    regex: re.Pattern[str]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets of this kind are in a text."""
        group = "s" if "s" in self.regex.groupindex else 0
        return [found.span(group) for found in self.regex.finditer(text)]


QUOTE = r"""["'\\\s]*"""
SECRET_NAMES = r"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)s?"
NAMED = "named-secret"
NAME_OF_SECRET = re.compile(rf".{{0,60}}{SECRET_NAMES}", re.IGNORECASE)
HARMLESS_NAME = re.compile(r"(?:next|client|continuation|pagination|start(?:ing)?)[_-]?token$", re.IGNORECASE)
VALUE_MIN = 8  # characters from which what is under a secret's name is one
KEY_KIND = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?"
NOT_SEEN = r"(?!\[redacted)"


def _make(name: str, hints: str, regex: str, flags: int = 0) -> Pattern:
    return Pattern(name, tuple(hints.split()), re.compile(regex, flags))


PATTERNS = (
    _make(
        "private-key",
        "private",
        rf"-----BEGIN {KEY_KIND}-----.*?(?:-----END {KEY_KIND}-----|\Z)",
        re.DOTALL,
    ),
    _make("aws-key-id", "akia asia abia acca", r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _make(
        "aws-secret",
        "secret",
        rf"secret_?(?:access_?)?key{QUOTE}(?:[:=>,]|&gt;){QUOTE}(?P<s>[A-Za-z0-9/+]{{40}})(?![A-Za-z0-9/+=])",
        re.IGNORECASE,
    ),
    _make(
        "aws-session",
        "token",
        rf"(?:session|security)[-_]?token{QUOTE}(?:[:=>,]|&gt;){QUOTE}(?P<s>[A-Za-z0-9/+=%]{{40,}})",
        re.IGNORECASE,
    ),
    _make(
        "aws-signature",
        "signature credential",
        r"(?:X-Amz-(?:Signature|Credential|Security-Token)=|Signature=)(?P<s>[A-Za-z0-9/+=%_.-]{16,})",
        re.IGNORECASE,
    ),
    _make("jwt", "eyj", r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){1,3}"),
    _make("bearer", "bearer", rf"\bbearer[ \t]+{NOT_SEEN}(?P<s>[A-Za-z0-9._~+/-]{{12,}}=*)", re.IGNORECASE),
    _make(
        "authorization",
        "authorization",
        rf"authorization{QUOTE}[:=]{QUOTE}(?:basic|token|digest|apikey)[ \t]+{NOT_SEEN}(?P<s>[^\s\"',<>]{{4,}})",
        re.IGNORECASE,
    ),
    _make("github-token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"(?:gh[pousr]_|github_pat_)[A-Za-z0-9_.-]{20,}"),
    _make("gitlab-token", "glpat- gldt- glrt-", r"gl(?:pat|dt|rt)-[A-Za-z0-9_-]{16,}"),
    _make("slack-token", "xox xapp-", r"(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,}"),
    _make("slack-webhook", "hooks.slack.com", r"hooks\.slack\.com/(?P<s>(?:services|workflows)/[A-Za-z0-9/_-]{10,})"),
    _make(
        "api-key", "sk_live_ rk_live_ aiza npm_ pypi- sk-", r"(?:[sr]k_live_|AIza|npm_|pypi-|\bsk-)[A-Za-z0-9_-]{24,}"
    ),
    _make(
        "url-password",
        "://",
        rf"://[^\s/:@\"'<>]{{0,100}}:{NOT_SEEN}(?P<s>[^\s/@\"'<>]{{1,200}})@",
    ),
    _make(
        NAMED,
        "pass secret token key credential",
        rf"{SECRET_NAMES}[\"']?[ \t]*[:=][ \t]*(?P<q>[\"']){NOT_SEEN}(?!arn:)(?P<s>[^\"'\s]{{8,200}})(?P=q)",
        re.IGNORECASE,
    ),
)


def likely(text: str) -> list[Pattern]:
    """The patterns that may find something in a text."""
    lower = text.lower()
    return [pattern for pattern in PATTERNS if any(hint in lower for hint in pattern.hints)]


def names_secret(name: str, value: str) -> bool:
    """Whether a value is secret by its name alone; ARNs, and what was redacted already, are not."""
    if len(value) < VALUE_MIN or value.startswith(("arn:", "[redacted:")):
        return False
    return NAME_OF_SECRET.fullmatch(name) is not None and HARMLESS_NAME.search(name) is None
