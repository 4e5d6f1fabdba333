import json
from pathlib import Path

from vestibule_cli.policies import with_arns


def test_each_symbol_becomes_the_arns_it_stands_for(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    statement = {"Effect": "Allow", "Action": ["a:B"], "Resource": ["table", "queue:retry"]}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    policy = with_arns(path, {"table": ["arn:t"], "queue:retry": ["arn:q", "arn:q2"]})

    assert policy == {
        "Version": "2012-10-17",
        "Statement": [{**statement, "Resource": ["arn:t", "arn:q", "arn:q2"]}],
    }
