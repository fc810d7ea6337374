"""The values a run must never show: what its environment, its AWS session, its parameters and a file call secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hitless.errors import Refused
from hitless.parameters import from_file
from hitless.redaction import Redactor
from hitless.schema import Schema

NAMED_SECRET = re.compile(
    r"SECRET|TOKEN|PASSW(OR)?D|PASSPHRASE|CREDENTIAL|PRIVATE|(API|ACCESS|AUTH|SIGNING|ENCRYPTION|MASTER)_?KEY|_KEY$|^KEY_"
    r"|_PAT$|_DSN$|COOKIE|AUTHORIZATION|CONNECTION_STRING|DATABASE_URL|WEBHOOK",
    re.IGNORECASE,
)
NOT_SECRET = re.compile(r"_(FILE|PATH|DIR|SOCK|HOST|PORT|NAME|ARN|TTL|EXPIRATION|EXPIRES|TYPE|REGION)$", re.IGNORECASE)
WORDS = {"source", "output", "outputs", "stream", "stdout", "stderr", "markdown", "metadata", "display", "python"}
WORDS |= {"enabled", "disabled", "default", "required", "optional", "redacted", "hitless", "papermill", "python3"}
LENGTH_MIN = 6  # characters; a shorter value would be found everywhere


def find_secrets(
    *,
    environment: Mapping[str, str] | None = None,
    session: Any = None,
    schema: Schema | None = None,
    values: Mapping[str, Any] | None = None,
    file: Path | None = None,
) -> dict[str, str]:
    """Everything that is known to be secret, by name.

    Args:
        environment: Variables; those with a telling name are secrets. The process's own by default.
        session: A boto3 session, whose credentials are.
        schema: A runbook's; parameters marked `writeOnly` are.
        values: The runbook's parameters.
        file: JSON with further ones, {name: value}.

    Raises:
        Refused: One that was declared to be secret is too short to be found, or the file is none.
    """
    found = _of_environment(os.environ if environment is None else environment) | _of_session(session)
    declared = _of_parameters(schema, values or {}) | (from_file(file) if file is not None else {})
    for name, value in declared.items():
        if not isinstance(value, str) or len(value) < LENGTH_MIN:
            do = "take a longer one; it could not be told from other text and would be left in the record"
            raise Refused(f"The secret {name} has fewer than {LENGTH_MIN} characters.", do=do)
    return found | declared


def redactor_of(**sources: Any) -> Redactor:
    """A redactor that knows what `find_secrets` finds."""
    return Redactor(find_secrets(**sources))


def _of_environment(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in variables.items()
        if NAMED_SECRET.search(name) and not NOT_SECRET.search(name) and len(value) >= LENGTH_MIN and value not in WORDS
    }


def _of_session(session: Any) -> dict[str, str]:
    credentials = session.get_credentials() if session is not None else None
    if credentials is None:
        return {}
    frozen = credentials.get_frozen_credentials()
    named = {"aws-key-id": frozen.access_key, "aws-secret": frozen.secret_key, "aws-session": frozen.token}
    return {name: value for name, value in named.items() if value and len(value) >= LENGTH_MIN}


def _of_parameters(schema: Schema | None, values: Mapping[str, Any]) -> dict[str, Any]:
    rules = schema["properties"] if schema is not None else {}
    return {name: values[name] for name, rule in rules.items() if rule.get("writeOnly") and values.get(name)}
