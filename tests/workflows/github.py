"""A GitHub that runs this repository's workflows on this machine: their `run:` steps as they are written, in bash.

Each job has a workspace of its own, and gets from another job only what an artifact or an output brings. Actions are
imitated by `actions.py`; one that is not known there fails the test.
"""

import contextlib
import graphlib
import itertools
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.workflows import actions
from tests.workflows.expressions import fill, is_met, text

CHECKOUT = Path(__file__).resolve().parents[2]
FLOWS = CHECKOUT / ".github" / "workflows"
GRACE_S = (7.5, 2.5)  # what GitHub gives a cancelled step after SIGINT, and after SIGTERM


def read(name):
    """A workflow file; YAML 1.1 takes its `on` for true."""
    flow = yaml.safe_load((FLOWS / name).read_text())
    return {("on" if key is True else key): value for key, value in flow.items()}


@dataclass
class Ran:
    """What became of a job or a called workflow."""

    result: str
    outputs: dict = field(default_factory=dict)
    jobs: dict = field(default_factory=dict)


class GitHub:
    """One repository.

    `approvals` is what its API says of a run's; `cancel` names the step that somebody cancels, and what to wait for
    first; `before` names a job, and what happens just before it. Setting up is done as written the first time; the
    machine of a later job is as that left it. `variables` are the repository's own.
    """

    def __init__(self, root, waves, aws, parameters, **variables):
        self.root, self.waves, self.aws = root, waves, aws
        self.environments = {"attest": {}} | {
            f"{one['name']}-{purpose}": _variables(one["name"], purpose, parameters) | variables
            for wave in waves
            for one in wave
            for purpose in ("build", "plan", "deploy", "apply")
        }
        self.artifacts, self.attested = root / "artifacts", root / "attested.json"
        self.cancel, self.before, self.said, self.set_up = {}, {}, [], {}
        self.approve()
        self.run_ids, self.places = itertools.count(1001), itertools.count(1)
        self.attested.write_text("[]")
        self.bin = root / "bin"
        self.bin.mkdir()
        gh = self.bin / "gh"
        gh.write_text(f"#!{sys.executable}\n" + (Path(__file__).with_name("gh.py")).read_text())
        gh.chmod(0o755)

    def approve(self, *approvals):
        (self.root / "approvals.json").write_text(json.dumps(approvals))

    def run(self, name, event="workflow_dispatch", actor="alice", payload=None, **inputs):
        """Run a workflow; what became of it."""
        flow, run_id = read(name), str(next(self.run_ids))
        declared = (flow["on"].get(event) or {}).get("inputs", {})
        github = {
            "event_name": event,
            "actor": actor,
            "run_id": run_id,
            "run_number": run_id,
            "run_attempt": "1",
            "sha": "0123456789" * 4,
            "token": "not-a-token",
            "repository": "octo-org/hitless",
            "ref": "refs/heads/main",
            "event": payload or {},
        }
        self.run_folder = self.artifacts / run_id
        return self._flow(name, flow, {"github": github, "inputs": _inputs(declared, inputs)})

    def _flow(self, name, flow, contexts):
        jobs, done = flow["jobs"], {}
        order = graphlib.TopologicalSorter({job: _list(body.get("needs")) for job, body in jobs.items()})
        for job in order.static_order():
            needs = {one: done[one] for one in _list(jobs[job].get("needs"))}
            done[job] = self._job(f"{name}:{job}", flow, jobs[job], contexts, needs)
        results = [ran.result for ran in done.values()]
        worst = next((bad for bad in ("cancelled", "failure") if bad in results), "success")
        return Ran(worst, {}, done)

    def _job(self, name, flow, job, contexts, needs):
        bad = [ran.result for ran in needs.values() if ran.result != "success"]
        status = next((word for word in ("cancelled", "failure") if word in bad), "skipped" if bad else "success")
        seen = {job: {"result": ran.result, "outputs": ran.outputs} for job, ran in needs.items()}
        contexts = {**contexts, "needs": seen, "status": status, "vars": {}, "matrix": {}, "env": {}, "steps": {}}
        if not is_met(job.get("if"), contexts):
            return Ran("skipped")
        matrix = fill(job.get("strategy", {}).get("matrix", {}), contexts)
        ran = []
        for values in itertools.product(*matrix.values()):
            one = {**contexts, "matrix": dict(zip(matrix, values, strict=True)), "status": "success"}
            ran.append(self._called(job, one) if "uses" in job else self._steps(name, flow, job, one))
        worst = next((bad for bad in ("cancelled", "failure") if bad in [one.result for one in ran]), "success")
        return Ran(worst, ran[-1].outputs, {n: one for n, one in enumerate(ran)})

    def _called(self, job, contexts):
        name = job["uses"].removeprefix("$/.github/workflows/")
        flow = read(name)
        given = fill(job["with"], contexts)
        declared = flow["on"]["workflow_call"]["inputs"]
        return self._flow(name, flow, {"github": contexts["github"], "inputs": _inputs(declared, given)})

    def _steps(self, name, flow, job, contexts):
        place = fill(job.get("environment"), contexts)
        place = place["name"] if isinstance(place, dict) else place
        contexts["vars"] = self.environments[place] if place else {}
        workspace = self.root / f"job-{next(self.places)}"
        workspace.mkdir()
        self.before.pop(name, lambda: None)()
        one = Job(self, name, workspace, contexts, place, job.get("permissions", {}))
        one.settings(flow.get("env"), job.get("env"))
        for step in job["steps"]:
            one.step(step)
        return Ran(contexts["status"], {key: fill(value, contexts) for key, value in job.get("outputs", {}).items()})


