"""The rules of the house: each tells what one module breaks, from its text alone, so it can be tried on samples.

Imports are found wherever they stand: at the top, inside a function, for type checkers only, relative, or by name
through `import_module`.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.discovered import discovered

PACKAGE: Final = "bo_sync"
SOURCE: Final = Path(__file__).parents[2] / "src"

MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    "exit_codes": frozenset(),
    "errors": frozenset({"exit_codes", "core"}),
    "core": frozenset({"core"}),
    "access": frozenset({"access", "core", "errors", "exit_codes"}),
    "codec": frozenset({"core"}),
    "ports": frozenset({"core", "errors", "exit_codes"}),
    "interruptible": frozenset(),
    "apply": frozenset({"apply", "core", "access", "config", "ports", "errors", "exit_codes", "interruptible"}),
    "config": frozenset({"config", "core", "access", "errors", "exit_codes"}),
    "render": frozenset({"render", "core", "access", "codec", "errors", "exit_codes"}),
    "hub": frozenset({"hub", "core", "ports", "errors", "exit_codes", "interruptible"}),
    "forge": frozenset({"forge", "hub", "core", "errors", "exit_codes"}),
    "journal": frozenset({"journal", "core", "codec", "ports", "errors", "exit_codes"}),
    "sandbox": frozenset({"sandbox", "errors", "exit_codes"}),
    "cli": frozenset(
        {
            "cli",
            "errors",
            "exit_codes",
            "core",
            "access",
            "codec",
            "ports",
            "apply",
            "config",
            "render",
            "hub",
            "forge",
            "journal",
            "sandbox",
            "interruptible",
        }
    ),
    "__main__": frozenset({"cli"}),
    "__init__": frozenset(),
}
"""Part of the house: the parts that it may import. The version, in the package itself, is open to all."""

THIRD_PARTIES: Final[dict[str, tuple[str, ...]]] = {
    "pydantic": ("config", "hub"),
    "requests": ("hub.http_exchange", "sandbox.adapter"),
    "urllib3": ("hub.http_exchange", "sandbox.adapter"),
    "click": ("cli",),
    "rich": ("cli", "render.text"),
    "graphql": ("sandbox",),
    "ruamel": ("config",),
    "yaml": ("config",),
}
"""What is not ours: the packages and modules that may import it. What is not named here may be imported by none."""

PURE: Final = ("core", "access")
PURE_LIBRARY: Final = frozenset(
    {
        "__future__",
        "abc",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "difflib",
        "enum",
        "fnmatch",
        "functools",
        "graphlib",
        "hashlib",
        "heapq",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "types",
        "typing",
        "unicodedata",
    }
)
"""The standard library that computes. The rest reaches for a clock, a file, a network, an environment or a log."""
READS_DATA: Final = ("access.catalogue",)
"""The one module of the pure parts that reads files: those that come with it."""
CLOCKS: Final = frozenset({"now", "today", "utcnow"})
BARE_WORDS: Final = re.compile(r"manager|helper|utils?|handler|data", re.IGNORECASE)
MOST_LINES: Final = 450
MOST_FUNCTION_LINES: Final = 40


@dataclass(frozen=True, slots=True)
class Module:
    """One module's dotted name without the package (`core.diff`, `__init__` for the package itself), and its text."""

    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def part(self) -> str:
        return self.name.partition(".")[0]

    def is_in(self, *places: str) -> bool:
        """Whether it is one of the modules, or in one of the packages."""
        return any(self.name == place or self.name.startswith(f"{place}.") for place in places)


def modules() -> list[Module]:
    """Every module of the package, by name."""
    found = discovered((SOURCE / PACKAGE).rglob("*.py"))
    return [Module(_name(path), path.read_text(encoding="utf-8")) for path in found]


def _name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE / PACKAGE).with_suffix("").parts)


Rule = Callable[[Module], Iterator[str]]


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything imported; `from a import b` gives `a.b`."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=origin, names=names, level=level):
                base = ".".join(filter(None, (_base(module, level), origin)))
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in names)
            case ast.Call(func=called, args=[ast.Constant(value=str(name)), *_]) if _last(called) in {
                "import_module",
                "__import__",
            }:
                yield node.lineno, name


def _base(module: Module, level: int) -> str:
    """Where a relative import of so many dots starts; nowhere for an absolute one."""
    return ".".join([PACKAGE, *module.name.split(".")][:-level]) if level else ""


def _last(called: ast.expr) -> str:
    match called:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def directions(module: Module) -> Iterator[str]:
    """Parts import only what the table lets them."""
    if module.part not in MAY_IMPORT:
        yield f"{module.name}: `{module.part}` has no row in the table of imports"
        return
    for line, name in imports(module):
        root, _, rest = name.partition(".")
        part = rest.partition(".")[0]
        is_own_package = module.name.endswith("__init__") and module.part == part
        if root == PACKAGE and part not in {*MAY_IMPORT[module.part], "__version__"} and not is_own_package:
            yield f"{module.name}:{line}: {module.part} may not import {part or 'the package'}"


def third_parties(module: Module) -> Iterator[str]:
    """What is not ours is imported only where the table lets it be."""
    for line, name in imports(module):
        root = name.partition(".")[0]
        is_foreign = root != PACKAGE and root not in sys.stdlib_module_names
        if is_foreign and not module.is_in(*THIRD_PARTIES.get(root, ())):
            yield f"{module.name}:{line}: {root} may not be imported here"


