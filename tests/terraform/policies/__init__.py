"""What a reviewer asks of the Terraform and no scanner checks: one rule a question, read from a whole planned stack.

A rule takes the stacks by name (bootstrap, dev, prod) and answers what breaks it. Rules are many and small, so that a
defect is told by exactly one of them; `test_policy.py` plants the defects.
"""

from . import hosts, identity, keeping, network, pipelines, releases, tasks
from .stack import RULES, Stacks, read_stacks

__all__ = [
    "RULES",
    "Stacks",
    "hosts",
    "identity",
    "keeping",
    "network",
    "pipelines",
    "read_stacks",
    "releases",
    "tasks",
]
