"""An OCI image as bytes: what a registry keeps, named by its digest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hitless.errors import Refused

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are named by their SHA-256."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hex digits."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, object]:
        """How a manifest refers to it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True, slots=True)
class Image:
    """An OCI image of one platform.

    Attributes:
        manifest: Names config and layers; its digest is the image's.
        config: How to run it.
        layers: The content, lowest first.
    """

    manifest: Blob
    config: Blob
    layers: tuple[Blob, ...]

    @property
    def digest(self) -> str:
        """What a task definition should name it by."""
        return self.manifest.digest

    def with_environment(self, variables: Mapping[str, str]) -> Image:
        """The same content with these variables baked in, as `ENV` would; they are part of the digest.

        Raises:
            Refused: A variable's name is none.
        """
        if bad := [name for name in variables if not VARIABLE.fullmatch(name)]:
            raise Refused("An environment variable has no usable name.", seen={"name": repr(bad[0])})
        if not variables:
            return self
        settings = json.loads(self.config.content)
        had = dict(pair.split("=", 1) for pair in settings["config"].get("Env") or ())
        settings["config"]["Env"] = [f"{name}={value}" for name, value in sorted((had | dict(variables)).items())]
        config = Blob(self.config.media_type, canonical(settings))
        manifest = json.loads(self.manifest.content) | {"config": config.descriptor}
        return Image(Blob(self.manifest.media_type, canonical(manifest)), config, self.layers)


def canonical(value: object) -> bytes:
    """The one way this project writes a manifest or config: the same value, the same digest."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
