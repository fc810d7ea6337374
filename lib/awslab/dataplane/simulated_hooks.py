"""Hook functions that are only simulated: each calls back with a status it was given, or never."""

from __future__ import annotations

from collections.abc import Mapping

from awslab.functions import FunctionNotFound, function_name
from awslab.machines.events import HookInvoked, HookRefused, HookStatusPut
from awslab.machines.machine import Event

HOOK_S = 2.0  # a cold start and one request; a choice of the lab, not a fact of AWS
SUCCEEDED, FAILED, SILENT = "Succeeded", "Failed", "silent"  # silent: it crashes, or forgets to call back


class SimulatedHooks:
    """The functions that exist, and what each says.

    Args:
        functions: {function name: Succeeded, Failed or silent}; any other function does not exist.
    """

    def __init__(self, functions: Mapping[str, str]) -> None:
        assert set(functions.values()) <= {SUCCEEDED, FAILED, SILENT}, functions
        self._functions = dict(functions)

    def refusal(self, event: HookInvoked) -> list[Event]:
        """Lambda's answer when there is no such function; nothing when there is."""
        if function_name(event.function_name) in self._functions:
            return []
        return [
            HookRefused(hook_execution_id=event.hook_execution_id, reason=str(FunctionNotFound(event.function_name)))
        ]

    def answer(self, event: HookInvoked) -> list[Event]:
        """What the function tells CodeDeploy when it has run."""
        status = self._functions[function_name(event.function_name)]
        if status == SILENT:
            return []
        return [
            HookStatusPut(deployment_id=event.deployment_id, hook_execution_id=event.hook_execution_id, status=status)
        ]
