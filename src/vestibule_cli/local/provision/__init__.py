"""Make the laptop's stack what stack.yaml says, over whatever is already there."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vestibule_cli import policies
from vestibule_cli.aws import Aws, AwsRefused, AwsUnavailable
from vestibule_cli.local.emulator import ACCOUNT_ID, ROOT
from vestibule_cli.local.provision import api, bus, functions, mail, roles, secrets
from vestibule_cli.local.provision.arns import Arns
from vestibule_cli.local.provision.code import Zip
from vestibule_cli.local.provision.compare import ProvisionError
from vestibule_cli.local.provision.functions import FUNCTIONS, log_group
from vestibule_cli.local.provision.ground import Ground
from vestibule_cli.local.provision.identity import MadePool, ensure_pool
from vestibule_cli.local.provision.identity_pool import ensure_identity_pool, ensure_identity_roles
from vestibule_cli.local.provision.queues import ensure_queues
from vestibule_cli.local.provision.table import ensure_table
from vestibule_cli.local.provision.triggers import PoolSurroundings
from vestibule_cli.local.references import references
from vestibule_cli.outputs import Outputs

if TYPE_CHECKING:
    from vestibule_cli.stack import Stack

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
        self.arns = Arns(stack, environment, region)

    def make(self, package: Zip) -> Outputs:
        # Each step needs what the one before it made.
        with ThreadPoolExecutor(4) as threads:
            ground = self._ground(threads, package)
            arns = self._functions(threads, ground)
            api_id = self._callers(threads, ground, arns)
            _together(
                threads,
                partial(self._identity_roles, ground, api_id),
                partial(self._prune, ground.roles),
            )
        return self._outputs(ground, api_id)

    def _name(self, key: str | None = None) -> str:
        return self.stack.resource(self.environment, key)

    def _ground(self, threads: ThreadPoolExecutor, package: Zip) -> Ground:
        aws, name = self.aws, self._name()
        code = threads.submit(package.store, aws, name)
        table = threads.submit(ensure_table, aws, name, self.stack.table)
        queues = threads.submit(
            ensure_queues, aws, self.stack, self.environment, self.arns.senders()
        )
        pools = threads.submit(self._pools)
        secret_arns = threads.submit(self._secrets)
        made_roles = threads.submit(roles.made_roles, aws)
        _together(
            threads,
            self._log_groups,
            partial(bus.ensure_bus, aws, name),
            partial(secrets.ensure_parameters, aws, self.stack, self.environment),
            partial(mail.ensure_sender, aws, self.stack.mail.from_address),
        )
        pool, identity_pool_id = pools.result()
        return Ground(
            code=code.result(),
            table=table.result(),
            queues=queues.result(),
            pool=pool,
            identity_pool_id=identity_pool_id,
            secrets=secret_arns.result(),
            roles=made_roles.result(),
        )

    def _functions(self, threads: ThreadPoolExecutor, ground: Ground) -> dict[str, str]:
        """The functions' ARNs, once they and the rules for their queues are there."""
        made = {key: threads.submit(self._function, key, ground) for key in self.stack.functions}
        rules = threads.submit(
            bus.ensure_rules, self.aws, self.stack, self.environment, ground.queues
        )
        arns = {key: arn.result() for key, arn in made.items()}
        rules.result()
        return arns

    def _callers(self, threads: ThreadPoolExecutor, ground: Ground, arns: Mapping[str, str]) -> str:
        """Let everybody call the functions who is to; return the API's id."""
        api_id = threads.submit(self._api, ground, arns)
        _together(
            threads,
            partial(self._allow_triggers, ground.pool.arn),
            partial(
                bus.ensure_schedules, self.aws, self.stack, self.environment, arns, ground.queues
            ),
        )
        return api_id.result()

    def _log_groups(self) -> None:
        functions.ensure_log_groups(self.aws, self._name(), map(self._name, self.stack.functions))

    def _pools(self) -> tuple[MadePool, str]:
        name = self._name()
        pool = ensure_pool(self.aws, name, self.stack.user_pool, self._surroundings())
        return pool, ensure_identity_pool(self.aws, name, pool, self.region)

    def _secrets(self) -> dict[str, str]:
        arns = secrets.ensure_secrets(self.aws, self.stack, self.environment)
        secrets.fill_secrets(self.aws, self.stack, self.environment)
        return arns

    def _surroundings(self) -> PoolSurroundings:
        return PoolSurroundings(
            # By name alone: the pool names a function whose settings name the pool.
            trigger_arn=self.arns.function(self.stack.user_pool.triggers),
            mail_from=self.stack.mail.from_address,
            mail_identity_arn=self.arns.mail_identity,
        )

    def _function(self, key: str, ground: Ground) -> str:
        function, name = self.stack.functions[key], self._name(key)
        policy = policies.with_arns(
            self.stack.root / function.policy,
            self.arns.symbols(key, ground),
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
        functions.ensure_mappings(self.aws, name, ground.sources(function))
        return arn

    def _references(self, ground: Ground) -> dict[str, str]:
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

    def _api(self, ground: Ground, function_arns: Mapping[str, str]) -> str:
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
                self.arns.routes(api_id, "*"),
            )
        return api_id

    def _allow_triggers(self, pool_arn: str) -> None:
        name = self._name(self.stack.user_pool.triggers)
        functions.ensure_permission(self.aws, name, "cognito", functions.COGNITO, pool_arn)

    def _identity_roles(self, ground: Ground, api_id: str) -> None:
        ensure_identity_roles(
            self.aws,
            self._name(),
            ground.identity_pool_id,
            self.arns.routes(api_id, "*/signed/*"),
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

    def _outputs(self, ground: Ground, api_id: str) -> Outputs:
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


def _together(threads: ThreadPoolExecutor, *jobs: Callable[[], object]) -> None:
    """Run the jobs side by side; the first failure is raised once all have ended."""
    for each in [threads.submit(job) for job in jobs]:
        each.result()
