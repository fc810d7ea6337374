"""One file an AWS service: the machines' state as AWS answers it. Only faces import moto."""

from awslab.faces import inventory  # noqa: F401 - before any face: moto must take the time from us, and read less
