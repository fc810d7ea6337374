"""What is approved is what is applied; what Terraform or python-terraform would let pass is refused."""

import os
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from bootstrap import Missing
from hitless.errors import Failed, Refused
from hitless.terraform import Terraform

pytestmark = pytest.mark.terraform

ONE = """
variable "colour" {
  type    = string
  default = "blue"

  validation {
    condition     = var.colour != "red"
    error_message = "red would stop the traffic."
  }
}

resource "terraform_data" "paint" {
  input = var.colour
}

output "colour" {
  value = { value = terraform_data.paint.output }
}
"""
SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "sleep 60"
  }
}
"""
BROKEN = """
resource "terraform_data" "broken" {
  provisioner "local-exec" {
    command = "exit 7"
  }
}
"""


def test_apply_change_and_destroy_come_round_to_nothing(small):
    terraform = small(ONE)
    first = terraform.plan({})
    assert [(change.what, change.address) for change in first.changes] == [("create", "terraform_data.paint")]
    assert terraform.apply(first) == {"add": 1, "change": 0, "remove": 0}
    assert terraform.plan({}).is_empty

    second = terraform.plan({"colour": "green"})
    assert [(change.what, change.attributes) for change in second.changes] == [("update", ("input", "output"))]
    terraform.apply(second)
    assert terraform.plan({"colour": "green"}).is_empty

    assert terraform.destroy({}) == {"add": 0, "change": 0, "remove": 1}
    assert terraform.output() == {}


def test_an_output_with_a_key_called_value_is_read_whole(small):
    terraform = small(ONE)
    assert terraform.output() == {}
    terraform.apply(terraform.plan({}))
    assert terraform.output() == {"colour": {"value": "blue"}}


def test_a_misspelt_variable_is_refused_before_terraform_starts(small):
    with pytest.raises(Refused, match="declares no variable color") as refused:
        small(ONE).plan({"color": "green"})
    assert refused.value.seen == {"nearest": "colour"}


def test_a_variable_that_is_not_valid_is_refused_in_its_own_words(small):
    with pytest.raises(Refused, match="red would stop the traffic"):
        small(ONE).plan({"colour": "red"})


def test_variables_of_the_shell_do_not_reach_the_plan(small, monkeypatch):
    monkeypatch.setenv("TF_VAR_colour", "red")
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-destroy")
    assert [change.what for change in small(ONE).plan({}).changes] == ["create"]


def test_a_plan_that_was_exchanged_is_refused(small):
    terraform = small(ONE)
    approved = terraform.plan({"colour": "green"})
    terraform.plan({"colour": "orange"})
    with pytest.raises(Refused, match=r"is not the plan that was shown"):
        terraform.apply(approved)
    assert terraform.output() == {}


def test_a_plan_that_is_out_of_date_is_refused_and_changes_nothing(small, tmp_path):
    terraform = small(ONE)
    stale = terraform.plan({"colour": "green"}, out=tmp_path / "stale")
    terraform.apply(terraform.plan({}))
    with pytest.raises(Refused, match="stale"):
        terraform.apply(stale)
    assert terraform.output()["colour"] == {"value": "blue"}


def test_a_saved_plan_is_read_back_the_same(small, tmp_path):
    terraform = small(ONE)
    plan = terraform.plan({}, out=tmp_path / "kept")
    assert terraform.show_plan(tmp_path / "kept") == plan
    assert "1 to create" in str(plan) and "terraform_data.paint" in str(plan)


def test_values_are_never_shown_and_never_left_behind(small, tmp_path):
    terraform = small(ONE)
    plan = terraform.plan({"colour": "secret-sauce"})
    assert "secret-sauce" not in str(plan) + repr(plan)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".tfplan"]
    assert not [path for path in left if b"secret-sauce" in path.read_bytes()]
    assert terraform.state_dir.stat().st_mode & 0o077 == 0


def test_the_checkout_is_only_read(small):
    terraform = small(ONE)
    terraform.apply(terraform.plan({}))
    assert [path.name for path in terraform.folder.rglob("*")] == ["main.tf"]


def test_a_failed_change_is_failed_and_says_where(small):
    terraform = small(BROKEN)
    with pytest.raises(Failed, match="apply failed") as failed:
        terraform.apply(terraform.plan({}))
    assert "terraform_data.broken" in failed.value.seen


def test_a_change_that_takes_too_long_is_interrupted_and_its_state_kept(small):
    terraform = small(SLOW, timeout_s=5.0)
    plan = terraform.plan({})
    with pytest.raises(Failed, match="did not end in time"):
        terraform.apply(plan)
    assert (terraform.state_dir / "terraform.tfstate").exists()
    assert not (terraform.state_dir / ".terraform.tfstate.lock.info").exists()


def test_what_is_to_follow_a_resource_is_done_while_terraform_goes_on(small, tmp_path):
    os.mkfifo(tmp_path / "said")
    terraform = small(ONE + SLOW.replace("sleep 60", f"cat {tmp_path / 'said'}"))
    after = {"terraform_data.paint": lambda: (tmp_path / "said").write_text("go on\n")}  # it waits for these words
    assert terraform.apply(terraform.plan({}), after=after)["add"] == 2


def test_terraform_is_interrupted_when_what_is_to_follow_fails(small):
    def fail():
        raise Failed("The image could not be pushed.")

    terraform = small(ONE + SLOW)
    with pytest.raises(Failed, match="could not be pushed"):
        terraform.apply(terraform.plan({}), after={"terraform_data.paint": fail})
    made = [one["address"] for one in terraform.show()["values"]["root_module"]["resources"]]
    assert "terraform_data.paint" in made, "what was made is in the state"
    assert not (terraform.state_dir / ".terraform.tfstate.lock.info").exists()


def test_another_thread_can_interrupt_a_change(small, tmp_path):
    os.mkfifo(tmp_path / "begun")
    terraform = small(SLOW.replace("sleep 60", f"echo > {tmp_path / 'begun'}; exec sleep 60"))
    plan = terraform.plan({})
    with ThreadPoolExecutor(1) as threads:
        applying = threads.submit(terraform.apply, plan)
        (tmp_path / "begun").read_text()
        terraform.interrupt()
        with pytest.raises(Failed, match="apply failed"):
            applying.result(30)
    assert not (terraform.state_dir / ".terraform.tfstate.lock.info").exists()


def test_an_interrupt_ends_terraform_cleanly_and_leaves_no_process(small, tmp_path):
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    listening = os.open(begun, os.O_RDWR)  # read and write: opening waits for nobody
    terraform = small(SLOW.replace("sleep 60", f"echo $$ > {begun}; exec sleep 60"))
    script = f"""
