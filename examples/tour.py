"""Signs a person up and in as a browser does, and prints their access token.

Needs a running stack (`make up`). Run it again for a fresh token:

    token=$(.venv/bin/python examples/tour.py)
    .venv/bin/python examples/tour.py ben@example.com     # somebody else than Ann

It asks `vestibule` where the stack is, which asks VESTIBULE_STATE if that is set.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

EMAIL = sys.argv[1] if len(sys.argv) > 1 else "ann@example.com"
NAME, PASSWORD = EMAIL.partition("@")[0].capitalize(), "a long Passw0rd, please"

# No profile of yours and no proxy has to do with a stack on this machine.
os.environ.pop("AWS_PROFILE", None)
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def vestibule(*command):
    return subprocess.check_output(
        [Path(sys.executable).with_name("vestibule"), *command], text=True
    ).strip()


stack = json.loads(vestibule("outputs", "--json"))
pool, client = stack["user_pool_id"], stack["user_pool_client_id"]

cognito = boto3.client(
    "cognito-idp",
    region_name=stack["region"],
    endpoint_url=stack["aws_endpoint_url"],
    config=Config(signature_version=UNSIGNED),
)
try:
    cognito.sign_up(
        ClientId=client,
        Username=EMAIL,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": EMAIL}, {"Name": "name", "Value": NAME}],
    )
    code = vestibule("mail", "--code", EMAIL)
    cognito.confirm_sign_up(ClientId=client, Username=EMAIL, ConfirmationCode=code)
except cognito.exceptions.UsernameExistsException:
    pass  # signed up on an earlier run

srp = AWSSRP(username=EMAIL, password=PASSWORD, pool_id=pool, client_id=client, client=cognito)
print(srp.authenticate_user()["AuthenticationResult"]["AccessToken"])
