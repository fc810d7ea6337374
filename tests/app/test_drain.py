import asyncio
import selectors


def drained(story, *, quiet_s=1.0, limit_s=25.0):
    """Run `story(drain, loop)` beside the wait, on a loop whose time jumps; when the wait ended, and what was open."""
    from drain import Drain

    async def play():
        loop = asyncio.get_running_loop()
        drain = Drain(quiet_s, limit_s, loop.time)
        began = loop.time()
        telling = asyncio.create_task(story(drain))
        await drain.wait()
        ended, left = loop.time() - began, drain.open
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        return round(ended, 3), left

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(play())


class JumpingSelector(selectors.DefaultSelector):
    """Where others wait, this one moves the time."""

    now = 0.0

    def select(self, timeout=None):
        self.now += timeout or 0.0
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits."""

    def __init__(self):
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now


async def nothing(drain):
    pass


async def stragglers(drain, every_s=0.5, count=8):
    for _ in range(count):
        with drain.request():
            await asyncio.sleep(0.1)
        await asyncio.sleep(every_s - 0.1)


async def one_long(drain, takes_s=10.0):
    with drain.request():
        await asyncio.sleep(takes_s)


def test_a_quiet_process_ends_after_the_quiet_time():
    assert drained(nothing) == (1.0, 0)


def test_stragglers_keep_it_until_they_stop():
    assert drained(stragglers) == (4.6, 0)


def test_an_open_request_keeps_it_however_quiet():
    assert drained(one_long) == (11.0, 0)


def test_the_limit_ends_it_and_says_what_was_given_up():
    assert drained(lambda drain: one_long(drain, 100)) == (25.0, 1)
    assert drained(lambda drain: stragglers(drain, every_s=0.7, count=1000)) == (25.0, 0)


def test_without_a_limit_to_wait_it_ends_at_once():
    assert drained(one_long, limit_s=0.0)[0] == 0.0
