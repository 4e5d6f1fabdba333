"""The whole stack in this process: emulator, provisioned backend, edge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from vestibule_cli import package, stack
from vestibule_cli.deploy.children import Children
from vestibule_cli.failures import Failure
from vestibule_cli.local import edge, provision, trial, user_service
from vestibule_cli.local.emulator import ACCOUNT_ID, Emulator
from vestibule_cli.outputs import Outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from vestibule_cli.local.ports import Ports
    from vestibule_cli.local.state import StateFolder

REGION = "us-east-1"


class Laptop:
    """The caller holds the state's lock from before `start` until after `stop`."""

    def __init__(  # noqa: PLR0913 - facts of the place
        self,
        state: StateFolder,
        stack_file: Path,
        ports: Ports,
        *,
        terraform: bool,
        report: Callable[[str], None],
        origins: Sequence[str] = (),
        children: Children | None = None,
        users: str = user_service.SAMPLE,
    ) -> None:
        """`users`: who is told of confirmed people, as user_service.parse takes it."""
        self._state = state
        self._stack_file = stack_file
        self._ports = ports
        self._terraform = terraform
        self._report = report
        self._origins = origins
        self._children = children or Children()
        self._users = user_service.Choice(users, ports.user_service)
        self._user_service_url = self._users.url(stack_file.parent)
        self._sample: user_service.Sample | None = None
        self._stage = ""
        self._outputs: Outputs | None = None
        self._package = state.root / "package.zip"
        self._emulator = Emulator(state, port=ports.emulator, region=REGION, report=report)
        self.site_url = f"http://127.0.0.1:{ports.edge}"

    def start(self) -> Outputs:
        """Serve what stack.yaml says; return when all of it answers and is safe on disk."""
        definition = self._definition()
        self._refuse_other_provisioner()
        self._emulator.start()
        for note in self._emulator.notes:
            self._report(note)
        try:
            # Left only when both have ended: what they started can then be stopped.
            with ThreadPoolExecutor(2) as threads:
                sample = threads.submit(self._start_sample, definition)
                built = self._built(definition)
                outputs = self._tried_and_made(threads, definition, built)
                self._serve(outputs, definition.api.stage)
                self._stage, self._outputs = definition.api.stage, outputs
                if not sample.result():  # its key was made just now
                    sample = threads.submit(self._start_sample, definition)
                self._emulator.checkpoint()
                if not sample.result():
                    self._report("The sample user service was not started: it has no key.")
            # Not before: what the outputs name must still be there after a kill.
            outputs.write(self._state.outputs_file)
        except BaseException:
            self.stop()
            raise
        return outputs

    def refresh(self, *, code_only: bool) -> None:
        """Bring the code, and the definition too if it changed, up to date."""
        definition = self._definition()
        if definition.api.stage != self._stage:
            raise provision.ProvisionError(
                "api.stage has changed: that takes a new start, `vestibule down` and `vestibule up`"
            )
        built = self._built(definition)
        self._try(definition, built)
        if code_only:
            # One step: with SERVICE_VERSION, which stays until the next start, a call that comes
            # between the two would fail. Terraform would take half a minute, too.
            provision.update_code(definition, built, self._emulator.url, REGION)
        else:
            self._outputs = self._made(definition, built)
            self._outputs.write(self._state.outputs_file)

    def stop(self) -> None:
        # What they do is done to the emulator: it must not go first.
        self._children.end()
        self._emulator.stop()
        if self._sample is not None:
            self._sample.stop()

    def _start_sample(self, definition: stack.Stack) -> bool:
        """Return False if there is no key for it yet.

        A stack without it is better than none: people wait in the queue.
        """
        if not (self._users.is_sample and self._user_service_url):
            return True
        aws = provision.root(self._emulator.url, REGION)
        sample = user_service.Sample(
            definition.root, self._ports.user_service, self._state.root, self._report
        )
        try:
            key = user_service.key(
                aws, definition.secret(provision.ENVIRONMENT, user_service.SECRET)
            )
            if key is None:
                return False
            sample.start(key)
        except (Failure, OSError, KeyError, ValueError) as error:
            self._report(f"The sample user service could not be started: {error}")
        else:
            self._sample = sample
        return True

    def _definition(self) -> stack.Stack:
        return stack.load(self._stack_file)

    def _tried_and_made(
        self, threads: ThreadPoolExecutor, definition: stack.Stack, built: Path
    ) -> Outputs:
        trial_run = threads.submit(self._try, definition, built)
        # Terraform takes a minute: nobody should wait for it in vain. And functions that are kept
        # would keep refused code. Unchanged, they wait for nothing: what passed is not tried again.
        if self._terraform or self._state.outputs_file.exists():
            trial_run.result()
        outputs = self._made(definition, built)
        trial_run.result()
        return outputs

    def _stand_ins(self, definition: stack.Stack) -> Outputs:
        """Ids of the right shape: the real ones come later, and are others after each reset."""
        return Outputs.of(
            site_url=self.site_url,
            endpoint_url=self._emulator.url,
            region=REGION,
            account_id=ACCOUNT_ID,
            stage=definition.api.stage,
            rest_api_id="standsin",
            user_pool_id=f"{REGION}_standsIn1",
            user_pool_client_id="standsin",
            identity_pool_id=f"{REGION}:00000000-0000-4000-8000-000000000000",
            table_name=definition.resource(provision.ENVIRONMENT),
            policy_parameter=definition.parameter(provision.ENVIRONMENT, "policy"),
            functions={},
            queues={},
            user_service_url=self._user_service_url,
        )

    def _try(self, definition: stack.Stack, built: Path) -> None:
        """Raise CodeRefused for code whose functions would not start."""
        trial.run(self._state, built, trial.handlers(definition, self._stand_ins(definition)))

    def _made(self, definition: stack.Stack, built: Path) -> Outputs:
        if self._terraform:
            from vestibule_cli.deploy import emulator  # noqa: PLC0415 - only where asked for

            return emulator.apply(
                self._state,
                definition,
                built,
                self._emulator.url,
                site_url=self.site_url,
                user_service_url=self._user_service_url,
                region=REGION,
                outer_environment=self._emulator.outer_environment,
                report=self._report,
                children=self._children,
            )
        return provision.provision(
            definition,
            built,
            self._emulator.url,
            site_url=self.site_url,
            user_service_url=self._user_service_url,
            region=REGION,
        )

    def _built(self, definition: stack.Stack) -> Path:
        target = package.Target.host()
        return package.build(target, self._package, root=definition.root).path

    def _refuse_other_provisioner(self) -> None:
        if not self._terraform and self._state.is_made_by_terraform:
            raise provision.ProvisionError(
                f"Terraform made what is in {self._state.root}. Go on with --terraform, empty it "
                "with `vestibule reset`, or name another state with --state DIR."
            )

    def _serve(self, outputs: Outputs, stage: str) -> None:
        app = edge.build(
            self._stack_file.parent / "site",
            self._emulator.app,
            f"/restapis/{outputs.rest_api_id}/{stage}/_user_request_",
            self._emulator.mails,
        )
        for origin in self._origins:
            self._emulator.allow_origin(origin)
        self._emulator.serve(app, self._ports.edge)
