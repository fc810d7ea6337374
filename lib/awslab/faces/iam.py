"""IAM as moto keeps it; AWS's own 1,500 policies are read when somebody first asks for one of them.

Read at once they cost every lab a third of a second and forty megabytes, and a stack of least privilege names none.
"""

from __future__ import annotations

import json

from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.iam.responses import IamResponse

from awslab.faces.inventory import ACCOUNT_ID

AWS_OWN = ":iam::aws:policy/"


class Face(IamResponse):
    """Identity and Access Management."""

    signing_name = "iam"

    def call_action(self):
        """Have AWS's own policies ready before an action that could name one."""
        if AWS_OWN in str(self.params) or self._get_action() == "ListPolicies":
            _read_aws_policies()
        return super().call_action()


def _read_aws_policies() -> None:
    backend = iam_backends[ACCOUNT_ID]["aws"]
    if backend.aws_managed_policies:
        return
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    parsed = json.loads(aws_managed_policies_data)
    backend.aws_managed_policies = [
        AWSManagedPolicy.from_data(name, ACCOUNT_ID, backend.region_name, data) for name, data in parsed.items()
    ]
    backend.managed_policies |= {policy.arn: policy for policy in backend.aws_managed_policies}
