"""The two buttons under a plan in JupyterLab."""

from __future__ import annotations

import asyncio

import ipywidgets
from IPython.display import display

from hitless.plan import Plan


class ApprovalBox:
    """Shows Approve and Deny until one is pressed.

    Args:
        plan: What is asked about.
        code: What names it.
        answer: Gets True or False.
    """

    def __init__(self, plan: Plan, code: str, answer: asyncio.Future[bool]) -> None:
        self._loop, self._answer = asyncio.get_running_loop(), answer
        text = ipywidgets.Label(f"{plan.title}: {len(plan.steps)} steps, {code}")
        approve = ipywidgets.Button(description="Approve", button_style="success", icon="check")
        deny = ipywidgets.Button(description="Deny", button_style="danger", icon="times")
        approve.on_click(lambda _: self._say(True))
        deny.on_click(lambda _: self._say(False))
        self._box = ipywidgets.HBox([approve, deny, text])
        display(self._box)

    def close(self) -> None:
        """Take the buttons away: what they said is in the journal and in the text below."""
        self._box.close()

    def _say(self, approved: bool) -> None:
        self._loop.call_soon_threadsafe(self._settle, approved)

    def _settle(self, approved: bool) -> None:
        if not self._answer.done():  # a second click comes too late
            self._answer.set_result(approved)
