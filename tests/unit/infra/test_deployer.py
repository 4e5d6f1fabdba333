"""What the role for CI needs is written down for every kind of resource: none comes in unnoticed.

`infra/bootstrap/tests/deployer.tftest.hcl` holds the role's policy against it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

INFRA = Path(__file__).parents[3] / "infra"
# Asks AWS nothing; and what Terraform itself does, before any resource.
SILENT, BACKEND = {"aws_partition", "terraform_data"}, {"backend"}
# A deployment has none: these stand in the bootstrap, which an administrator applies.
OF_THE_BOOTSTRAP = {"aws_api_gateway_account", "aws_iam_openid_connect_provider"}


def test_the_rights_of_every_kind_of_resource_are_written_down() -> None:
    kinds = {
        kind
        for path in INFRA.rglob("*.tf")
        for kind in re.findall(r'^(?:resource|data) "(\w+)"', path.read_text("utf-8"), re.MULTILINE)
    }
    written = json.loads((INFRA / "bootstrap/tests/fixtures/rights.json").read_text("utf-8"))

    assert set(written) - BACKEND == kinds - SILENT - OF_THE_BOOTSTRAP
    assert all(actions for rights in written.values() for actions in rights.values())
