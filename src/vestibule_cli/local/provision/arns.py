"""ARNs that are known by name alone, and what each symbol of a policy stands for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vestibule_cli import policies
from vestibule_cli.local.emulator import ACCOUNT_ID
from vestibule_cli.local.provision import bus, functions, mail
from vestibule_cli.stack import ScheduleEvent

if TYPE_CHECKING:
    from vestibule_cli.local.provision.ground import Ground
    from vestibule_cli.stack import Stack


@dataclass(frozen=True)
class Arns:
    stack: "Stack"
    environment: str
    region: str

    @property
    def bus(self) -> str:
        return self._of("events", f"event-bus/{self._name()}")

    @property
    def mail_identity(self) -> str:
        return mail.identity_arn(self.region, ACCOUNT_ID, self.stack.mail.from_address)

    def function(self, key: str) -> str:
        return self._of("lambda", f"function:{self._name(key)}")

    def routes(self, api_id: str, routes: str) -> str:
        return self._of("execute-api", f"{api_id}/{self.stack.api.stage}/{routes}")

    def senders(self) -> dict[str, list[str]]:
        """The rules that put something into a queue, what cannot be delivered included."""
        senders: dict[str, list[str]] = {}
        for key, rule in self.stack.bus.rules.items():
            arn = bus.rule_arn(self.bus, self._name(key))
            for queue in filter(None, (rule.queue, self.stack.queues[rule.queue].dead_letters)):
                senders.setdefault(queue, []).append(arn)
        for key, schedule, letters in self._schedules():
            arn = self._of("events", f"rule/{self._name(f'{key}-{schedule}')}")
            senders.setdefault(letters, []).append(arn)
        return senders

    def symbols(self, key: str, ground: "Ground") -> dict[str, Sequence[str]]:
        """What each symbol stands for in the policy of one function."""
        log_group = functions.log_group(self._name(key))
        return {
            "anything": ["*"],
            # Networks may be made in any region that the live policy allows.
            **{
                f"ec2:{kind}": [f"arn:aws:ec2:*:{ACCOUNT_ID}:{kind}/*"] for kind in policies.NETWORK
            },
            "bus": [self.bus],
            "logs": [self._of("logs", f"log-group:{log_group}:*")],
            "identity_pool": [
                self._of("cognito-identity", f"identitypool/{ground.identity_pool_id}")
            ],
            "mail_identity": [self.mail_identity],
            "policy_parameter": [self._parameter("policy")],
            "table": [ground.table.arn],
            "table_indexes": [f"{ground.table.arn}/index/*"],
            "table_stream": [ground.table.stream_arn],
            "user_pool": [ground.pool.arn],
            **{f"queue:{name}": [queue.arn] for name, queue in ground.queues.items()},
            **{f"secret:{name}": [arn] for name, arn in ground.secrets.items()},
            **{f"{name}_parameter": [self._parameter(name)] for name in self.stack.parameters},
        }

    def _schedules(self) -> Iterator[tuple[str, str, str]]:
        """Function, schedule, and the queue for calls that could not be made."""
        for key, function in self.stack.functions.items():
            letters = function.dead_letters(self.stack.queues)
            for event in function.events:
                if letters is not None and isinstance(event, ScheduleEvent):
                    yield key, event.schedule, letters

    def _parameter(self, key: str) -> str:
        return self._of("ssm", f"parameter{self.stack.parameter(self.environment, key)}")

    def _name(self, key: str | None = None) -> str:
        return self.stack.resource(self.environment, key)

    def _of(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{ACCOUNT_ID}:{resource}"