def purity(module: Module) -> Iterator[str]:
    """The pure parts compute: no clock, file, network, environment, log or colour."""
    if not module.is_in(*PURE) or module.is_in(*READS_DATA):
        return
    for line, name in imports(module):
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names and root not in PURE_LIBRARY:
            yield f"{module.name}:{line}: {root} is not pure"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _last(node.func) in {*CLOCKS, "open", "input"}:
            yield f"{module.name}:{node.lineno}: {_last(node.func)}() is not pure"


def no_any(module: Module) -> Iterator[str]:
    """The pure parts know the type of everything."""
    if module.is_in(*PURE):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name | ast.Attribute) and _last(node) == "Any":
                yield f"{module.name}:{node.lineno}: Any"


def values(module: Module) -> Iterator[str]:
    """A class of the pure parts is a frozen, slotted dataclass, an enumeration or a Protocol."""
    if module.is_in(*PURE):
        for node in ast.walk(module.tree):
            is_value = isinstance(node, ast.ClassDef) and (node.bases or any(map(_is_frozen, node.decorator_list)))
            if isinstance(node, ast.ClassDef) and not is_value:
                yield f"{module.name}:{node.lineno}: {node.name} is not frozen and slotted"


def _is_frozen(decorator: ast.expr) -> bool:
    if not (isinstance(decorator, ast.Call) and _last(decorator.func) == "dataclass"):
        return False
    said = {word.arg: word.value.value for word in decorator.keywords if isinstance(word.value, ast.Constant)}
    return said.get("frozen") is True and said.get("slots") is True


def sizes(module: Module) -> Iterator[str]:
    """Modules and functions stay small."""
    lines = len(module.text.splitlines())
    if lines >= MOST_LINES:
        yield f"{module.name}: {lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            long = (node.end_lineno or node.lineno) - node.lineno + 1
            if long >= MOST_FUNCTION_LINES:
                yield f"{module.name}:{node.lineno}: {node.name} has {long} lines"


def no_barrels(module: Module) -> Iterator[str]:
    """An `__init__` holds its docstring, that of the package its version too."""
    if module.name.rpartition(".")[2] == "__init__":
        for node in module.tree.body[1:]:
            match node:
                case ast.Assign(targets=[ast.Name(id="__version__")]) if module.name == "__init__":
                    pass
                case _:
                    yield f"{module.name}:{node.lineno}: an __init__ holds only its docstring"


def docstrings(module: Module) -> Iterator[str]:
    """A module opens with the idea behind it."""
    if not ast.get_docstring(module.tree):
        yield f"{module.name}: no docstring"


def quiet(module: Module) -> Iterator[str]:
    """Only the command line talks and exits."""
    if module.is_in("cli", "__main__"):
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name(id="print" | "exit" | "quit" as name)):
                yield f"{module.name}:{node.lineno}: {name}()"
            case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr" | "exit" as name):
                yield f"{module.name}:{node.lineno}: sys.{name}"
            case ast.Name(id="SystemExit") | ast.Attribute(value=ast.Name(id="os"), attr="_exit"):
                yield f"{module.name}:{node.lineno}: only the command line exits"
            case _:
                pass


def spoken(module: Module) -> Iterator[str]:
    """Modules, classes and functions are named by the words of the domain."""
    yield from (f"{module.name}: a module named {word}" for word in _bare(module.name.rpartition(".")[2]))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield from (f"{module.name}:{node.lineno}: {node.name} says only {word}" for word in _bare(node.name))


def _bare(name: str) -> list[str]:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return [word for word in words if BARE_WORDS.fullmatch(word)]


def is_small(module: Module) -> bool:
    """Whether it has fewer than 60 lines, and is neither a command nor a package's own module."""
    return len(module.text.splitlines()) < 60 and not module.is_in("cli.commands") and not _is_package(module)


def _is_package(module: Module) -> bool:
    return module.name.rpartition(".")[2] == "__init__"


def with_one_importer(found: Iterable[Module]) -> Iterator[str]:
    """The modules under 150 lines that exactly one module imports, commands aside, which are imported by name."""
    known = {module.name: module for module in found}
    importers: dict[str, set[str]] = {}
    for module in known.values():
        for _, name in imports(module):
            inner = name.removeprefix(f"{PACKAGE}.")
            imported = inner if inner in known else inner.rpartition(".")[0]
            importers.setdefault(imported, set()).add(module.name)
    for name, module in known.items():
        is_short = len(module.text.splitlines()) < 150
        is_counted = not (module.is_in("cli.commands", "sandbox") or _is_package(module))
        if is_short and is_counted and len(importers.get(name, ())) == 1:
            yield name


def public_classes(module: Module) -> list[str]:
    """The names of its classes that have no underscore in front."""
    classes = (node.name for node in module.tree.body if isinstance(node, ast.ClassDef))
    return [name for name in classes if not name.startswith("_")]


RULES: Final[dict[str, Rule]] = {
    "imports go one way": directions,
    "what is not ours stays where it belongs": third_parties,
    "the core is pure": purity,
    "the core has no Any": no_any,
    "the core is made of values": values,
    "everything is small": sizes,
    "packages have no barrels": no_barrels,
    "modules open with their idea": docstrings,
    "only the command line talks and exits": quiet,
    "names speak the domain": spoken,
}

EXCEPTIONS: Final = {"ignore": r"#\s*type:\s*ignore", "noqa": r"#\s*noqa", "no cover": r"#\s*pragma:\s*no\s*cover"}
"""How a line says that a checker is not to look at it."""


def exceptions(text: str) -> dict[str, int]:
    """How often `text` makes each kind of exception."""
    return {kind: len(re.findall(pattern, text)) for kind, pattern in EXCEPTIONS.items()}
