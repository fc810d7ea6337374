"""The archive from the command line, over the wire."""

import pytest

from hitless.__main__ import main
from hitless.manifest import ENVELOPE
from tests.hitless.pack.conftest import RUN_ID

pytestmark = pytest.mark.live


def test_the_command_line_archives_once(lab, sealed, keep_signals, capsys):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="packs", ObjectLockEnabledForBucket=True)
    assert main(["archive", str(sealed), "--bucket", "packs", "--days", "3"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"s3://packs/05-try/{RUN_ID}/{ENVELOPE}"
    there = s3.get_object(Bucket="packs", Key=f"05-try/{RUN_ID}/{ENVELOPE}")
    assert there["ObjectLockMode"] == "GOVERNANCE" and there["Body"].read() == (sealed / ENVELOPE).read_bytes()
    assert main(["archive", str(sealed), "--bucket", "packs"]) == 3
    assert "not for as long" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["archive", str(sealed), "--bucket", "packs", "--days", "0"])
