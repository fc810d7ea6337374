"""What was asked of a run: which runbook, with what, by whom; written before anything is executed.

The runner writes `request.json` into the run's folder, and the kernel reads it there. Where nobody wrote one, as in
JupyterLab, the kernel makes it from the runbook's file and its own parameters, so both ways leave the same record.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hitless import durable
from hitless.errors import Refused
from hitless.journal import canonical
from hitless.redaction import Redactor

FILE = "request.json"
TICKET = re.compile(r"([A-Z][A-Z0-9]*-\d+|#\d+): ?\S")
NOT_DIGESTED = ("DRY_RUN", "RUN_DIR", "REASON")
"""Parameters that an approval is not about: a dry run and the run it was for differ in them."""


@dataclass(frozen=True)
class Request:
    """One run, as it was asked for.

    Attributes:
        runbook: Its name, e.g. `20-refresh-hosts`.
        run_id: Names the run, in AWS's own logs too.
        runbook_sha256: Of the notebook's file; "" where there is none.
        parameters: As validated.
        given: Those of them that somebody gave; the others are defaults.
        actor: Who asked.
        approve: The approval that was given beforehand: a code, `lab`, or "" for none.
        approval: The same as a file's content.
        undoes: Run id of the run that this one undoes; "" for none.
        headless: A runner watches over the kernel, and writes how it ended.
    """

    runbook: str
    run_id: str
    runbook_sha256: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    given: Mapping[str, object] = field(default_factory=dict)
    actor: str = ""
    approve: str = ""
    approval: Mapping[str, object] = field(default_factory=dict)
    undoes: str = ""
    headless: bool = False

    @property
    def parameters_sha256(self) -> str:
        """Of those parameters that decide what is done."""
        kept = {name: value for name, value in self.parameters.items() if name not in NOT_DIGESTED}
        return hashlib.sha256(canonical(kept)).hexdigest()

    @property
    def is_dry(self) -> bool:
        """Nothing is to be changed."""
        return self.parameters.get("DRY_RUN") is True

    def write(self, folder: Path, redactor: Redactor | None = None) -> None:
        """Keep it in the run's folder, without secrets."""
        content = asdict(self) | {"parameters_sha256": self.parameters_sha256}
        kept = redactor.redact_value(content) if redactor is not None else content
        durable.replace(folder / FILE, json.dumps(kept, indent=1, ensure_ascii=False))

    @classmethod
    def read(cls, folder: Path) -> Request:
        """The request in a run's folder.

        Raises:
            FileNotFoundError: Nobody wrote one.
        """
        content = json.loads((folder / FILE).read_text())
        content.pop("parameters_sha256")
        return cls(**content)


def check_reason(parameters: Mapping[str, object], *, ticket: bool = False) -> None:
    """Refuse to change anything without saying why.

    Args:
        parameters: All of a runbook's, defaults included.
        ticket: The reason must begin with one.

    Raises:
        Refused: `DRY_RUN` is false, and `REASON` is empty or lacks its ticket.
    """
    if parameters.get("DRY_RUN") is not False:
        return
    if not str(parameters.get("REASON", "-")).strip():
        raise Refused("A run that changes something needs a reason.", seen={"REASON": '""'}, do="give -p REASON='why'")
    if ticket and not ticket_of(str(parameters.get("REASON", ""))):
        do = "begin the reason with it, as in CHG-1: new AMI"
        raise Refused("A change on AWS needs a ticket.", seen={"REASON": parameters.get("REASON")}, do=do)


def ticket_of(reason: str) -> str:
    """What the change is filed under; "" when the reason does not begin with it."""
    found = TICKET.match(reason)
    return found[1] if found else ""


def who() -> str:
    """Who asks: in Actions who triggered the workflow, else the user of this machine."""
    if login := os.environ.get("GITHUB_ACTOR"):
        return f"{login} (GitHub)"
    return f"{getpass.getuser()}@{platform.node()}"


def sha256_of(path: Path) -> str:
    """Of a file's bytes, hex; "" when there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
