"""A Lambda function's code as one zip, the same on every machine: Terraform sees a change only where there is one."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from hitless.errors import Refused

EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can say
READABLE = 0o100644 << 16  # a file that Lambda's user may read
UNIX = 3


def package(folder: Path) -> bytes:
    """Zip the Python files of a folder.

    Args:
        folder: Holds the function's modules; anything but `*.py` in it stays out, and so do folders.

    Raises:
        Refused: There is none.
    """
    files = sorted(folder.glob("*.py"))
    if not files:
        raise Refused(f"{folder} holds no function.", seen={"missing": "*.py"}, do="Name the folder of the function.")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # stored, not deflated: zlib's output differs between versions
        for file in files:
            entry = zipfile.ZipInfo(file.name, EPOCH)
            entry.external_attr, entry.create_system = READABLE, UNIX
            archive.writestr(entry, file.read_bytes())
    return content.getvalue()
