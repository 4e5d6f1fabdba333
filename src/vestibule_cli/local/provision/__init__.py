"""Make the laptop's stack what stack.yaml says, over whatever is already there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestibule_cli import policies
from vestibule_cli.aws import Aws, AwsRefused, AwsUnavailable
from vestibule_cli.local.emulator import ACCOUNT_ID, ROOT
from vestibule_cli.local.provision import api, bus, functions, mail, roles, secrets
from vestibule_cli.local.provision.code import Code, Zip
from vestibule_cli.local.provision.compare import ProvisionError
from vestibule_cli.local.provision.functions import FUNCTIONS, log_group
from vestibule_cli.local.provision.identity import MadePool, ensure_pool
from vestibule_cli.local.provision.identity_pool import ensure_identity_pool, ensure_identity_roles
from vestibule_cli.local.provision.queues import MadeQueue, ensure_queues
from vestibule_cli.local.provision.table import MadeTable, ensure_table
from vestibule_cli.local.provision.triggers import PoolSurroundings
from vestibule_cli.local.references import references
from vestibule_cli.outputs import Outputs
from vestibule_cli.stack import QueueEvent, ScheduleEvent, StreamEvent

if TYPE_CHECKING:
    from vestibule_cli.stack import Function, Stack

__all__ = [
    "ENVIRONMENT",
    "FUNCTIONS",
    "ProvisionError",
    "log_group",
    "provision",
    "root",
    "update_code",
]

ENVIRONMENT = "local"


def provision(  # noqa: PLR0913 - facts of the place
    stack: "Stack",
    package: Path,
    endpoint_url: str,
    *,
    site_url: str,
    user_service_url: str = "",
    region: str = "us-east-1",
    environment: str = ENVIRONMENT,
) -> Outputs:
    """Create what is missing, change what differs, verify all; raise ProvisionError if it isn't so.

    Nothing that holds people is ever made a second time. Without `user_service_url` nobody is told
    who has arrived.
    """
    place = _Place(
        stack,
        endpoint_url,
        region=region,
        environment=environment,
        site_url=site_url,
        user_service_url=user_service_url,
    )
    try:
        return place.make(Zip.read(package))
    except AwsRefused as error:
        raise ProvisionError(f"the emulator refused: {error}") from error
    except AwsUnavailable as error:
        raise ProvisionError(f"the emulator does not answer: {error}") from error


def update_code(
    stack: "Stack",
    package: Path,
    endpoint_url: str,
    region: str,
    *,
    environment: str = ENVIRONMENT,
) -> None:
    """Put new code into every function; all else stays as it is."""
    aws = root(endpoint_url, region)
    code = Zip.read(package).store(aws, stack.resource(environment))
    for key in stack.functions:
        name = stack.resource(environment, key)
        functions.update_code(aws, name, code, stack.runtime.architecture)


def root(endpoint_url: str, region: str) -> Aws:
    """The emulator as its root sees it, who may do everything."""
    return Aws(endpoint_url, region, ROOT)


@dataclass(frozen=True)
class _Ground:
    """What the functions and the API stand on."""

    code: Code
    table: MadeTable
    queues: Mapping[str, MadeQueue]
    pool: MadePool
    identity_pool_id: str
    secrets: Mapping[str, str]
    roles: Mapping[str, roles.MadeRole]
    """Those there were, by name."""


class _Place:
    """One stack in one environment of one emulator."""

    def __init__(  # noqa: PLR0913 - facts of the place
        self,
        stack: "Stack",
        endpoint_url: str,
        *,
        region: str,
        environment: str,
        site_url: str,
        user_service_url: str,
    ) -> None:
        self.site_url = site_url
        self.user_service_url = user_service_url
        self.stack = stack
        self.endpoint_url = endpoint_url
        self.region = region
        self.environment = environment
        self.aws = root(endpoint_url, region)

    def make(self, package: Zip) -> Outputs:
        # Each step needs what the one before it made.
        with ThreadPoolExecutor(4) as threads:
            ground = self._ground(threads, package)
            *made, _rules = _together(
                threads,
                *(partial(self._function, key, ground) for key in self.stack.functions),
                lambda: bus.ensure_rules(self.aws, self.stack, self.environment, ground.queues),
            )
            arns = dict(zip(self.stack.functions, made, strict=True))
            api_id, *_others = _together(
                threads,
                lambda: self._api(ground, arns),
                lambda: self._allow_triggers(ground.pool.arn),
                lambda: bus.ensure_schedules(
                    self.aws, self.stack, self.environment, arns, ground.queues
                ),
            )
            _together(
                threads,
                partial(self._identity_roles, ground, api_id),
                partial(self._prune, ground.roles),
            )
        return self._outputs(ground, api_id)

    def _name(self, key: str | None = None) -> str:
        return self.stack.resource(self.environment, key)

    def _ground(self, threads: ThreadPoolExecutor, package: Zip) -> _Ground:
        aws, name = self.aws, self._name()
        (
            code,
            table,
            queues,
            (pool, identity_pool_id),
            secret_arns,
            made_roles,
            *_others,
        ) = _together(
            threads,
            lambda: package.store(aws, name),
            lambda: ensure_table(aws, name, self.stack.table),
            lambda: ensure_queues(aws, self.stack, self.environment, self._senders()),
            self._pools,
            self._secrets,
            lambda: roles.made_roles(aws),
            self._log_groups,
            lambda: bus.ensure_bus(aws, name),
            lambda: secrets.ensure_parameters(aws, self.stack, self.environment),
            lambda: mail.ensure_sender(aws, self.stack.mail.from_address),
        )
        return _Ground(code, table, queues, pool, identity_pool_id, secret_arns, made_roles)

    def _log_groups(self) -> None:
        functions.ensure_log_groups(self.aws, map(self._name, self.stack.functions))

    def _pools(self) -> tuple[MadePool, str]:
        name = self._name()
        pool = ensure_pool(self.aws, name, self.stack.user_pool, self._surroundings())
        return pool, ensure_identity_pool(self.aws, name, pool, self.region)

    def _secrets(self) -> dict[str, str]:
        arns = secrets.ensure_secrets(self.aws, self.stack, self.environment)
        secrets.fill_secrets(self.aws, self.stack, self.environment)
        return arns

    @property
    def _bus_arn(self) -> str:
        return f"arn:aws:events:{self.region}:{ACCOUNT_ID}:event-bus/{self._name()}"

    def _senders(self) -> dict[str, list[str]]:
        """The rules that put something into a queue, what cannot be delivered included."""
        senders: dict[str, list[str]] = {}
        for key, rule in self.stack.bus.rules.items():
            arn = bus.rule_arn(self._bus_arn, self._name(key))
            for queue in filter(None, (rule.queue, self.stack.queues[rule.queue].dead_letters)):
                senders.setdefault(queue, []).append(arn)
        for key, schedule, letters in self._schedules():
            name = self._name(f"{key}-{schedule}")
            arn = f"arn:aws:events:{self.region}:{ACCOUNT_ID}:rule/{name}"
            senders.setdefault(letters, []).append(arn)
        return senders

    def _schedules(self) -> Iterator[tuple[str, str, str]]:
        """Function, schedule, and the queue for calls that could not be made."""
        for key, function in self.stack.functions.items():
            letters = function.dead_letters(self.stack.queues)
            for event in function.events:
                if letters is not None and isinstance(event, ScheduleEvent):
                    yield key, event.schedule, letters

    def _surroundings(self) -> PoolSurroundings:
        sender = self.stack.mail.from_address
        return PoolSurroundings(
            trigger_arn=self._function_arn(self.stack.user_pool.triggers),
            mail_from=sender,
            mail_identity_arn=mail.identity_arn(self.region, ACCOUNT_ID, sender),
        )

    def _function_arn(self, key: str) -> str:
        """Known by name alone: the pool names a function whose settings name the pool."""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT_ID}:function:{self._name(key)}"

    def _function(self, key: str, ground: _Ground) -> str:
        function, name = self.stack.functions[key], self._name(key)
        policy = policies.with_arns(
            self.stack.root / function.policy,
            self._arns(ground, functions.log_group(name)),
            {policies.ENVIRONMENT: self.environment, policies.TABLE: ground.table.name},
        )
        role = roles.ensure_role(
            self.aws, name, roles.lambda_trust(), {key: policy}, ground.roles.get(name)
        )
        variables = function.variables(self._references(ground))
        arn = functions.ensure_function(
            self.aws,
            functions.configuration(name, function, self.stack.runtime, role, variables),
            ground.code,
            self.stack.runtime.architecture,
        )
        functions.ensure_mappings(self.aws, name, _sources(function, ground))
        return arn

    def _arns(self, ground: _Ground, log_group: str) -> dict[str, Sequence[str]]:
        """What each symbol of a policy stands for."""
        return {
            "anything": ["*"],
            # Networks may be made in any region that the live policy allows.
            **{
                f"ec2:{kind}": [f"arn:aws:ec2:*:{ACCOUNT_ID}:{kind}/*"] for kind in policies.NETWORK
            },
            "bus": [self._bus_arn],
            "logs": [f"arn:aws:logs:{self.region}:{ACCOUNT_ID}:log-group:{log_group}:*"],
            "identity_pool": [
                (
                    f"arn:aws:cognito-identity:{self.region}:{ACCOUNT_ID}:"
                    f"identitypool/{ground.identity_pool_id}"
                )
            ],
            "mail_identity": [
                mail.identity_arn(self.region, ACCOUNT_ID, self.stack.mail.from_address)
            ],
            "policy_parameter": [self._parameter_arn(self._policy_parameter)],
            "table": [ground.table.arn],
            "table_indexes": [f"{ground.table.arn}/index/*"],
            "table_stream": [ground.table.stream_arn],
            "user_pool": [ground.pool.arn],
            **{f"queue:{key}": [queue.arn] for key, queue in ground.queues.items()},
            **{f"secret:{key}": [arn] for key, arn in ground.secrets.items()},
            **{
                f"{key}_parameter": [
                    self._parameter_arn(self.stack.parameter(self.environment, key))
                ]
                for key in self.stack.parameters
            },
        }

    def _parameter_arn(self, name: str) -> str:
        return f"arn:aws:ssm:{self.region}:{ACCOUNT_ID}:parameter{name}"

    def _references(self, ground: _Ground) -> dict[str, str]:
        return references(
            self.stack,
            self.environment,
            identity_pool=ground.identity_pool_id,
            queue_urls={key: queue.url for key, queue in ground.queues.items()},
            secrets=ground.secrets,
            site_url=self.site_url,
            table=ground.table.name,
            table_stream=ground.table.stream_arn,
            user_pool=ground.pool.id,
            user_pool_client=ground.pool.client_id,
            user_service_url=self.user_service_url,
            version=ground.code.version,
        )

    @property
    def _policy_parameter(self) -> str:
        """Left absent: it is made by the first `vestibule policy push`."""
        return self.stack.parameter(self.environment, "policy")

    def _api(self, ground: _Ground, function_arns: Mapping[str, str]) -> str:
        settings = self.stack.api
        body = api.definition(
            self.stack.root / settings.definition,
            self._name(),
            {key: api.invocation_uri(arn) for key, arn in function_arns.items()},
            ground.pool.arn,
        )
        api_id = api.ensure_api(self.aws, self._name(), settings, body)
        for key in api.called_functions(body, function_arns):
            functions.ensure_permission(
                self.aws,
                self._name(key),
                "api",
                functions.GATEWAY,
                self._routes_arn(api_id, "*"),
            )
        return api_id

    def _allow_triggers(self, pool_arn: str) -> None:
        name = self._name(self.stack.user_pool.triggers)
        functions.ensure_permission(self.aws, name, "cognito", functions.COGNITO, pool_arn)

    def _routes_arn(self, api_id: str, routes: str) -> str:
        stage = f"{api_id}/{self.stack.api.stage}"
        return f"arn:aws:execute-api:{self.region}:{ACCOUNT_ID}:{stage}/{routes}"

    def _identity_roles(self, ground: _Ground, api_id: str) -> None:
        ensure_identity_roles(
            self.aws,
            self._name(),
            ground.identity_pool_id,
            self._routes_arn(api_id, "*/signed/*"),
            ground.roles,
        )

    def _prune(self, made_roles: Mapping[str, roles.MadeRole]) -> None:
        """Remove functions that stack.yaml no longer names, and their roles."""
        kept = {self._name(key) for key in self.stack.functions}
        prefix = f"{self._name()}-"
        for name in functions.function_names(self.aws, prefix):
            if name not in kept:
                functions.delete_function(self.aws, name)
                if name in made_roles:
                    roles.delete_role(self.aws, name, made_roles[name])

    def _outputs(self, ground: _Ground, api_id: str) -> Outputs:
        return Outputs.of(
            site_url=self.site_url,
            endpoint_url=self.endpoint_url,
            region=self.region,
            account_id=ACCOUNT_ID,
            stage=self.stack.api.stage,
            rest_api_id=api_id,
            user_pool_id=ground.pool.id,
            user_pool_client_id=ground.pool.client_id,
            identity_pool_id=ground.identity_pool_id,
            table_name=ground.table.name,
            policy_parameter=self._policy_parameter,
            functions={key: self._name(key) for key in self.stack.functions},
            queues={key: queue.url for key, queue in ground.queues.items()},
            bus_name=self._name(),
            secrets=dict(ground.secrets),
            user_service_url=self.user_service_url,
        )


def _sources(function: "Function", ground: _Ground) -> dict[str, Any]:
    """What feeds the function, by the source's ARN."""
    sources = {}
    for event in function.events:
        if isinstance(event, QueueEvent):
            sources[ground.queues[event.queue].arn] = functions.queue_mapping(event)
        if isinstance(event, StreamEvent):
            failures = ground.queues[event.on_failure].arn if event.on_failure else None
            sources[ground.table.stream_arn] = functions.stream_mapping(event, failures)
    return sources


def _together(threads: ThreadPoolExecutor, *jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs side by side; the first failure is raised once all have ended."""
    running = [threads.submit(job) for job in jobs]
    return [each.result() for each in running]
