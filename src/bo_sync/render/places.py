"""Whose word an answer is, in JSON."""

from typing import assert_never

from bo_sync.access.place import AnyPlace, HubPlace, Place
from bo_sync.core.document import Json


def place_document(place: AnyPlace) -> Json:
    """`{revision, commit, dirty, day}` of files, `{hub, day}` of a hub; what is not known is null."""
    match place:
        case Place(revision, commit, dirty, day):
            return {
                "revision": revision.raw if revision is not None else None,
                "commit": commit.raw if commit is not None else None,
                "dirty": dirty,
                "day": day.isoformat(),
            }
        case HubPlace(hub, day):
            return {"hub": hub.raw, "day": day.isoformat()}
        case unreachable:
            assert_never(unreachable)
