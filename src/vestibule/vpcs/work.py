"""One go at building one network: what is there is taken over, what can be done is done at once."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from vestibule.platform import logs, metrics
from vestibule.vpcs import resources, steps
from vestibule.vpcs.removal import take_away
from vestibule.vpcs.resources import (
    AlreadyDone,
    Ec2Error,
    NotFound,
    Refused,
    Resource,
    Unauthorized,
    Uncertain,
    keep_one,
)
from vestibule.vpcs.site import together
from vestibule.vpcs.steps import Progress, part_kinds, plan, ready
from vestibule.vpcs.waiting import SETTLE, SLOW, Wait, age

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.site import Site
    from vestibule.vpcs.steps import Step

log = logs.logger(__name__)


class Pending(Exception):
    """A gateway is not ready yet."""


class Work:
    def __init__(self, site: Site, record: VpcRecord) -> None:
        self._site = site
        self._ec2 = site.ec2(record.region)
        self.record = record
        self.progress = Progress.of(record)
        self._steps = plan(record)

    def ready(self) -> list[Step]:
        return ready(self._steps, self.progress)

    def begin(self, taken: Sequence[Step]) -> None:
        at = self._site.timestamp()
        for step in taken:
            if step.kind:
                self.progress.begun[step.key] = self.progress.last_at = at

    def look(self) -> Wait | None:
        """Take over what is there. Wait for what was begun and cannot be seen yet."""
        found = [
            one for one in self._site.owned(self.record.region, self.record.id) if not one.is_gone
        ]
        extra = self._adopt(found)
        if extra:
            metrics.count("VpcDuplicates", len(extra))
            log.warning("duplicates", vpc_id=self.record.id, found=[one.id for one in extra])
            take_away(self._ec2, extra)
        return self._unseen()

    def _adopt(self, found: Sequence[Resource]) -> list[Resource]:
        progress, extra = self.progress, []
        for key, kind in part_kinds(self.record).items():
            copies = [one for one in found if one.part == key and one.kind == kind]
            if not copies:
                continue
            kept, others = keep_one(copies, progress.ids.get(key, ""))
            extra += others
            progress.made_at = max(progress.made_at, progress.begun.pop(key, ""))
            if progress.ids.setdefault(key, kept.id) == kept.id:
                self._note_done(key, kept)
            else:
                # The recorded one is not shown yet.
                extra.append(kept)
        return extra

    def _note_done(self, key: str, one: Resource) -> None:
        """What EC2 shows to be done need not be done again."""
        done, ids = self.progress.done, self.progress.ids
        if key == steps.INTERNET_GATEWAY and ids.get(steps.VPC) in one.facts["attached"]:
            done.add(steps.ATTACHED)
        if key in {steps.PUBLIC_TABLE, steps.PRIVATE_TABLE}:
            for number in range(len(self.record.subnets)):
                if ids.get(f"{steps.SUBNET}{number}") in one.facts["subnets"]:
                    done.add(f"{steps.ROUTED}{number}")
            if steps.ANYWHERE in one.facts["routes"]:
                is_public = key == steps.PUBLIC_TABLE
                done.add(steps.PUBLIC_ROUTE if is_public else steps.PRIVATE_ROUTE)

    def _unseen(self) -> Wait | None:
        progress, now = self.progress, self._site.now()
        for key, since in list(progress.begun.items()):
            left = SETTLE - age(since, now)
            if left > 0:
                return Wait(min(left, SLOW), "unseen", f"{key} may have been made")
            del progress.begun[key]
            progress.doubted = True
        return None

    def take(self, taken: Sequence[Step]) -> list[Ec2Error | Pending]:
        """Take the steps at once; give what went wrong, with what may be known of the others."""
        by_key = {step.key: step for step in taken}
        calls = {key: partial(self._take, step) for key, step in by_key.items()}
        errors: list[Ec2Error | Pending] = []
        for key, result in together(calls).items():
            if isinstance(result, Ec2Error):
                if self._is_done(by_key[key], result):
                    continue
                errors.append(self._meant(by_key[key], result))
            elif isinstance(result, Pending):
                errors.append(result)
            elif isinstance(result, Resource):
                self.progress.ids[key] = result.id
                self.progress.begun.pop(key, None)
                self.progress.made_at = self._site.timestamp()
            else:
                self.progress.done.add(key)
        # What is pending has time; what failed decides.
        return sorted(errors, key=lambda one: isinstance(one, Pending))

    def _is_done(self, step: Step, error: Ec2Error) -> bool:
        if not step.kind:
            if isinstance(error, AlreadyDone):
                self.progress.done.add(step.key)
                return True
        elif not isinstance(error, Uncertain | AlreadyDone):
            # Nothing was made, for certain.
            self.progress.begun.pop(step.key, None)
        return False

    def _meant(self, step: Step, error: Ec2Error) -> Ec2Error:
        """Take a refusal for NotFound as long as EC2 may not see what the step names.

        What is not seen has no tags, and the role may touch nothing but what has ours.
        """
        is_fresh = age(self.progress.made_at, self._site.now()) < SETTLE
        if isinstance(error, Unauthorized) and step.names and is_fresh:
            return NotFound(error.operation, error.code, error.message)
        return error

    def _take(self, step: Step) -> Resource | Pending | None:
        settings = step.parameters(self.progress.ids)
        if step.kind:
            tags = self._site.tags(self.record, step.key)
            token = sha256(f"{self.record.id}|{step.key}".encode()).hexdigest()[:32]
            return self._ec2.create(step.kind, tags, token=token, **settings)
        if step.action:
            self._ec2.alter(step.action, **settings)
            return None
        return self._nat_readiness()

    def _nat_readiness(self) -> Pending | None:
        expected = self.progress.ids[steps.NAT_GATEWAY]
        tags = self._site.ours(self.record.id)
        for one in self._ec2.find(resources.NAT_GATEWAY, tags=tags):
            if one.id == expected and one.state == "available":
                return None
            if one.id == expected and one.is_gone:
                code = one.facts["code"] or one.state.capitalize()
                raise Refused("CreateNatGateway", code, one.facts["failure"])
        return Pending("the NAT gateway is not available yet")
