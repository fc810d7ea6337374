"""Secrets of a container, read as the ECS agent does: from Parameter Store or Secrets Manager, when a task starts.

moto keeps both. The reasons are those that stopped tasks of real clusters show.
"""

from __future__ import annotations

import json

from awslab.faces.inventory import ACCOUNT_ID
from awslab.machines.task_definitions import SecretNotFetched

SECRETS_MANAGER = "secretsmanager"


def fetch(region: str, reference: str) -> str:
    """The value behind a `valueFrom`: an ARN, or the name of a parameter of this region.

    Secrets Manager's form may go on with `:json-key:version-stage:version-id`.

    Raises:
        SecretNotFetched: There is no such secret, or no such key in it.
    """
    parts = reference.split(":")
    if parts[2:3] == [SECRETS_MANAGER]:
        return _secret(":".join(parts[:7]), parts[3], *[*parts[7:], "", "", ""][:3])
    return _parameter(reference, parts[3] if len(parts) > 3 else region)


def _parameter(reference: str, region: str) -> str:
    from moto.ssm.models import ssm_backends  # a lab without secrets need not load it

    found = ssm_backends[ACCOUNT_ID][region].get_parameters([reference])
    if not found:
        name = reference.partition(":parameter")[2] or reference
        raise SecretNotFetched(f"Fetching secret data from SSM Parameter Store in {region}: invalid parameters: {name}")
    return found[reference].response_object(decrypt=True)["Value"]


def _secret(arn: str, region: str, key: str, stage: str, version_id: str) -> str:
    from moto.secretsmanager.exceptions import SecretsManagerClientError
    from moto.secretsmanager.models import secretsmanager_backends

    where = f"Fetching secret data from AWS Secrets Manager in region {region}: secret {arn}"
    try:
        stored = secretsmanager_backends[ACCOUNT_ID][region].get_secret_value(arn, version_id, stage)
    except SecretsManagerClientError as error:
        raise SecretNotFetched(f"{where}: {error.error_type}: {error.message}") from None
    text = stored["SecretString"]
    return _member(text, key, where) if key else text


def _member(text: str, key: str, where: str) -> str:
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError):
        raise SecretNotFetched(f"{where}: retrieved secret did not contain json key {key}") from None