from hitless.terraform import Terraform
terraform = Terraform({str(terraform.folder)!r}, {str(terraform.state_dir)!r})
terraform.init()
terraform.apply(terraform.plan({{}}))
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert select.select([listening], [], [], 60)[0], "the change never began"
    sleeper = int(os.read(listening, 20))
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    with pytest.raises(ProcessLookupError):
        os.kill(sleeper, 0)
    assert (terraform.state_dir / "terraform.tfstate").exists()
    assert not (terraform.state_dir / ".terraform.tfstate.lock.info").exists()


def test_a_misspelt_command_is_no_command(small):
    with pytest.raises(AttributeError):
        small(ONE)._cli.destory()


def test_progress_counts_what_was_quick(small):
    lines = []
    terraform = small(ONE, say=lines.append)
    terraform.apply(terraform.plan({}))
    assert lines == ["1 resource created, each in under 3 s"]


def test_a_terraform_that_is_missing_is_refused_with_the_remedy(tmp_path, monkeypatch):
    def fetch():
        raise Missing("Put it on PATH.")

    monkeypatch.setattr("hitless.terraform.find_terraform", lambda: None)
    monkeypatch.setattr("hitless.terraform.fetch_terraform", fetch)
    with pytest.raises(Refused, match="Put it on PATH"):
        Terraform(tmp_path, tmp_path / "state")
