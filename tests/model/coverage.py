"""Whether what reached the hub stands in the plan that was shown: judged from the request's variables alone.

Written without the client's own code, from the plan's values: names of fields and letters of genders stand here again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from bo_sync.core.changes import Change, CreateUser, DeleteUser, RemoveDuplicate, RevokeGrant, SetGrant, UpdateUser
from bo_sync.core.model import Access, ProfileField, Role
from bo_sync.core.plan import Plan
from bo_sync.core.text import Text
from bo_sync.core.write_order import HALVES
from bo_sync.sandbox.interception import HubRequest

HUB_FIELDS: Final[Mapping[ProfileField, str]] = {
    "first_name": "firstName",
    "last_name": "lastName",
    "middle_name": "middleName",
    "gender": "gender",
    "phone": "phone",
    "job": "job",
    "language": "language",
}
_LETTERS: Final = {"male": "M", "female": "F", "unknown": "U"}
Variables = Mapping[str, object]


@dataclass(slots=True)
class Known:
    """What the hub has held since the plan's read: addresses by id, pairs of user and definition by row."""

    addresses: dict[int, str] = field(default_factory=dict)
    rows: dict[str, tuple[int, str]] = field(default_factory=dict)
    languages: dict[str, set[str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cover:
    """A plan as the set of what may be sent. `roles` are our names by the hub's id of the definition."""

    plan: Plan
    roles: Mapping[str, Role]
    known: Known

    def uncovered(self, request: HubRequest) -> list[str]:
        """What a request holds that no change of the plan asks for, in words; nothing for a read."""
        alone = len(request.roots) == 1 and not any(name.endswith("_0") for name in request.variables)
        found: list[str] = []
        for index, root in enumerate(request.roots):
            given = request.variables if alone else _of(request.variables, index)
            if not self._covers(root, given):
                found.append(f"request {request.number}: {root} {dict(given)}")
        return found

    def _covers(self, root: str, given: Variables) -> bool:
        changes = self.plan.changes
        match root:
            case "adminUserCreate":
                return any(self._is_create(change, _input(given)) for change in changes)
            case "adminUserUpdate":
                return any(self._is_update(change, given) for change in changes)
            case "adminUserDelete":
                return given["email"] in {it.hub_email.raw for it in changes if isinstance(it, DeleteUser)}
            case "roleDelete":
                return given["id"] in {
                    grant.row_id for _, grant in self._grants() if isinstance(grant, RemoveDuplicate)
                }
            case "roleCreate" | "roleUpdate":
                return self._is_wished(root, given)
            case _:
                return root in _READS

    def _is_wished(self, root: str, given: Variables) -> bool:
        wish, row_id = _input(given), None if root == "roleCreate" else str(given["id"])
        pair = (
            (int(str(wish["userId"])), str(wish["roleDefinitionId"]))
            if row_id is None
            else self.known.rows.get(row_id, (0, ""))
        )
        return self._is_granted(*pair, Access[str(wish["access"])], row_id=row_id)

    @staticmethod
    def _is_create(change: Change, given: Variables) -> bool:
        if not isinstance(change, CreateUser) or given["email"] != change.email.raw:
            return False
        return given == {"email": change.email.raw} | {
            HUB_FIELDS[entry.field]: _spelled(entry.field, entry.value) for entry in change.profile
        }

    def _is_update(self, change: Change, given: Variables) -> bool:
        if not isinstance(change, UpdateUser) or given["email"] != change.hub_email.raw:
            return False
        planned = {HUB_FIELDS[entry.field]: _spelled(entry.field, entry.after) for entry in change.profile}
        sent = dict(_input(given))
        if "language" not in planned and sent.pop("language", None) not in self.known.languages[change.hub_email.raw]:
            return False
        return bool(sent) and sent.items() <= planned.items()

    def _is_granted(self, user_id: int, definition_id: str, access: Access, *, row_id: str | None) -> bool:
        role, email = self.roles.get(definition_id), self.known.addresses.get(user_id)
        for change, grant in self._grants():
            whose = change.id == user_id if isinstance(change, UpdateUser) else change.email.raw == email
            if isinstance(grant, SetGrant | RevokeGrant) and whose and (grant.role, grant.after) == (role, access):
                return row_id is not None or isinstance(grant, SetGrant)
            if (
                whose
                and row_id == grant.row_id
                and grant.role in HALVES
                and (grant.role, grant.before) == (role, access)
            ):
                return grant.direction.takes  # an ownership that is given back
        return row_id is not None and access is Access.NONE and role is not None and self._is_new(email)

    def _is_new(self, email: str | None) -> bool:
        """Whether the plan makes this user, who is then to start with nothing but what the plan gives."""
        return any(isinstance(change, CreateUser) and change.email.raw == email for change in self.plan.changes)

    def _grants(self) -> Iterator[tuple[CreateUser | UpdateUser, SetGrant | RevokeGrant | RemoveDuplicate]]:
        for change in self.plan.changes:
            if not isinstance(change, DeleteUser):
                yield from ((change, grant) for grant in change.grants)


_READS: Final = frozenset({"adminUser", "adminUsers", "adminUserViewer", "roles", "roleDefinitions"})


def _of(variables: Variables, index: int) -> Variables:
    """The variables of one field of several: `id_0` is the first field's `id`."""
    ending = f"_{index}"
    return {name.removesuffix(ending): value for name, value in variables.items() if name.endswith(ending)}


def _input(given: Variables) -> Variables:
    return cast("Variables", given["input"])


def _spelled(name: ProfileField, value: Text | None) -> str | None:
    if value is None:
        return None
    return _LETTERS[value.raw] if name == "gender" else value.raw
