"""The house rules, read off the files. Each failure lists every place, as file:line: what."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP = {
    *("README.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "Dockerfile"),
    *("requirements.txt", "pyproject.toml", "app.py"),
    *("demos", "models", "checkpoints", "train", "tests"),
    *(".ci", ".gitignore", ".gitattributes"),
}
DRAWERS = {"utils", "core", "common", "config", "src", "base.py", "utils.py", "common.py"}
NOT_COPIED = {".git", ".venv", "__pycache__", "node_modules", "runs", "screenshots"}
APP = ("app.py", "demos/", "models/", "checkpoints/", "train/")
NOT_A_METHOD = {"models/__init__.py", "models/images.py", "models/autoregressive.py"}
SHOWS_ANYWHERE = (
    "demos/ui.py",
    "demos/shell.py",
    "demos/doors.py",
    "demos/theme.py",
    "demos/plots.py",
    "demos/canvas/",
)
NOT_A_TAB = set(
    "__init__ ui shell doors theme plots likeness gpu model_switch photo canvas".split()
)


@cache
def files() -> tuple[str, ...]:
    """Every file that a commit of the whole tree would hold, as "models/vae.py"."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        found = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive, or no git
        paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        found = {path.as_posix() for path in paths if not NOT_COPIED & set(path.parts)}
    assert {"tests/test_house.py", "Makefile"} <= found, "the list of files is not this project's"
    return tuple(sorted(found))


def python(*where: str) -> list[str]:
    """Python files at or below the places named: "app.py", "demos/"."""
    return [name for name in files() if name.endswith(".py") and name.startswith(where)]


@cache
def text(name: str) -> str | None:
    """None for a binary file."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(text(name), name)


def check(problems: Iterator[str]) -> None:
    found = list(problems)
    assert not found, "\n" + "\n".join(found)


def imports(name: str) -> Iterator[tuple[int, str]]:
    """(line, "package.module") for every import, wherever in the file it stands."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in ("import_module", "__import__"):
                yield node.lineno, str(node.args[0].value)


def bound(name: str) -> dict[str, str]:
    """What imported names stand for: {"np": "numpy", "load": "torch.load"}."""
    names = {}
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def full_name(node: ast.AST, names: dict[str, str]) -> str:
    """`np.random.rand` -> "numpy.random.rand"; "" for what does not begin with an imported name."""
    if isinstance(node, ast.Attribute):
        start = full_name(node.value, names)
        return start and f"{start}.{node.attr}"
    return names.get(node.id, "") if isinstance(node, ast.Name) else ""


def forbidden_imports(where: str, packages: set[str]) -> Iterator[str]:
    for name in python(where):
        for line, module in imports(name):
            if module.partition(".")[0] in packages:
                yield f"{name}:{line}: imports {module}"


def test_models_know_nothing_of_the_app():
    check(forbidden_imports("models/", {"gradio", "plotly", "demos", "checkpoints", "app"}))


def test_training_needs_neither_gradio_nor_diffusers():
    check(forbidden_imports("train/", {"gradio", "diffusers"}))


def test_only_build_touches_gradio():
    """What is computed stands apart from what is shown, so it can be tested and called without a page."""

    def uses(node: ast.AST, names: set[str]) -> Iterator[int]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef) and child.name == "build" and node is root:
                continue
            if isinstance(child, ast.Name) and child.id in names:
                yield child.lineno
            yield from uses(child, names)

    problems = []
    for name in python("demos/"):
        if name.startswith(SHOWS_ANYWHERE):
            continue
        names = {k for k, v in bound(name).items() if v.partition(".")[0] == "gradio"}
        root = tree(name)
        problems += [f"{name}:{line}: gradio outside build()" for line in uses(root, names)]
    check(problems)


def test_randomness_is_an_argument():
    """One visitor's seed must not reach another's thread: generators, no process-wide state."""
    of_their_own = ("default_rng", "Generator", "SeedSequence", "BitGenerator", "PCG64", "Philox")

    def problems() -> Iterator[str]:
        for name in python(*APP):
            names = bound(name)
            for node in ast.walk(tree(name)):
                used = full_name(node, names)
                package, _, rest = used.partition(".")
                last = rest.rpartition(".")[2]
                if (
                    (
                        package == "torch"
                        and last in ("manual_seed", "manual_seed_all", "set_rng_state")
                    )
                    or used == "random.seed"
                    or (used.startswith("numpy.random.") and used.split(".")[2] not in of_their_own)
                ):
                    yield f"{name}:{node.lineno}: {used} is shared by all threads"

    check(problems())


def test_no_weights_that_can_carry_code():
    def problems() -> Iterator[str]:
        for name in python(*APP):
            for line, module in imports(name):
                if module.partition(".")[0] in (
                    "pickle",
                    "cPickle",
                    "dill",
                    "cloudpickle",
                    "joblib",
                ):
                    yield f"{name}:{line}: imports {module}"
            names = bound(name)
            for node in (node for node in ast.walk(tree(name)) if isinstance(node, ast.Call)):
                options = {word.arg: ast.unparse(word.value) for word in node.keywords}
                called = full_name(node.func, names)
                if called == "torch.load" and options.get("weights_only") != "True":
                    yield f"{name}:{node.lineno}: torch.load without weights_only=True"
                if options.get("allow_pickle", "False") != "False" or called.endswith(
                    "read_pickle"
                ):
                    yield f"{name}:{node.lineno}: reads a pickle"

    check(problems())


