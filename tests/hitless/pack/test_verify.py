"""A pack is believed only if every byte of it is as it was sealed."""

import json
import random
import shutil

import pytest

from hitless import pack, signing
from hitless.manifest import SEAL

MUTATIONS = 400


def wrong(folder, key=None):
    return pack.first_wrong(pack.verify(folder, key))


def test_what_was_sealed_is_believed(sealed, key):
    verdict = pack.verify(sealed, key.with_name(key.name + ".pub"))
    assert verdict.holds, verdict
    assert len(verdict.claims) == 9
