"""The documentation: every example runs, and nothing public is left out of the reference."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import attrs
import click
import doc_blocks
import pytest

import pickle_migrate
from pickle_migrate import cli, errors, project

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(p for p in [ROOT / "README.md", *DOCS.rglob("*.md")] if "_build" not in p.parts)
# Pages without examples, so that a page whose examples are not found is noticed.
PROSE = {
    "docs/changelog.md",
    "docs/explanation/benchmarks.md",
    "docs/explanation/foreign.md",
    "docs/explanation/fuzzing.md",
    "docs/explanation/index.md",
    "docs/explanation/policy.md",
    "docs/explanation/stand-ins.md",
    "docs/glossary.md",
    "docs/howto/index.md",
    "docs/index.md",
    "docs/explanation/modes.md",
    "docs/reference/checks.md",
    "docs/reference/findings.md",
    "docs/reference/index.md",
    "docs/reference/packs-table.md",
    "docs/reference/pytest.md",
}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(page: str) -> str:
    return (DOCS / "reference" / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_example_runs(page, tmp_path):
    """What a page shows is what happens: files, sessions, scripts and commands, top to bottom."""
    ran = doc_blocks.run_page(doc_blocks.blocks_of(page, ROOT), tmp_path)
    assert (ran > 0) != (name_of(page) in PROSE)


def unmentioned(names: list[str], text: str) -> list[str]:
    """The names that stand nowhere in a text in code type, as ``name``, ``name(`` or ``name=``."""
    code = " ".join(re.findall(r"`+([^`]+)`+", text))
    return [n for n in names if not re.search(rf"(?<![\w.-]){re.escape(n)}(?![\w-])", code)]


def test_a_name_that_is_missing_is_found():
    """The check itself: a name in plain text does not count, a longer name does not either."""
    assert unmentioned(["load", "dump", "--to"], "`load(file)`, dump, `dumps`, `--tool`") == [
        "dump",
        "--to",
    ]


def public_names() -> list[str]:
    names = list(pickle_migrate.__all__)
    for cls in (pickle_migrate.Lineage, pickle_migrate.Registry):
        methods = [
            m for m in vars(cls) if not m.startswith("_") and inspect.isfunction(vars(cls)[m])
        ]
        names += [f"{cls.__name__}.{m}" for m in methods if m not in NOT_FOR_USERS]
    return names


# Registry keeps what is declared; these are how the package's own modules ask it.
NOT_FOR_USERS = {
    "add_class",
    "add_old_name",
    "allow_for",
    "class_at",
    "classes",
    "current_ref",
    "declaring",
    "family",
    "holder",
    "is_foreign",
    "knows",
    "lineages",
    "moved_to",
    "old_claims",
    "old_names",
    "pack_of",
    "record",
    "renames_below",
    "tell_strings_apart",
    "touch",
}


def test_every_public_name_is_in_the_reference():
    """Each name of ``pickle_migrate.__all__``, and each method that a user calls."""
    assert len(public_names()) > 20
    assert unmentioned(public_names(), text_of("api")) == []


def test_every_parameter_is_in_the_reference():
    """Parameters of the public functions and of the operations."""
    found = set()
    for name in pickle_migrate.__all__:
        public = getattr(pickle_migrate, name)
        if inspect.isclass(public) and issubclass(public, BaseException | pickle_migrate.Registry):
            continue
        found |= set(inspect.signature(public).parameters)
    assert len(found) > 20
    assert unmentioned(sorted(found - {"args", "kwargs"}), text_of("api")) == []


def signature_of(public: object) -> str:
    """A signature as the reference spells it: without annotations and without self."""
    signature = inspect.signature(public)
    kept = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    kept = kept[1:] if kept and kept[0].name == "self" else kept
    text = str(signature.replace(parameters=kept, return_annotation=signature.empty))
    return re.sub(r"<Nothing\.(NOTHING): 1>", r"\1", text)


@pytest.mark.parametrize("name", public_names())
def test_every_signature_in_the_reference_is_the_real_one(name):
    """The heading of each name has its parameters, in order, with their defaults."""
    public = pickle_migrate
    for part in name.split("."):
        public = getattr(public, part)
    if inspect.isclass(public) and issubclass(public, BaseException):
        assert f"`{name}`" in text_of("api")
    else:
        assert re.search(rf"^#+ `{re.escape(name + signature_of(public))}`$", text_of("api"), re.M)


def commands(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    return [c for n, sub in command.commands.items() for c in commands(sub, f"{path} {n}")]


def test_every_command_and_option_is_in_the_reference():
    """Commands, arguments and options, those of the group included."""
    text = text_of("commands")
    found = commands(cli.main, "pickle-migrate")
    assert found
    names = [path for path, _ in found]
    for _, command in [*found, ("", cli.main)]:
        names += [o for p in command.params for o in (*p.opts, *p.secondary_opts) if o[0] == "-"]
        names += [p.human_readable_name for p in command.params if isinstance(p, click.Argument)]
    assert unmentioned(sorted(set(names)), text) == []


def test_every_setting_is_in_the_reference():
    """The keys of the settings and the environment variable."""
    names = [f.name for f in attrs.fields(project.Settings) if f.name != "source"]
    assert names
    assert unmentioned([*names, project.VARIABLE], text_of("settings")) == []


def test_every_error_and_its_facts_are_in_the_reference():
    """Each error class has a section of its own that names its attributes and says what to do."""
    text = text_of("errors")
    sections = {s.split("\n", 1)[0].strip("` "): s for s in re.split(r"^#+ ", text, flags=re.M)}
    classes = [
        c for c in vars(errors).values() if inspect.isclass(c) and c.__module__ == errors.__name__
    ]
    assert len(classes) > 15
    for cls in classes:
        assert cls.__name__ in sections, cls
        assert unmentioned(list(cls._fields), sections[cls.__name__]) == [], cls


def test_every_page_is_reached():
    """No page outside every table of contents, and no link to a page that is not there."""
    listed = set()
    for page in PAGES:
        for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(), flags=re.DOTALL):
            for line in block.split("\n"):
                if line and not line.startswith(":"):
                    listed.add(name_of((page.parent / f"{line.strip()}.md").resolve()))
    assert listed | {"README.md", "docs/index.md"} == {name_of(page) for page in PAGES}


def test_every_rule_of_findings_is_in_the_reference():
    """Those that modules spell, and those of the readers' differences."""
    from pickle_migrate import inspect_pickle, scan_differences

    sources = [p.read_text(encoding="utf-8") for p in (ROOT / "pickle_migrate").glob("*.py")]
    spelled = {rule for text in sources for rule in re.findall(r'Finding\(\s*"([a-z-]+)"', text)}
    assert len(spelled) > 10
    rules = spelled | set(scan_differences.RULES)
    rules |= {rule for rule, _ in inspect_pickle._RULES.values()}
    assert unmentioned(sorted(rules), text_of("findings")) == []


def test_every_rule_of_checks_is_in_the_reference():
    """Each rule that a check can find, and no rule that it cannot."""
    from pickle_migrate.checks.rules import RULES

    text = text_of("checks")
    assert len(RULES) > 15
    assert unmentioned(sorted(RULES), text) == []
    told = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.M))
    assert told == set(RULES)