def test_every_method_names_its_paper_and_departures():
    def problems() -> Iterator[str]:
        for name in python("models/"):
            if name in NOT_A_METHOD:
                continue
            doc = ast.get_docstring(tree(name)) or ""
            if not re.search(r"\barXiv:\d{4}\.\d{4,5}\b", doc):
                yield f"{name}:1: the docstring names no paper (arXiv:NNNN.NNNNN)"
            if not re.search(r"^Departs from the paper\b", doc, re.MULTILINE):
                yield f'{name}:1: the docstring has no line "Departs from the paper: ..."'

    check(problems())


def test_no_file_is_long():
    short = [name for name in files() if name.endswith((".py", ".css", ".js", "Makefile"))]
    lengths = {name: len(text(name).splitlines()) for name in short}
    check(f"{name}: {n} lines, 350 at most" for name, n in lengths.items() if n > 350)


def test_every_file_has_its_place():
    tops = {name.partition("/")[0] for name in files()}
    check(f"{top}: not at the top level" for top in sorted(tops - TOP))
    check(f"{name}: a drawer for anything" for name in files() if DRAWERS & set(name.split("/")))


def test_every_tab_is_listed_and_lists_its_views():
    """A tab is a folder, and a view a file in it. What is listed has what the frame asks for."""
    (listed,) = assigned("demos/__init__.py", "TABS")
    tabs = [ast.unparse(item) for item in listed.elts]

    def problems() -> Iterator[str]:
        for tab in tabs:
            file = f"demos/{tab}/__init__.py"
            lacking = {"TITLE", "ID", "FAMILY", "VIEWS"} - defined(file)
            yield from (f"{file}: a tab needs {name}" for name in sorted(lacking))
            if lacking:
                continue
            (views,) = assigned(file, "VIEWS")
            for view in map(ast.unparse, views.elts):
                lacking = {"TITLE", "build"} - defined(f"demos/{tab}/{view}.py")
                yield from (f"demos/{tab}/{view}.py: a view needs {n}" for n in sorted(lacking))
        for name in python("demos/"):
            stem, _, rest = name.removeprefix("demos/").partition("/")
            if stem.removesuffix(".py") not in {*NOT_A_TAB, *tabs}:
                yield f"{name}: not in TABS"
            if rest and stem in tabs and "build" in defined(name):
                (views,) = assigned(f"demos/{stem}/__init__.py", "VIEWS")
                if rest.removesuffix(".py") not in map(ast.unparse, views.elts):
                    yield f"{name}: builds, but is in no VIEWS"

    check(problems())


def assigned(name: str, variable: str) -> list[ast.expr]:
    """What a file's top level gives a name: once, or there is something wrong."""
    return [
        node.value
        for node in tree(name).body
        if isinstance(node, ast.Assign)
        for target in ast.walk(node)
        if isinstance(target, ast.Name) and target.id == variable
    ][:1]


@cache
def defined(name: str) -> set[str]:
    """Names at a file's top level: functions and variables."""
    if name not in files():
        return set()
    found = set()
    for node in tree(name).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
            found |= {n.id for n in names if isinstance(n.ctx, ast.Store)}
    return found


def test_requirements_have_upper_bounds():
    """A newer library must not change the app behind our back."""
    project = tomllib.loads(text("pyproject.toml"))["project"]
    lines = [line.partition("#")[0].strip() for line in text("requirements.txt").splitlines()]
    wanted = [*filter(None, lines), *project["optional-dependencies"]["dev"]]
    assert len(wanted) > 5
    check(f"{line}: no upper bound" for line in wanted if not re.search(r"<|==|~=", line))


def test_shipped_weights_are_small():
    sizes = [path.stat().st_size for path in (ROOT / "checkpoints").glob("*.safetensors")]
    assert sum(sizes) <= 90e6, f"{sum(sizes) / 1e6:.1f} MB of weights, 90 at most"
    assert max(sizes) <= 25e6, f"a file of {max(sizes) / 1e6:.1f} MB, 25 at most"


@pytest.mark.parametrize(
    "start, heavy",
    [
        ("checkpoints, models, train", {"torch", "gradio", "plotly", "diffusers", "transformers"}),
        ("app", {"plotly", "diffusers", "transformers", "sqlalchemy", "scipy", "cv2"}),
    ],
)
def test_what_is_not_needed_at_once_is_not_imported(start, heavy):
    """Each of these takes a noticeable part of a second, or seconds."""
    code = f"import sys, {start}; print(*sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


# Signs that are drawn as emoji, without the dingbats that are plain type: check marks, crosses, stars.
EMOJI = re.compile(
    "(?![\u2605\u2606\u2610\u2611\u2612\u2669-\u266f\u2713\u2715\u2717\u271a])"
    "[\u231a\u231b\u23e9-\u23f3\u2600-\u27bf\u2b1b\u2b1c\u2b50\u2b55\ufe0f\U0001f000-\U0001faff]"
)


def test_no_emoji():
    for name in files():
        for number, line in enumerate((text(name) or "").splitlines(), 1):
            assert not EMOJI.search(line), f"{name}:{number}: {line.strip()}"


def test_the_files_stand_on_their_own():
    """Nothing in them leans on the machine they were written on or on one package mirror."""
    # Put together here, so that this file does not contain them.
    place = r"(?<![\w.])" + "/".join(("", "work", ""))
    hosts = (
        "pypi" + r"\.org",
        "python" + r"hosted\.org",
        "npmjs" + r"\.org",
        "deb" + r"\.debian\.org",
    )
    pattern = re.compile("|".join((place, "sandbox" + " session", *hosts)), re.IGNORECASE)

    def problems() -> Iterator[str]:
        for name in files():
            for number, line in enumerate((text(name) or "").splitlines(), 1):
                if found := pattern.search(line):
                    yield f"{name}:{number}: mentions {found[0]}"

    check(problems())


def test_ci_script_can_be_run():
    assert os.access(ROOT / ".ci/run", os.X_OK)
