"""What workflows, Dependabot and Dockerfile must keep where no scanner looks; each rule names what breaks it."""

import functools
import json
import re

import yaml

SHARED = "change-${{ inputs.environment }}"
CALLER = {"deploy.yml": "deploy", "infrastructure-update.yml": "apply"}
USES = re.compile(r"uses: (\S+?)@(\S+) # (\S+)$", re.MULTILINE)


@functools.cache
def parse(text):
    """A workflow; YAML 1.1 takes its `on` for true."""
    return {("on" if key is True else key): value for key, value in yaml.load(text, yaml.CSafeLoader).items()}


class Files:
    """The files as text; a rule reads what it needs, a test changes what it likes."""

    def __init__(self, texts):
        self.texts = texts

    def __getitem__(self, name):
        return self.texts[name]

    @property
    def flows(self):
        return {name: self.flow(name) for name in self.texts if name.startswith("workflows/")}

    def flow(self, name):
        return parse(self.texts[name])

    def jobs(self):
        for name, flow in self.flows.items():
            for job, body in flow["jobs"].items():
                yield f"{name} {job}", body

    def steps(self):
        for job, body in self.jobs():
            for step in body.get("steps", ()):
                yield f"{job} {step.get('name') or step.get('uses') or step.get('run')}", step

    def step(self, name):
        [found] = [one for _, one in self.steps() if one.get("name") == name]
        return found


def actions_are_those_of_the_table(files):
    pins = json.loads(files["actions-pins.json"])
    for name in files.flows:
        used = USES.findall(files[name])
        for action, sha, version in used:
            pin = pins.get("/".join(action.split("/")[:2]))
            if pin != {"version": version, "sha": sha}:
                yield f"{name}: {action}@{sha} # {version}"
        here = [line for line in files[name].splitlines() if re.search(r"uses:(?! \$/)", line)]
        if len(used) != len(here):
            yield f"{name}: an action without commit and version"


def no_key_outlives_a_job(files):
    for name in files.flows:
        if found := re.search(r"aws-(access-key-id|secret-access-key|session-token)|secrets\.|AKIA", files[name]):
            yield f"{name}: {found[0]}"


def nothing_is_permitted_unasked(files):
    for name, flow in files.flows.items():
        if flow.get("permissions") != {}:
            yield name
    for job, body in files.jobs():
        if "permissions" not in body or isinstance(body["permissions"], str):
            yield job


def every_job_ends(files):
    for job, body in files.jobs():
        if "steps" in body and not 0 < body.get("timeout-minutes", 0) <= 240:
            yield job


def a_session_outlasts_its_job(files):
    job = files.flow("workflows/_run-runbook.yml")["jobs"]["change"]
    [asked] = [step["with"] for step in job["steps"] if "role-duration-seconds" in step.get("with", {})]
    if job["timeout-minutes"] * 60 >= asked["role-duration-seconds"] - 240:
        yield "change"


def a_token_needs_an_environment(files):
    for job, body in files.jobs():
        if "steps" in body and "id-token" in (body.get("permissions") or ()) and not body.get("environment"):
            yield job


def changes_of_an_environment_queue_and_are_never_cut(files):
    job = files.flow("workflows/_run-runbook.yml")["jobs"]["change"]
    if job.get("concurrency") != {"group": SHARED, "cancel-in-progress": False}:
        yield "the job that changes"
    for name in CALLER:
        if files.flow(f"workflows/{name}")["concurrency"]["cancel-in-progress"]:
            yield name


def one_workflow_changes_things(files):
    for name in files.flows:
        if "hitless run" in files[name] and name != "workflows/_run-runbook.yml":
            yield f"{name} runs a runbook itself"
    for name, purpose in CALLER.items():
        called = [job for job in files.flow(f"workflows/{name}")["jobs"].values() if "uses" in job]
        if not called or any(job["uses"] != "$/.github/workflows/_run-runbook.yml" for job in called):
            yield f"{name} calls another workflow"
        if any(job["with"]["purpose"] != purpose for job in called):
            yield f"{name} asks for another role"


def a_cancel_reaches_the_runner(files):
    for name in ("Plan", "Run", "Reconcile"):
        lines = files.step(name)["run"].strip().replace("\\\n", "").splitlines()
        if not lines[-1].startswith("exec hitless "):
            yield name


def nothing_is_left_when_a_step_fails(files):
    job = files.flow("workflows/_run-runbook.yml")["jobs"]["change"]
    titles = [step.get("name") for step in job["steps"]]
    for step in job["steps"][titles.index("Run") + 1 :]:
        if not str(step.get("if", "")).startswith("always()"):
            yield step.get("name") or step["uses"]
    if titles[titles.index("Run") + 1] != "Reconcile":
        yield "Reconcile does not come first"


def every_job_knows_where_states_are(files):
    for name, job in files.flow("workflows/_run-runbook.yml")["jobs"].items():
        if job["env"].get("HITLESS_BACKENDS") != "${{ vars.HITLESS_BACKENDS }}":
            yield name


