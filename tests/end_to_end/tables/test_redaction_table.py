"""`--redact` in every command and format, with and without each optional value: the same output, with pseudonyms.

A value and its pseudonym are replaced by one mark, and then the two outputs have to have the same lines in some order:
nothing is left out, nothing is added, and a pseudonym stands wherever a value stood.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from getpass import getuser
from html import unescape
from pathlib import Path
from socket import gethostname
from typing import Final

import pytest

from tests.support.inside import inside
from tests.support.repository import commit, repository

DAY: Final = "--today=2026-06-15"
QZARA: Final = "qzara.zwick@example.com"
OWNER: Final = "email: zmark@example.com\nfirst_name: Zmark\nlast_name: Zjones\nlanguage: en\n"
OWNER_ACCESS: Final = "platform: {backoffice: true}\nmodules: {roles_permissions: owner}\n"
GRANT: Final = "modules: {pricing: viewer}\n"
GONE: Final = "email: zgone@example.com\nfirst_name: Zgone\nlast_name: Zleft\n"
POLICY: Final = "id: zprices\nat_most: 1\nmatch: {any_of: [{has: {pricing: editor}}]}\n"
OPTIONAL: Final = {
    "name": "first_name: Qzara\nlast_name: Zwick\n",
    "middle name": "middle_name: Zvander\n",
    "phone": "phone: +31 20 7654321\n",
    "job": "job: Zoologist\n",
    "id": "id: {id}\n",
    "reason": ", reason: while Zbigniew is away",
    "until": "until: 2026-06-20\n",
    "ignore": "ignore: [{rule: BOS007, reason: Zbigniew agreed, until: 2099-01-01}]\n",
    "why": "why: Qzara Zwick sees every discount.\n",
    "title": "title: Only Qzara Zwick prices\n",
    "exception": "except: [{email: Qzara.Zwick@example.com, reason: as Zbigniew asked, until: 2099-01-01}]\n",
    "protect": "protect: [zguard@example.com]\n",
}
"""The values that a user, a policy or the settings may leave out."""
VALUES: Final = (
    *("Only Qzara Zwick prices", "Only Qzara prices", "Qzara Zwick sees every discount.", "Qzara sees every discount."),
    *("policies/zprices.yaml", "policies.zprices", "zprices", "plan.json"),
    *("users/zteam/qzara.yaml", "users/zmark.yaml", "users/zgone.yaml", "users/znew.yaml", QZARA),
    *(f"{name}@example.com" for name in ("zmark", "zgone", "znew", "zguard", "break-glass")),
    *("while Zbigniew is away", "as Zbigniew asked", "Zbigniew agreed", "+31 20 7654321", "+31207654321", "1 2345678"),
    *("Zoologist", "Zookeeper", "Qzara", "Zwick", "Zvander", "Zmark", "Zjones", "Zgone", "Zleft", "Znew", "Zfresh"),
    *("Break", "Glass", "Emergency access"),
)
_VALUE: Final = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, VALUES))})(?!\w)", re.IGNORECASE)
_ACCOUNT: Final = re.compile(rf"\b(?:{re.escape(getuser())}|{re.escape(gethostname())})\b")
"""The account and machine that run the tests: a journal records them, and a path may hold them."""
_PSEUDONYM: Final = re.compile(
    r"(?:users|policies)/file-[0-9a-f]{12}\.yaml|policies\.policy-[0-9a-f]{12}|\(redacted\)"
    r"|(?:person|name|preset|policy)-[0-9a-f]{12}(?:@redacted\.example)?"
)
_WHOLE: Final = re.compile(
    r"""(?<=ignore: \(none\) → ")BOS007 of [^"]*|(?<=role definition )ticket|/\S*/\.bo-sync/sandbox\.db"""
)
"""Sentences and paths that are hidden whole."""
_HASH: Final = re.compile(r"\b[0-9a-f]{12,64}\b|\b\d{8}T\d{6}Z-[0-9a-f]{6}\b")
"""A digest, or the name of a run."""
_ONLY_REDACTED: Final = " · names and addresses are pseudonyms"


@dataclass(frozen=True)
class Told:
    """A command, the formats that `--report` writes beside it, and the formats in which it is run."""

    arguments: str
    reports: str = ""
    forms: str = "text"

    def runs(self, root: Path, *more: str) -> list[tuple[str, int, str]]:
        """Each output by its name, with the exit code."""
        return [output for form in self.forms.split() for output in self._run(root, form, more)]

    def _run(self, root: Path, form: str, more: tuple[str, ...]) -> Iterator[tuple[str, int, str]]:
        if self.arguments.startswith("apply"):
            shutil.rmtree(root.with_name("copy"), ignore_errors=True)
            root = shutil.copytree(root, root.with_name("copy"))
        reports = {name: root.with_name(name) for name in self.reports.split()}
        written = [f"--report={name}={path}" for name, path in reports.items()]
        ran = inside(*self.arguments.split(), f"--format={form}", *written, *more, "-C", str(root))
        yield form, ran.code, ran.out
        yield f"errors beside {form}", ran.code, ran.err
        for name, path in reports.items():
            yield name, ran.code, path.read_text(encoding="utf-8")


PLAN: Final = "json markdown github sarif junit gitlab-codequality gitlab-plan csv"
FILES: Final = "json markdown github sarif junit gitlab-codequality"
TABLE: Final = {
    "a plan": Told(f"plan {DAY} --explain", PLAN),
    "a plan beside weakened guards": Told(f"plan {DAY} --base=HEAD~1", PLAN),
    "an apply": Told(f"apply --yes {DAY} --allow=max_user_deletes=5", "json markdown github junit"),
    "an apply that is blocked": Told(f"apply --yes {DAY} --allow=max_user_deletes=0", "json markdown github junit"),
    "a validation": Told(f"validate {DAY}", FILES),
    "a validation beside a base": Told(f"validate {DAY} --base=HEAD~1", FILES),
    "a difference": Told(f"diff {DAY} HEAD~1 HEAD --explain", "json markdown csv"),
    "users": Told(f"users {DAY}", "json csv"),
    "users of the hub": Told(f"users {DAY} --live", "json csv"),
    "a user": Told(f"show {DAY} {QZARA}", forms="text json"),
    "a user of the hub": Told(f"show {DAY} {QZARA} --live", forms="text json"),
    "who can": Told(f"who-can {DAY} pricing:viewer --indirect", forms="text json"),
    "who can in the hub": Told(f"who-can {DAY} pricing:viewer --live", forms="text json"),
    "a matrix": Told(f"matrix {DAY}", "json csv"),
    "a matrix beside the hub": Told(f"matrix {DAY} --diff-with=live", "json csv"),
    "a list of runs": Told("journal", forms="text json"),
    "a run": Told("journal latest", forms="text json"),
    "a comment": Told("comment --github --dry-run plan.json"),
}


@pytest.fixture(scope="module", params=["", *OPTIONAL], ids=["all values", *(f"no {name}" for name in OPTIONAL)])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with an applied first commit and a second one; one optional value is left out."""
    has = {name: "" if name == request.param else text for name, text in OPTIONAL.items()}
    user = f"email: {QZARA}\nlanguage: en\n"
    names, more = OPTIONAL["name"], has["middle name"] + has["phone"] + has["job"]
    policy = POLICY + has["title"] + has["why"]
    if not has["name"]:  # a last name that no file has is not known without the hub
        policy = policy.replace(" Zwick", "")
    settings = "guardrails: {min_role_owners: 1}\n"
    root = repository(
        tmp_path_factory.mktemp("office") / "root",
        {
            "bo-sync.yaml": settings + has["protect"],
            "users/zmark.yaml": OWNER + OWNER_ACCESS,
            "users/zgone.yaml": GONE,
            "users/zteam/qzara.yaml": f"{user}{names}{more}{GRANT}",
            "policies/zprices.yaml": policy,
            ".gitignore": ".bo-sync/\nplan.json\n",
        },
    )
    ran = inside("apply", "--yes", "--concurrency=1", DAY, "-C", str(root))
    assert ran.code == 0, ran.out
    users = json.loads(inside("users", "--live", "--format=json", "-C", str(root)).out)["users"]
    (number,) = (found["id"] for found in users if found["email"] == QZARA)
    pinned = (has["id"] or "id: {id}\n" * (not has["name"])).format(id=number)
    more = more.replace("Zoologist", "Zookeeper").replace("+31 20 7654321", "1 2345678")
    grant = f"modules: {{pricing: {{access: editor, until: 2026-06-25{has['reason']}}}}}\n"
    commit(
        root,
        {
            "bo-sync.yaml": settings,
            "users/zgone.yaml": "email: zgone@example.com\nstate: absent\n",
            "users/znew.yaml": f"email: znew@example.com\nfirst_name: Znew\nlast_name: Zfresh\n{GRANT}",
            "users/zteam/qzara.yaml": f"{user}{pinned}{has['name']}{more}{has['until']}{has['ignore']}{grant}",
            "policies/zprices.yaml": f"{policy}severity: warning\n{has['exception']}",
        },
    )
    assert inside("plan", DAY, f"--out={root / 'plan.json'}", "-C", str(root)).code == 0
    return root


