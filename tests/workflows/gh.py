"""GitHub's command line, as far as the workflows call it; FAKE_GITHUB is the folder of the GitHub that runs them."""

import hashlib
import json
import os
import sys
from pathlib import Path

HOME = Path(os.environ["FAKE_GITHUB"])


def api(path):
    wanted = f"repos/{os.environ['GITHUB_REPOSITORY']}/actions/runs/{os.environ['GITHUB_RUN_ID']}/approvals"
    if path != wanted:
        sys.exit(f"HTTP 404: {path}")
    print((HOME / "approvals.json").read_text())


def verify(file, *options):
    said = dict(zip(options[::2], options[1::2], strict=False))
    digest = f"sha256:{hashlib.sha256(Path(file).read_bytes()).hexdigest()}"
    found = [one for one in json.loads((HOME / "attested.json").read_text()) if one["digest"] == digest]
    if not [one for one in found if one["workflow"] == said["--signer-workflow"]]:
        sys.exit(f"no attestation of {digest} by {said['--signer-workflow']}")
    print(f"verified {digest}")


match sys.argv[1:]:
    case ["api", path]:
        api(path)
    case ["attestation", "verify", file, *options]:
        verify(file, *options)
    case ["pr", "comment", number, *options]:
        body = options[options.index("--body-file") + 1]
        (HOME / f"comment-{number}.md").write_text(Path(body).read_text())
    case other:
        sys.exit(f"not imitated: {other}")