class Job:
    """One job on its machine."""

    def __init__(self, github, name, workspace, contexts, place, permissions):
        self.github, self.name, self.workspace, self.contexts = github, name, workspace, contexts
        self.place, self.permissions, self.path = place, permissions, []
        self.aws_credentials = {}

    def settings(self, *of):
        for one in of:
            self.contexts["env"] |= fill(one or {}, self.contexts)

    def step(self, step):
        if not is_met(step.get("if"), self.contexts):
            return
        title = f"{self.name}: {step.get('name') or step.get('uses') or step.get('run')}"
        if "uses" in step:
            action = step["uses"].partition("@")[0]
            actions.KNOWN[action](self, fill(step.get("with", {}), self.contexts))
            return
        if step["run"] in self.github.set_up:
            self.path += [str(self.workspace / ".venv" / "bin")]
            return
        result, outputs = self._run(title, step)
        if step.get("name") == "Set up" and result == "success":
            assert self.path == [str(self.workspace / ".venv" / "bin")]
            self.github.set_up[step["run"]] = True
        if step.get("id"):
            self.contexts["steps"][step["id"]] = {"outputs": outputs, "outcome": result}
        if result != "success" and self.contexts["status"] == "success":
            self.contexts["status"] = result

    def _run(self, title, step):
        files = {f"GITHUB_{what}": self.workspace / f".{what.lower()}" for what in ("OUTPUT", "PATH", "ENV")}
        for file in files.values():
            file.write_text("")
        summary = self.github.root / f"{self.workspace.name}.md"
        script = self.workspace / ".step.sh"
        script.write_text(step["run"])
        environment = self._environment(step, {**files, "GITHUB_STEP_SUMMARY": summary})
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        cancelled = self._cancelled(process, step.get("name"))
        said, _ = process.communicate()
        self.github.said.append(f"== {title}: {process.returncode}\n{said}")
        self.path += files["GITHUB_PATH"].read_text().split()
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        return "cancelled" if cancelled else "failure" if process.returncode else "success", outputs

    def _environment(self, step, files):
        github = self.contexts["github"]
        path = [*reversed(self.path), self.github.bin, os.environ["PATH"]]
        own = {
            "PATH": ":".join(map(str, path)),
            "HOME": os.environ["HOME"],  # caches, such as of fonts; keys are made anew
            "XDG_CONFIG_HOME": str(self.github.root / "home"),
            "LANG": "C.UTF-8",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": github["actor"],
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_RUN_ID": github["run_id"],
            "GITHUB_SHA": github["sha"],
            "FAKE_GITHUB": str(self.github.root),
            **{name: str(path) for name, path in files.items()},
            **self.github.aws,
            **self.aws_credentials,
        }
        given = {**self.contexts["env"], **fill(step.get("env", {}), self.contexts)}
        return own | {name: text(value) for name, value in given.items()}

    def _cancelled(self, process, name):
        """Cancel as GitHub's runner does: signal the step's own process, wait, then end all of it."""
        if name not in self.github.cancel:
            return False
        self.github.cancel.pop(name)(self.workspace, process)
        cancel(process)
        return True


def cancel(process, grace_s=GRACE_S):
    for number, wait_s in zip((signal.SIGINT, signal.SIGTERM), grace_s, strict=True):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
            return
    os.killpg(process.pid, signal.SIGKILL)


def _list(needs):
    return [needs] if isinstance(needs, str) else needs or []


def _inputs(declared, given):
    assert not given.keys() - declared.keys(), "an input that nobody declared"
    missing = [name for name, one in declared.items() if one.get("required") and name not in given]
    assert not missing, f"inputs that are required: {missing}"
    empty = {"boolean": False, "string": "", "choice": ""}
    return {name: given.get(name, one.get("default", empty[one["type"]])) for name, one in declared.items()}


def approval(login, environment, state="approved"):
    """One entry of what GitHub's API says of a run's approvals."""
    return {"state": state, "comment": "", "environments": [{"name": environment}], "user": {"login": login}}


def _variables(name, purpose, parameters):
    role = f"arn:aws:iam::123456789012:role/{name}-ci-{purpose}"
    return {"AWS_ACCOUNT_ID": "123456789012", "AWS_REGION": "us-east-1", "AWS_ROLE_ARN": role} | {
        "HITLESS_PARAMETERS": json.dumps(parameters)
    }
