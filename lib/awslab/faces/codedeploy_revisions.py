"""Revisions: AppSpecs by their content, as CodeDeploy speaks of them."""

from __future__ import annotations

import hashlib

from moto.core.responses import ActionResult, EmptyResult

from awslab.faces.autoscaling_groups import utc
from awslab.faces.codedeploy_groups import GroupActions
from awslab.faces.codedeploy_pages import page
from awslab.faces.inventory import AwsError
from awslab.machines.applications import Application, Revision

KIND = "AppSpecContent"
BATCH_MAX = 25  # AWS: revisions of one BatchGetApplicationRevisions
SORTED = {"registerTime": "registered_at", "firstUsedTime": "first_used_at", "lastUsedTime": "last_used_at"}


class RevisionActions(GroupActions):
    """Actions on revisions; `Face` mixes them in."""

    def register_application_revision(self) -> ActionResult:
        """RegisterApplicationRevision; a known one gets the new description."""
        revision = self._register(self._application(), self.params.get("revision"))
        revision.description = self.params.get("description") or revision.description
        return EmptyResult()

    def get_application_revision(self) -> ActionResult:
        """GetApplicationRevision by content or sha256: the only call that gives the content back."""
        application = self._application()
        revision = _find(application, self.params.get("revision"))
        return ActionResult(
            {
                "applicationName": application.name,
                "revision": location(revision.sha256, revision.content),
                "revisionInfo": _describe(application, revision),
            }
        )

    def batch_get_application_revisions(self) -> ActionResult:
        """BatchGetApplicationRevisions: all of them must exist."""
        application, given = self._application(), self.params.get("revisions") or []
        if len(given) > BATCH_MAX:
            raise AwsError("BatchLimitExceededException", f"At most {BATCH_MAX} revisions can be asked for")
        found = [_find(application, one) for one in given]
        shown = [
            {
                "revisionLocation": location(revision.sha256, revision.content),
                "genericRevisionInfo": _describe(application, revision),
            }
            for revision in found
        ]
        return ActionResult({"applicationName": application.name, "errorMessage": "", "revisions": shown})

    def list_application_revisions(self) -> ActionResult:
        """ListApplicationRevisions, sorted, and by whether they are deployed."""
        application, given = self._application(), self.params
        deployed = given.get("deployed") or "ignore"
        if deployed not in ("include", "exclude", "ignore"):
            raise AwsError("InvalidDeployedStateFilterException", f"Invalid deployed state filter: {deployed}")
        found = [r for r in application.revisions.values() if deployed == "ignore" or _fits(r, deployed)]
        found = _sorted(found, given.get("sortBy"), given.get("sortOrder") or "ascending")
        shown, token = page([location(revision.sha256) for revision in found], given)
        return ActionResult({"revisions": shown, "nextToken": token})

    def _register(self, application: Application, given: dict | None) -> Revision:
        """The revision with this content, known from now on."""
        content, sha256 = _read(given)
        if content is None:
            return _find(application, given)
        known = application.revisions.setdefault(sha256, Revision(sha256, content, self.world.now))
        return known


def location(sha256: str, content: str | None = None) -> dict:
    """A RevisionLocation, mostly without its content."""
    given = {"sha256": sha256} if content is None else {"content": content, "sha256": sha256}
    return {"revisionType": KIND, "appSpecContent": given}


def _read(given: dict | None) -> tuple[str | None, str]:
    """(content or None, sha256) of a RevisionLocation."""
    if not given:
        raise AwsError("RevisionRequiredException", "RevisionLocation must be specified")
    if given.get("revisionType") != KIND:
        message = f"The lab takes revisions of type {KIND} only, not {given.get('revisionType')}."
        raise AwsError("InvalidRevisionException", message)
    spec = given.get("appSpecContent") or {}
    content, sha256 = spec.get("content"), (spec.get("sha256") or "").lower()
    if not content:
        if not sha256:
            raise AwsError("InvalidRevisionException", "AppSpecContent needs a content or a sha256")
        return None, sha256
    true = hashlib.sha256(content.encode()).hexdigest()
    if sha256 not in ("", true):
        raise AwsError("InvalidRevisionException", "The sha256 is not that of the AppSpec's content")
    return content, true


def _find(application: Application, given: dict | None) -> Revision:
    sha256 = _read(given)[1]
    if sha256 not in application.revisions:
        raise AwsError("RevisionDoesNotExistException", "The specified revision does not exist")
    return application.revisions[sha256]


def _fits(revision: Revision, deployed: str) -> bool:
    return bool(revision.group_ids) == (deployed == "include")


def _sorted(found: list[Revision], by: str | None, order: str) -> list[Revision]:
    if by is None:
        return found
    if by not in SORTED:
        raise AwsError("InvalidSortByException", f"Invalid column to sort by: {by}")
    if order not in ("ascending", "descending"):
        raise AwsError("InvalidSortOrderException", f"Invalid sort order: {order}")
    return sorted(found, key=lambda r: getattr(r, SORTED[by]) or 0.0, reverse=order == "descending")


def _describe(application: Application, revision: Revision) -> dict:
    names = [group.name for group in application.groups.values() if group.group_id in revision.group_ids]
    shown = {
        "description": revision.description,
        "deploymentGroups": names,
        "registerTime": utc(revision.registered_at),
    }
    if revision.first_used_at is not None:
        shown |= {"firstUsedTime": utc(revision.first_used_at), "lastUsedTime": utc(revision.last_used_at)}
    return shown
