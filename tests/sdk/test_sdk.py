"""The platform's own SDK, unchanged, does to a served sandbox what it would do to the hub.

Needs Node and `npm ci` in this folder; `make test-sdk` does both. Without them the test is skipped, unless the
environment says `BO_SYNC_SDK=required`.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bo_sync.sandbox.permissions import NEEDED
from tests.sandbox.test_command import serving

HERE = Path(__file__).parent
PACKAGE = HERE / "node_modules" / "@propeller-commerce" / "propeller-sdk-v2"
pytestmark = [pytest.mark.sdk, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def sdk() -> None:
    if shutil.which("node") is not None and PACKAGE.is_dir():
        return
    lacking = "NOT CHECKED: Node and the platform's SDK are not installed here; `make test-sdk` installs the SDK"
    if os.environ.get("BO_SYNC_SDK") == "required":
        pytest.fail(lacking)
    pytest.skip(lacking)


def test_the_sdk_creates_lists_updates_and_deletes_a_user_and_a_role(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, lines):
        arguments = ["node", str(HERE / "proof.cjs"), lines[0].removeprefix("url "), "sandbox-owner", "sandbox-session"]
        proof = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert proof.returncode == 0, proof.stderr
    assert proof.stdout.split() == sorted(NEEDED)
