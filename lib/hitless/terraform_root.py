"""The folder that Terraform runs in: links to a root module of the checkout, and the backend of one environment."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

LOCK_FILE = ".terraform.lock.hcl"
NOT_LINKED = re.compile(r"^\.(?!terraform\.lock\.hcl$)|\.tfvars(\.json)?$|\.tfstate|^backend\.tf")
READY = "initialised"


class Root:
    """A root module, linked into a folder of an environment's own.

    Args:
        folder: The root module; modules it calls lie in `../../modules` or `../modules`.
        state_dir: Everything that is written.
        backend: Settings of the S3 backend; None keeps a local state file.

    Attributes:
        path: Where Terraform runs.
        data: What Terraform keeps for itself: providers, modules, the backend.
    """

    def __init__(self, folder: Path, state_dir: Path, backend: Mapping[str, object] | None) -> None:
        self._folder, self._state_dir = folder, state_dir
        local = {"local": {"path": str(state_dir / "terraform.tfstate")}}
        self._settings = {"terraform": {"backend": {"s3": dict(backend)} if backend else local}}
        self.path = state_dir / "config" / folder.parent.name / folder.name
        self.data = state_dir / "data"

    def link(self) -> None:
        """A folder like the root module, of links, with the backend of this run."""
        shutil.rmtree(self._state_dir / "config", ignore_errors=True)  # links only: what they point at stays
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.mkdir(parents=True)
        for file in self._folder.iterdir():
            if file.is_file() and not NOT_LINKED.search(file.name):
                (self.path / file.name).symlink_to(file)
        for up in (0, 1):  # `../modules`, as bootstrap says, or `../../modules`
            if (modules := self._folder.parents[up] / "modules").is_dir():
                (self.path.parents[up] / "modules").symlink_to(modules)
        (self.path / "backend.tf.json").write_text(json.dumps(self._settings))

    @property
    def is_ready(self) -> bool:
        """Whether `terraform init` was done for this very configuration, and what it installed is still there."""
        kept = self.data / READY
        installed = (self.data / "providers").glob("*/*/*/*/*")  # links, where a mirror has them unpacked
        return kept.exists() and kept.read_text() == self._digest() and all(each.exists() for each in installed)

    @is_ready.setter
    def is_ready(self, whether: bool) -> None:
        if whether:
            self.data.mkdir(parents=True, exist_ok=True)
            (self.data / READY).write_text(self._digest())
        else:
            (self.data / READY).unlink(missing_ok=True)

    def _digest(self) -> str:
        """SHA-256 over what `init` reads: backend, locked providers, and which modules there are."""
        files = [file for file in self.path.iterdir() if file.is_file()]
        files += [file for folder in self.path.parents[:2] for file in (folder / "modules").glob("*/*.tf")]
        read = [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)]
        return hashlib.sha256(" ".join(read).encode()).hexdigest()
