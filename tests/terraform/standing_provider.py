"""One provider process for all that `terraform test` pretends: left to itself Terraform starts two for each run.

With one it needs a third of the processor time. Terraform calls it reattaching: `-debug` makes a provider say how to
reach it.
"""

import re
import signal
import subprocess

from hitless.leash import leashed

SAID = re.compile(r"TF_REATTACH_PROVIDERS='(.*)'")
BINARY = "providers/registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"
GRACE_S = 5.0


class StandingProvider:
    """A provider that stands by; `environment` attaches a Terraform to it.

    Args:
        data_dir: Where `terraform init` has put the provider.
        environment: The provider's own.
    """

    def __init__(self, data_dir, environment: dict[str, str]) -> None:
        (binary,) = data_dir.glob(BINARY)
        self._process = subprocess.Popen(
            leashed([str(binary.resolve()), "-debug"], ask=signal.SIGTERM, grace_s=GRACE_S),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # each call, at length
            text=True,
            env=environment,
            start_new_session=True,
        )
        said = next(filter(None, map(SAID.search, self._process.stdout)), None)
        assert said, "the provider did not say how to reach it"
        self.environment = {"TF_REATTACH_PROVIDERS": said[1]}

    def __enter__(self):
        return self

    def __exit__(self, *_error) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