def no_text_becomes_shell(files):
    for title, step in files.steps():
        if "${{" in step.get("run", ""):
            yield title


def shells_fail_in_a_pipe(files):
    for name, flow in files.flows.items():
        if flow.get("defaults") != {"run": {"shell": "bash"}}:
            yield name


def no_stranger_starts_a_job(files):
    for name, flow in files.flows.items():
        for event in {"pull_request_target", "workflow_run", "issue_comment", "repository_dispatch"} & set(flow["on"]):
            yield f"{name} {event}"


def checkouts_leave_no_token(files):
    for title, step in files.steps():
        if "actions/checkout@" in step.get("uses", "") and step.get("with", {}).get("persist-credentials") is not False:
            yield title


def one_failure_does_not_cut_others(files):
    for job, body in files.jobs():
        if "matrix" in body.get("strategy", {}) and body["strategy"].get("fail-fast") is not False:
            yield job


def waves_do_the_same(files):
    for name in CALLER:
        jobs = files.flow(f"workflows/{name}")["jobs"]
        if jobs["first"]["with"] != jobs["second"]["with"]:
            yield name
        if "needs.first.result == 'success'" not in jobs["second"]["if"] or "first" not in jobs["second"]["needs"]:
            yield f"{name}: the second does not wait"


def only_listed_environments_are_offered(files):
    names = ["all", *(one["name"] for wave in json.loads(files["waves.json"]) for one in wave)]
    for name in CALLER:
        if files.flow(f"workflows/{name}")["on"]["workflow_dispatch"]["inputs"]["environment"]["options"] != names:
            yield name


def production_is_reviewed(files):
    for wave in json.loads(files["waves.json"]):
        for one in wave:
            if "prod" in one["name"] and one["reviewed"] is not True:
                yield one["name"]


def images_are_verified_before_they_are_planned(files):
    steps = files.flow("workflows/_run-runbook.yml")["jobs"]["plan"]["steps"]
    titles = [step.get("name") for step in steps]
    script = files.step("Verify where the image comes from")["run"]
    wanted = ("--signer-workflow", "build.yml", "--source-ref refs/heads/main", "--deny-self-hosted-runners")
    if titles.index("Verify where the image comes from") > titles.index("Plan"):
        yield "after the plan"
    yield from (word for word in wanted if word not in script)
    for wave in ("first", "second"):
        if files.flow("workflows/deploy.yml")["jobs"][wave]["with"].get("image-digest") != "${{ inputs.digest }}":
            yield f"deploy.yml {wave}"


def images_are_signed_before_they_are_pushed(files):
    if "attest" not in files.flow("workflows/build.yml")["jobs"]["push"]["needs"]:
        yield "build.yml push"


def forks_get_no_role(files):
    condition = files.flow("workflows/infrastructure-update.yml")["jobs"]["waves"].get("if", "")
    if "head.repo.full_name == github.repository" not in condition:
        yield "infrastructure-update.yml waves"


def pull_requests_only_look(files):
    for name, job in files.flow("workflows/infrastructure-update.yml")["jobs"].items():
        if "uses" in job and job["with"].get("plan-only") is not True and "!= 'pull_request'" not in job["if"]:
            yield name


def every_check_is_required(files):
    jobs = files.flow("workflows/ci.yml")["jobs"]
    if missing := jobs.keys() - set(jobs["required-checks-pass"]["needs"]) - {"required-checks-pass"}:
        yield ", ".join(sorted(missing))


def young_releases_wait(files):
    for update in yaml.safe_load(files["dependabot.yml"])["updates"]:
        if update.get("cooldown", {}).get("default-days", 0) < 7:
            yield update["package-ecosystem"]


def bases_are_named_by_digest(files):
    arguments = dict(re.findall(r"^ARG (\w+)=(\S+)", files["Dockerfile"], re.MULTILINE))
    for base in re.findall(r"^FROM (\S+)", files["Dockerfile"], re.MULTILINE):
        base = re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], base)
        if not re.search(r"@sha256:[0-9a-f]{64}$", base) or ":latest@" in base:
            yield base


def the_app_is_nobody(files):
    users = re.findall(r"^USER (\S+)", files["Dockerfile"], re.MULTILINE)
    if not users or not re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[-1]):
        yield str(users)


def packages_come_by_hash(files):
    for line in re.findall(r"pip install[^&\n]*(?:\\\n[^&\n]*)*", files["Dockerfile"]):
        if "--require-hashes" not in line:
            yield line


RULES = [
    one
    for one in list(globals().values())
    if callable(one) and getattr(one, "__module__", "") == __name__ and one not in (Files, parse)
]


def broken(files):
    """The names of the rules that something breaks, each with what."""
    return {rule.__name__: found for rule in RULES if (found := list(rule(files)))}
