"""Whether policies let a call through that was recorded: actions, resources, and the conditions that ours use."""

from fnmatch import fnmatchcase

from .policies.stack import Stacks, statements
from .recorder import Asked

EVERYWHERE = {"aws:RequestedRegion": ["us-east-1"]}


def refused(stacks: Stacks, role: str, asked: list[Asked]) -> set[tuple[str, str]]:
    """(action, resource) of each call that the role of a purpose in hitless-dev may not make."""
    said = statements_of(stacks, role)
    return {(one.action, one.resource) for one in asked if not is_allowed(said, one)}


def statements_of(stacks: Stacks, role: str) -> list[dict]:
    """All that the role is told, the policy that denies included."""
    told = [
        one["policy"]
        for kind in ("aws_iam_role_policy", "aws_iam_policy")
        for address, one in stacks["bootstrap"].of(kind)
        if '"hitless-dev"' in address and _is_of(address.rpartition(".")[2], role)
    ]
    assert told, f"no policy of {role}"
    return [said for policy in told for said in statements(policy)]


def _is_of(resource: str, role: str) -> bool:
    return resource.startswith(role) or (resource, role) == ("guard", "apply")


def is_allowed(said: list[dict], asked: Asked) -> bool:
    """AWS's rule: something allows it, and nothing denies it."""
    effects = {one["Effect"] for one in said if _speaks_of(one, asked)}
    return effects == {"Allow"}


def _speaks_of(said: dict, asked: Asked) -> bool:
    context = {**EVERYWHERE, **asked.context}
    conditions = said.get("Condition", {}).items()
    return (
        any(fnmatchcase(asked.action, pattern) for pattern in said["Action"])
        and _reaches(said, asked.resource)
        and all(HOLDS[test](context, key, _many(wanted)) for test, keys in conditions for key, wanted in keys.items())
    )


def _reaches(said: dict, resource: str) -> bool:
    if "NotResource" in said:
        return not any(fnmatchcase(resource, pattern) for pattern in _many(said["NotResource"]))
    return any(fnmatchcase(resource, pattern) for pattern in said["Resource"])


HOLDS = {  # a condition that is not here fails the test that meets it
    "StringEquals": lambda context, key, wanted: any(value in wanted for value in context.get(key, [])),
    "StringNotEquals": lambda context, key, wanted: all(value not in wanted for value in context.get(key, [])),
    "ForAllValues:StringEquals": lambda context, key, wanted: all(value in wanted for value in context.get(key, [])),
    "Null": lambda context, key, wanted: (key not in context) == (wanted == ["true"]),
}


def _many(value: object) -> list:
    return value if isinstance(value, list) else [value]
