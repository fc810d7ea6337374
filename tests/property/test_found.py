"""What campaigns have found, each kept as the shortest program that showed it."""

import pytest

from tests.property.campaign import check, finish, replay, same
from tests.property.estate import Estate


def told(seed: int, program: list[tuple]) -> str:
    """Do a program, hold everything that must hold, do it again unseen; each deed and its answer, a line each."""
    estate, lines = Estate(seed), []
    try:
        for deed in program:
            lines.append(f"{' '.join(str(word) for word in deed)}: {estate.do(*deed)}")
            check(estate)
        finish(estate)
    finally:
        estate.lab.close()
    assert same(estate, replay(seed, program))
    return "\n".join(lines)


FOUND = {  # name: (seed, program, story)
    # A host that was let go before its agent had joined still joined, got a task, and took a request with it.
    "a host that goes while it boots": (
        93,
        [("scale_hosts", 5), ("sleep", 60), ("scale_hosts", 2), ("sleep", 600)],
        """
scale_hosts 5: done
sleep 60: done
scale_hosts 2: done
sleep 600: done
""",
    ),
    # It went on launching what nobody wanted any more, and died of an assertion after an hour without progress.
    "cancelling what never comes up": (
        0,
        [
            ("refresh", "4", (50, 150), False),
            ("sleep", 60),
            ("cancel", True),
            ("sleep", 1800),
            ("refresh", "3", (50, 150), False),
        ],
        """
refresh 4 (50, 150) False: done
sleep 60: done
cancel True: done
sleep 1800: done
refresh 3 (50, 150) False: done
""",
    ),
    # The lab died of an assertion: a refresh that was going back was told to go back.
    "going back twice": (
        227,
        [("refresh", "4", (100, 100), False), ("roll_back",), ("roll_back",), ("cancel", True)],
        """
refresh 4 (100, 100) False: done
roll_back: done
roll_back: IrreversibleInstanceRefresh
cancel True: done
""",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_it_does_not_happen_again(name):
    seed, program, story = FOUND[name]
    assert told(seed, program) == story.strip()