@pytest.mark.parametrize("name", TABLE)
def test_a_redacted_output_differs_in_nothing_but_pseudonyms(name: str, office: Path) -> None:
    told = TABLE[name]
    for plain, redacted in zip(told.runs(office), told.runs(office, "--redact"), strict=True):
        assert redacted[:2] == plain[:2]
        assert _VALUE.findall(unescaped(redacted[2])) == [], redacted[0]
        assert lines(redacted[2]) == lines(plain[2]), redacted[0]


def unescaped(text: str) -> str:
    """The text as a browser shows it."""
    return unescape(re.sub(r"<!--\s*-->", "", text))


def lines(text: str) -> list[str]:
    """The lines in one order, with a mark for each value and pseudonym; of JSON its values, each with its keys."""
    marked = unescaped(text).replace(_ONLY_REDACTED, "").replace("'+", "+")  # CSV quotes a plus sign
    for found in (_WHOLE, _VALUE, _PSEUDONYM, _ACCOUNT, _HASH):
        marked = found.sub("#", marked)
    if marked.startswith(("{", "[")):
        return sorted(_leaves(json.loads(marked)))
    return sorted(re.sub(r"[ \-─]+", " ", line) for line in marked.splitlines())


def _leaves(value: object, keys: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{keys}: object of {len(value)}"
        for key, each in value.items():
            yield from _leaves(each, f"{keys}.{key}")
    elif isinstance(value, list):
        yield f"{keys}: list of {len(value)}"
        for each in value:
            yield from _leaves(each, f"{keys}[]")
    else:
        yield f"{keys} = {value!r}"
