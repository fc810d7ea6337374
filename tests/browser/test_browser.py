"""What a person sees and presses: a runbook and the control room in JupyterLab, in a real browser."""

import json
from pathlib import Path

from hitless import deployment
from hitless.traffic import read_weights

CHART = "img.widget-image"


def last_deployment(web):
    """The newest deployment of a person's making."""
    found = web.call("codedeploy").list_deployments(applicationName="web", deploymentGroupName="web")["deployments"]
    seen = [deployment.read_deployment(web.here, one) for one in found]
    return next(one for one in seen if one.creator == "user")


def is_quiet(web):
    group = deployment.read_group(web.here, "web", "web")
    return not deployment.find_running(web.here, group)


def test_the_chart_moves_while_a_cell_runs_and_abort_takes_the_release_back(opened, web):
    before = read_weights(web.here, web.stack)
    page = opened("30-deploy-app.ipynb")
    page.run_all()
    page.press("Approve")
    first = page.until(page.frame, "a chart")
    second = page.until(lambda: page.frame() not in ("", first) and page.frame(), "a second frame")
    page.until(lambda: page.frame() not in ("", first, second), "a third frame")
    page.until(lambda: "green 10 %" in page.text(), "a tenth of the traffic on green")
    page.show(CHART)
    page.shoot("release")
    page.press("Abort")
    page.until(page.ended, "end of the notebook")
    assert "Aborted: The run was aborted by its button." in page.text()
    assert "(button)" in page.text(), "who approved it, and how, stays in the notebook"
    page.until(lambda: is_quiet(web), "end of the rollback")
    assert last_deployment(web).status == "Stopped" and read_weights(web.here, web.stack) == before


def test_the_control_room_obeys_its_buttons_and_leaves_a_plain_picture(opened, web):
    page = opened("09-take-the-controls.ipynb")
    page.run_all()
    page.until(lambda: page.button("Release"), "a control room")
    assert not page.button("Approve") and not page.button("Abort"), "nothing goes on that they could be for"
    assert page.until(page.app_says, "an answer of the app") == "1.0.0"
    page.press("Release")
    page.until(lambda: page.button("Approve"), "a release that waits at Ready")
    assert last_deployment(web).status == "Ready" and page.app_says() == "1.0.0", "it waits for a person"
    page.show(".jp-Cell.jp-mod-selected, .jp-OutputArea")
    page.press("Approve")
    page.until(lambda: page.app_says() == "2.0.0", "the new version in the frame")
    page.until(lambda: page.button("Release a bad one"), "the end of the release")
    page.show("button.jupyter-button")
    page.shoot("control-room-light")
    page.press("Release a bad one")
    page.press("Abort")
    page.until(lambda: page.button("Leave") and page.button("Release"), "the bad one taken back")
    page.command("apputils:change-theme", {"theme": "JupyterLab Dark"})
    page.until(lambda: not page.driver.find_elements("id", "jupyterlab-splash"), "the dark theme")
    page.show("button.jupyter-button")
    page.shoot("control-room-dark")
    page.press("Leave")
    page.until(page.ended, "end of the notebook")
    page.command("docmanager:save")
    path = Path(page.driver.current_url.partition("/lab/tree/")[2].partition("?")[0])
    cells = json.loads(path.read_text())["cells"]
    room = next(cell for cell in cells if "room.run" in "".join(cell["source"]))
    pictures = [one for one in room["outputs"] if "image/png" in one.get("data", {})]
    assert len(pictures) == 1 and "text/plain" in pictures[0]["data"]
    said = "".join(
        "".join(one.get("data", {}).get("text/plain", "")) for cell in cells for one in cell.get("outputs", [])
    )
    assert "FAILS" not in said and "the deployment group is as it was" in said, said
    page.shoot("control-room-left")
