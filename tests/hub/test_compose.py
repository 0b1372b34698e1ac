"""Role changes of one user, composed of the one-field documents."""

from bo_sync.core.model import Access
from bo_sync.hub.client import compose
from bo_sync.hub.graphql import document
from bo_sync.ports import CreateRow, DeleteRow, RowWrite, UpdateRow

ROW = "{\n    id\n    userId\n    roleDefinitionId\n    access\n    lastModifiedAt\n  }\n"


def test_each_change_keeps_its_field_under_an_alias_with_variables_of_its_own() -> None:
    sent = compose(1042, [CreateRow("d", Access.OWNER), UpdateRow("7", Access.NONE), UpdateRow("8", Access.VIEWER)])
    assert sent.document == (
        "mutation roleChanges($input_0: RoleCreateInput!, $id_1: ID!, $input_1: RoleUpdateInput!, "
        "$id_2: ID!, $input_2: RoleUpdateInput!) {\n"
        f"  w0: roleCreate(input: $input_0) {ROW}"
        f"  w1: roleUpdate(id: $id_1, input: $input_1) {ROW}"
        f"  w2: roleUpdate(id: $id_2, input: $input_2) {ROW}"
        "}\n"
    )
    assert sent.variables == {
        "input_0": {"roleDefinitionId": "d", "access": "OWNER", "userId": 1042},
        "id_1": "7",
        "input_1": {"access": "NONE"},
        "id_2": "8",
        "input_2": {"access": "VIEWER"},
    }


def test_a_single_change_is_the_one_field_document_but_for_its_names() -> None:
    sent = compose(1, [DeleteRow("8")]).document
    assert sent.replace("roleChanges", "roleDelete").replace("w0: ", "").replace("_0", "") == document("roleDelete")


def test_equal_changes_make_equal_bytes() -> None:
    changes: list[RowWrite] = [CreateRow("d", Access.OWNER), DeleteRow("8")]
    assert compose(1, changes).body() == compose(1, list(changes)).body()


def test_what_the_hub_named_its_rows_never_becomes_part_of_the_document() -> None:
    hostile = "8) { id } x: adminUserDelete(email: $e"
    assert hostile not in compose(1, [DeleteRow(hostile), UpdateRow(hostile, Access.NONE)]).document
