"""Change one thing in a copy of a pack, in every way an auditor fears, and see what verification says."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from hitless.evidence import JOURNAL
from hitless.manifest import ENVELOPE
from hitless.pack import first_wrong, seal, verify


def _flip_a_byte(pack: Path) -> None:
    content = bytearray((pack / JOURNAL).read_bytes())
    content[len(content) // 2] ^= 1
    (pack / JOURNAL).write_bytes(content)


def _leave_a_line_out(pack: Path) -> None:
    lines = (pack / JOURNAL).read_bytes().splitlines(keepends=True)
    (pack / JOURNAL).write_bytes(b"".join(lines[:-1]))


def _better_the_verdict(pack: Path) -> None:
    text = (pack / "verdict.txt").read_text()
    (pack / "verdict.txt").write_text(text.replace("FAILS", "holds"))


def _remove_the_plan(pack: Path) -> None:
    (pack / "plan.json").unlink()


def _add_a_file(pack: Path) -> None:
    (pack / "approval-by-mail.txt").write_text("approved, the boss\n")


def _remove_the_signature(pack: Path) -> None:
    (pack / ENVELOPE).unlink()


def _sign_it_oneself(pack: Path) -> None:
    _better_the_verdict(pack)
    seal(pack, pack.parent / "somebody-else.pem")


WAYS: dict[str, Callable[[Path], None]] = {
    "nothing": lambda pack: None,
    "one bit of the journal": _flip_a_byte,
    "the journal's last line": _leave_a_line_out,
    "the verdict, for the better": _better_the_verdict,
    "the plan, removed": _remove_the_plan,
    "a file, added": _add_a_file,
    "the signature, removed": _remove_the_signature,
    "the verdict, and signed by somebody else": _sign_it_oneself,
}


def tamper(pack: Path, public_key: Path) -> pd.DataFrame:
    """Change a copy of a pack in each way and verify it against the key that is known; the pack itself is not touched.

    Args:
        pack: A sealed run folder.
        public_key: The key it must be signed with.
    """
    rows = [(what, *_verdict_on(pack, public_key, change)) for what, change in WAYS.items()]
    return pd.DataFrame(rows, columns=["changed", "verified", "first thing that is wrong"]).set_index("changed")


def _verdict_on(pack: Path, public_key: Path, change: Callable[[Path], None]) -> tuple[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / pack.name
        shutil.copytree(pack, copy)
        change(copy)
        verdict = verify(copy, public_key)
        return "yes" if verdict.holds else "NO", first_wrong(verdict)
