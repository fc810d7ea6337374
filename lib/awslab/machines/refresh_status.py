"""What an instance refresh can be, and become."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefreshStatus(StrEnum):
    """DescribeInstanceRefreshes' Status."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    BAKING = "Baking"
    CANCELLING = "Cancelling"
    ROLLBACK_IN_PROGRESS = "RollbackInProgress"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    ROLLBACK_SUCCESSFUL = "RollbackSuccessful"
    ROLLBACK_FAILED = "RollbackFailed"


R = RefreshStatus
TRANSITIONS: dict[RefreshStatus, tuple[RefreshStatus, ...]] = {
    R.PENDING: (R.IN_PROGRESS, R.CANCELLING, R.ROLLBACK_IN_PROGRESS),
    R.IN_PROGRESS: (R.BAKING, R.SUCCESSFUL, R.FAILED, R.CANCELLING, R.ROLLBACK_IN_PROGRESS),
    R.BAKING: (R.SUCCESSFUL, R.FAILED, R.CANCELLING, R.ROLLBACK_IN_PROGRESS),
    R.CANCELLING: (R.CANCELLED,),
    R.ROLLBACK_IN_PROGRESS: (R.ROLLBACK_SUCCESSFUL, R.ROLLBACK_FAILED, R.CANCELLING),
    R.SUCCESSFUL: (),
    R.FAILED: (),
    R.CANCELLED: (),
    R.ROLLBACK_SUCCESSFUL: (),
    R.ROLLBACK_FAILED: (),
}
REPLACING = (R.IN_PROGRESS, R.ROLLBACK_IN_PROGRESS)


@dataclass(slots=True)
class RollbackDetails:
    """What DescribeInstanceRefreshes tells of a refresh that turned round."""

    reason: str
    started_at: float
    percentage_complete: int
    instances_to_update: int
