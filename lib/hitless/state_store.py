"""Where an environment's Terraform state lies, and with it the variables it was last applied with.

In a folder of this machine, or on S3, where the next machine finds both. Which one, the environment variable
HITLESS_BACKENDS says: the output `backends` of terraform/bootstrap as JSON, `{environment: settings}`; empty means the
folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import ClientError

from hitless.connect import RETRIES, Connection
from hitless.errors import NotReady, Refused

VARIABLE = "HITLESS_BACKENDS"
NEEDED, ALLOWED = {"bucket", "key", "region", "use_lockfile"}, {"encrypt", "kms_key_id"}
STATE, VARIABLES = "terraform.tfstate", "variables.json"
LAB = {  # what Terraform's backend must not ask, or must ask differently, of the lab
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
    "use_path_style": True,
}


class InFolder:
    """State and variables in a folder of this machine."""

    backend: dict[str, object] | None = None

    def __init__(self, here: Connection, folder: Path) -> None:
        self._here, self._folder = here, folder

    def __str__(self) -> str:
        return str(self._folder)

    def require_known(self) -> None:
        """Raise NotReady on a CI job's machine, which is new: Terraform would make everything a second time."""
        if self._here.environment == "lab" or not on_ci() or (self._folder / STATE).exists():
            return
        do = f"let {VARIABLE} say where it is kept; releases (30) and rolling hosts back (41) need none"
        raise NotReady("This machine does not hold the environment's Terraform state.", seen={"folder": self}, do=do)

    def read(self) -> dict[str, object] | None:
        """The variables that were applied last; None if nothing was."""
        file = self._folder / VARIABLES
        return json.loads(file.read_text()) if file.exists() else None

    def begin(self) -> None:
        """Something is about to be applied."""

    def write(self, variables: Mapping[str, object]) -> None:
        """Keep the variables."""
        (self._folder / VARIABLES).write_text(json.dumps(dict(variables), indent=1))

    def forget(self) -> None:
        """There is nothing left that was applied."""
        (self._folder / VARIABLES).unlink(missing_ok=True)


class OnS3:
    """State and variables beside each other in a bucket; Terraform locks the state there by a third object.

    The variables are guarded by the lease of whoever changes them.

    Calls:
        Reads s3:ListObjectsV2 (`s3:ListBucket`), GetObject; writes s3:PutObject.
    """

    def __init__(self, here: Connection, folder: Path, settings: Mapping[str, object]) -> None:
        own = LAB if here.environment == "lab" else {"allowed_account_ids": [here.account_id]}
        self.backend: dict[str, object] | None = {**settings, **own}
        self._here, self._folder = here, folder
        self._bucket, self._state = str(settings["bucket"]), str(settings["key"])
        self._variables = f"{self._state.rpartition('/')[0]}/{VARIABLES}"
        self._s3 = here.session.client("s3", region_name=str(settings["region"]), config=RETRIES)

    def __str__(self) -> str:
        return f"s3://{self._bucket}/{self._state}"

    def require_known(self) -> None:
        """Go on only if what is in the bucket can be planned against.

        Raises:
            NotReady: The state is elsewhere, or it is there and nobody knows the variables it was made with.
        """
        state, known = self._has(self._state), self._has(self._variables)
        seen = {"state": self if state else f"none at {self}", "variables": self._variables if known else "none"}
        if not state and (self._folder / STATE).exists():
            do = f"move it: aws s3 cp {self._folder / STATE} {self}, and {VARIABLES} beside it; then take it away here"
            raise NotReady("The environment's Terraform state is still in a folder of this machine.", seen=seen, do=do)
        if state and not known:
            do = f"put what it was applied with beside it: aws s3 cp {VARIABLES} s3://{self._bucket}/{self._variables}"
            raise NotReady("Nobody has kept the variables that this state was made with.", seen=seen, do=do)
        if not state and on_ci() and self._here.environment != "lab":
            do = "make the environment from a person's machine first: docs/aws-account.md"
            raise NotReady("There is no Terraform state where the environment's should be.", seen=seen, do=do)

    def read(self) -> dict[str, object] | None:
        """The variables that were applied last; before that, those a person has put into the folder."""
        if not self._has(self._variables):
            return InFolder(self._here, self._folder).read()
        return json.loads(self._call("get_object", Key=self._variables)["Body"].read())

    def begin(self) -> None:
        """Something is about to be applied: a first apply that is cut off leaves a state whose beginning is known."""
        if not self._has(self._variables):
            self._put(self.read())

    def write(self, variables: Mapping[str, object]) -> None:
        """Keep the variables."""
        self._put(dict(variables))

    def forget(self) -> None:
        """There is nothing left that was applied; said by `null`, for nobody may delete what lies beside a state."""
        self._put(None)

    def _put(self, content: object) -> None:
        body = json.dumps(content, indent=1).encode()
        self._call("put_object", Key=self._variables, Body=body, ContentType="application/json")

    def _has(self, key: str) -> bool:
        """Asked by a list: who may not list everything is refused an object that is not there, not told so."""
        found = self._call("list_objects_v2", Prefix=key).get("Contents", [])
        return key in [one["Key"] for one in found]

    def _call(self, name: str, **given: object) -> dict:
        try:  # the owner is named: a bucket's name can be somebody else's once it was given up
            return getattr(self._s3, name)(Bucket=self._bucket, ExpectedBucketOwner=self._here.account_id, **given)
        except ClientError as error:
            said = error.response["Error"]
            seen = {"bucket": self._bucket, "call": error.operation_name, "S3 said": said.get("Code")}
            do = f"look at {VARIABLE} and at what this role may do in the bucket"
            raise Refused("The bucket of Terraform's states does not answer.", seen=seen, do=do) from None


def store_of(here: Connection, folder: Path | str, name: str) -> InFolder | OnS3:
    """Where an environment's state is kept.

    Args:
        here: Account and target.
        folder: What this machine keeps of it.
        name: The environment's.

    Raises:
        Refused: HITLESS_BACKENDS cannot be read, does not lock, or is not about this environment.
    """
    folder, text = Path(folder), os.environ.get(VARIABLE, "").strip()
    return OnS3(here, folder, settings_of(name, text)) if text else InFolder(here, folder)


def settings_of(name: str, text: str) -> dict[str, object]:
    """One environment's settings among those that bootstrap has put out."""
    do = f"let {VARIABLE} be what `terraform output -json backends` prints in terraform/bootstrap"
    try:
        found = json.loads(text)
    except ValueError as wrong:
        raise Refused(f"{VARIABLE} is not JSON.", seen={"wrong": wrong}, do=do) from None
    settings = found.get(name) if isinstance(found, dict) else None
    if not isinstance(settings, dict):
        known = ", ".join(found) if isinstance(found, dict) else type(found).__name__
        raise Refused(f"{VARIABLE} knows no environment {name}.", seen={"it knows": known}, do=do)
    if not set(settings) >= NEEDED or not set(settings) <= NEEDED | ALLOWED:
        raise Refused(f"{VARIABLE} is not of bootstrap's form.", seen={"settings": ", ".join(settings)}, do=do)
    if settings["use_lockfile"] is not True:
        raise Refused("The state would not be locked.", seen={"use_lockfile": settings["use_lockfile"]}, do=do)
    if settings["key"] != f"{name}/{STATE}":
        raise Refused("The state is another environment's.", seen={"key": settings["key"], "wanted": name}, do=do)
    return settings


def on_ci() -> bool:
    """Whether this is a machine of GitHub's, new for each job."""
    return bool(os.environ.get("GITHUB_ACTIONS"))
