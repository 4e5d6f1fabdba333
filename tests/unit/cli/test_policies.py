import json
from pathlib import Path

from vestibule_cli.policies import problem, with_arns


def test_each_symbol_becomes_the_arns_it_stands_for(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    statement = {"Effect": "Allow", "Action": ["a:B"], "Resource": ["table", "queue:retry"]}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    policy = with_arns(path, {"table": ["arn:t"], "queue:retry": ["arn:q", "arn:q2"]})

    assert policy == {
        "Version": "2012-10-17",
        "Statement": [{**statement, "Resource": ["arn:t", "arn:q", "arn:q2"]}],
    }


def test_an_arn_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:legacy-??????"
    statement = {"Effect": "Allow", "Action": ["a:B"], "Resource": ["table", secret]}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    assert problem(path, ()) is None
    assert with_arns(path, {"table": ["arn:t"]})["Statement"][0]["Resource"] == ["arn:t", secret]
