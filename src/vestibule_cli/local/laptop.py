"""The whole stack in this process: emulator, provisioned backend, edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vestibule_cli import package, stack
from vestibule_cli.local import edge, provision
from vestibule_cli.local.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vestibule_cli.local.ports import Ports
    from vestibule_cli.local.state import StateFolder
    from vestibule_cli.outputs import Outputs

REGION = "us-east-1"


class Laptop:
    """The caller holds the state's lock from before `start` until after `stop`."""

    def __init__(
        self,
        state: StateFolder,
        stack_file: Path,
        ports: Ports,
        *,
        terraform: bool,
        report: Callable[[str], None],
    ) -> None:
        self._state = state
        self._stack_file = stack_file
        self._ports = ports
        self._terraform = terraform
        self._report = report
        self._package = state.root / "package.zip"
        self._emulator = Emulator(state, port=ports.emulator, region=REGION)
        self.site_url = f"http://127.0.0.1:{ports.edge}"

    def start(self) -> Outputs:
        """Serve what stack.yaml says; return when all of it answers and is safe on disk."""
        definition = self._definition()
        self._refuse_other_provisioner()
        self._emulator.start()
        for note in self._emulator.notes:
            self._report(note)
        try:
            outputs = self._made(definition)
            self._serve(outputs, definition.api.stage)
            self._emulator.checkpoint()
            # Not before: what the outputs name must still be there after a kill.
            outputs.write(self._state.outputs_file)
        except BaseException:
            self.stop()
            raise
        return outputs

    def refresh(self, *, code_only: bool) -> None:
        """Bring the code, and the definition too if it changed, up to date."""
        definition = self._definition()
        if code_only:
            # One step: with SERVICE_VERSION, which stays until the next start, a call that comes
            # between the two would fail. Terraform would take half a minute, too.
            provision.update_code(definition, self._built(definition), self._emulator.url, REGION)
        else:
            self._made(definition).write(self._state.outputs_file)

    def stop(self) -> None:
        self._emulator.stop()

    def _definition(self) -> stack.Stack:
        return stack.load(self._stack_file)

    def _made(self, definition: stack.Stack) -> Outputs:
        built = self._built(definition)
        if self._terraform:
            from vestibule_cli.deploy import emulator  # noqa: PLC0415 - only where asked for

            return emulator.apply(
                self._state,
                definition,
                built,
                self._emulator.url,
                site_url=self.site_url,
                region=REGION,
                outer_environment=self._emulator.outer_environment,
                report=self._report,
            )
        return provision.provision(
            definition, built, self._emulator.url, site_url=self.site_url, region=REGION
        )

    def _built(self, definition: stack.Stack) -> Path:
        target = package.Target.host()
        return package.build(target, self._package, root=definition.root).path

    def _refuse_other_provisioner(self) -> None:
        if not self._terraform and (self._state.root / "terraform" / "terraform.tfstate").exists():
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
        self._emulator.serve(app, self._ports.edge)
