"""Find the AWS provider on this machine, and tell Terraform where it is.

It comes from wherever the machine's own Terraform configuration says, else from a mirror on disk, else from the
registry. `terraform init` checks it against the lock file in every case.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from bootstrap import CACHE, CHECKOUT, Missing, platform_name

HOST, PROVIDER, PROVIDER_VERSION = "registry.terraform.io", "hashicorp/aws", "5.100.0"
MIRROR_VARIABLE = "HITLESS_PROVIDER_MIRROR"
SHELVES = ("/opt", "/usr/local", "/usr/local/share", "/usr/share")  # whose children may be mirrors

CLI_CONFIG = """\
# Written by lib/bootstrap/terraform.py; removed and written again at will.
disable_checkpoint = true
{provider_installation}"""
MIRRORED = """\

provider_installation {{
  filesystem_mirror {{
    path    = {path}
    include = ["{provider}"]
  }}
  direct {{
    exclude = ["{provider}"]
  }}
}}
"""


def find_mirror(
    environment: Mapping[str, str] = os.environ,
    *,
    home: Path | None = None,
    shelves: tuple[str, ...] = SHELVES,
    platform_name: str = platform_name(),
) -> Path | None:
    """A folder on disk that holds the pinned AWS provider for this platform, in Terraform's mirror layout.

    Args:
        environment: Read for `HITLESS_PROVIDER_MIRROR` and the XDG folders.
        home: The user's home folder.
        shelves: Folders whose children are looked at last.
        platform_name: HashiCorp's name of this machine.

    Returns:
        The mirror, or None.

    Raises:
        Missing: `HITLESS_PROVIDER_MIRROR` names a folder without the provider.
    """
    if named := environment.get(MIRROR_VARIABLE):
        if not _holds_provider(Path(named), platform_name):
            wanted = f"{HOST}/{PROVIDER}/{PROVIDER_VERSION}/{platform_name}"
            raise Missing(f"{MIRROR_VARIABLE}={named} holds no {wanted}. Fill it with `terraform providers mirror`.")
        return Path(named).resolve()
    places = [*_plugin_folders(environment, home or Path.home()), *_children(shelves)]
    return next((place for place in places if _holds_provider(place, platform_name)), None)


def _plugin_folders(environment: Mapping[str, str], home: Path) -> list[Path]:
    """Where Terraform itself looks for mirrors, on Linux and macOS (CLI configuration, "Implied local mirrors")."""
    xdg = environment.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    shared = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    library = "io.terraform/plugins"
    return [
        CHECKOUT / "terraform.d" / "plugins",
        home / ".terraform.d" / "plugins",
        *[Path(place) / "terraform" / "plugins" for place in (xdg, *shared.split(":"))],
        *[Path(place) / "Application Support" / library for place in (home / "Library", "/Library")],
    ]


def _children(shelves: tuple[str, ...]) -> list[Path]:
    return sorted(
        child for shelf in map(Path, shelves) if shelf.is_dir() for child in shelf.iterdir() if child.is_dir()
    )


def _holds_provider(place: Path, platform_name: str) -> bool:
    shelf = place / HOST / PROVIDER
    packed = f"terraform-provider-aws_{PROVIDER_VERSION}_{platform_name}.zip"
    try:
        return (shelf / PROVIDER_VERSION / platform_name).is_dir() or (shelf / packed).is_file()
    except PermissionError:  # somebody else's folder is no mirror of ours
        return False


def environment(
    base: Mapping[str, str] = os.environ, *, cache: Path = CACHE, home: Path | None = None
) -> dict[str, str]:
    """`base` with what Terraform needs to find the provider on this machine.

    A CLI configuration that exists already is left to Terraform, unless `HITLESS_PROVIDER_MIRROR` is set. One that is
    named but does not exist is ignored.

    Raises:
        Missing: `HITLESS_PROVIDER_MIRROR` names a folder without the provider.
    """
    own = home or Path.home()
    if not base.get(MIRROR_VARIABLE) and _configured(base, own):
        return dict(base)
    mirror = find_mirror(base, home=own)
    settings = {"TF_CLI_CONFIG_FILE": str(_write_cli_config(cache, mirror))}
    if mirror is None:
        plugins = cache / "plugins"
        plugins.mkdir(parents=True, exist_ok=True)  # Terraform refuses a cache folder that does not exist
        settings["TF_PLUGIN_CACHE_DIR"] = base.get("TF_PLUGIN_CACHE_DIR") or str(plugins)
    return {**base, **settings}


def _configured(base: Mapping[str, str], home: Path) -> bool:
    named = base.get("TF_CLI_CONFIG_FILE")
    return Path(named).is_file() if named else (home / ".terraformrc").is_file()


def _write_cli_config(cache: Path, mirror: Path | None) -> Path:
    provider = f"{HOST}/{PROVIDER}"
    chosen = MIRRORED.format(path=json.dumps(str(mirror)), provider=provider) if mirror else ""
    target = cache / "cli.tfrc"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}")
    partial.write_text(CLI_CONFIG.format(provider_installation=chosen))
    partial.replace(target)  # several runs may start at once
    return target
