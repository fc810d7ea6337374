"""Find Terraform, or fetch the pinned release, whose SHA-256 is checked before it is unpacked."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

from bootstrap import CACHE, Missing, platform_name
from bootstrap.mirror import environment

OLDEST = (1, 11)  # S3 state locking without DynamoDB; validations that compare variables came with 1.9
PINNED = "1.11.4"
RELEASES = "https://releases.hashicorp.com/terraform"
# Of the release zips, as HashiCorp's own Homebrew formula of 1.11.4 lists them and several public projects repeat them.
SHA256 = {
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}


def version_of(binary: Path) -> tuple[int, ...] | None:
    """The version a Terraform binary says it is; None when it does not run or is no Terraform."""
    try:
        said = subprocess.run(
            [binary, "version", "-json"],
            capture_output=True,
            check=True,
            timeout=60,
            env=_plain_environment(),
        )
        return tuple(int(part) for part in re.findall(r"\d+", json.loads(said.stdout)["terraform_version"])[:3])
    except (OSError, subprocess.SubprocessError, json.JSONDecodeError, KeyError):
        return None


def find_terraform(cache: Path = CACHE, path: str | None = None) -> Path | None:
    """A Terraform of 1.11 or newer: on `path` (default `$PATH`), else the one fetched earlier."""
    fetched = cache / PINNED / "terraform"
    for candidate in (shutil.which("terraform", path=path), fetched if fetched.exists() else None):
        if candidate and (version_of(Path(candidate)) or (0,)) >= OLDEST:
            return Path(candidate)
    return None


def fetch_terraform(
    cache: Path = CACHE,
    *,
    releases: str = RELEASES,
    sums: Mapping[str, str] = SHA256,
    platform_name: str = platform_name(),
) -> Path:
    """Download the pinned release, check it, unpack it into `cache`.

    Args:
        cache: Folder for the binary, which lands in `<cache>/<version>/terraform`.
        releases: Address under which releases lie, without a slash at the end.
        sums: SHA-256 of the zip by platform.
        platform_name: HashiCorp's name of this machine.

    Returns:
        The binary.

    Raises:
        Missing: No checksum is known for the platform, the download failed, or what came is something else.
    """
    remedy = f"Install Terraform {PINNED} (or any from 1.11 on) yourself and put it on PATH."
    if platform_name not in sums:
        known = ", ".join(sorted(sums))
        raise Missing(f"No checksum is known for Terraform on {platform_name} (only {known}). {remedy}")
    url = f"{releases}/{PINNED}/terraform_{PINNED}_{platform_name}.zip"
    packed = _download(url, remedy)
    if (got := hashlib.sha256(packed).hexdigest()) != sums[platform_name]:
        raise Missing(f"{url} is not what HashiCorp published: SHA-256 {got}, not {sums[platform_name]}. {remedy}")
    target = cache / PINNED / "terraform"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}")
    partial.write_bytes(zipfile.ZipFile(io.BytesIO(packed)).read("terraform"))
    partial.chmod(0o755)
    partial.replace(target)
    return target


def _download(url: str, remedy: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()
    except OSError as error:  # URLError and time-outs are OSErrors
        raise Missing(f"Could not download {url}: {error}. Is there a network? {remedy}") from error


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TF_")}


def main() -> int:
    """Make sure of Terraform and say, as shell exports, how to use it."""
    try:
        binary = find_terraform() or fetch_terraform()
        settings = environment()
    except Missing as missing:
        print(f"terraform: {missing}", file=sys.stderr)
        return 3
    print(f"# Terraform {'.'.join(map(str, version_of(binary) or ()))}: {binary}")
    for name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"):
        if name in settings:
            print(f"export {name}={settings[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
