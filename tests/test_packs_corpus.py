"""Real old pickles of public projects under the packs, without loading any: see the manifest.

Of most, the library is gone or another one today. So they are upgraded on stand-ins, and read back:
by plain pickle where all that they name is there, else with stand-ins for what is not.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import networkx
import numpy as np
import pytest

import pickle_migrate
from pickle_migrate import Registry, codecs, file_plans, static_plan, ways
from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign.outer import plain_of
from pickle_migrate.loader import load_parts
from pickle_migrate.packs.using import use_pack
from pickle_migrate.scanner import scan_all
from pickle_migrate.shims import Shim
from pickle_migrate.shims import loads as stand_ins

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of old pickles is not beside the clone"
)

#: What Python 2 wrote in 8-bit strings, by file: all of these are upgraded.
PYTHON_2 = [
    "buildbot/master-0-7-5.changes.pck",
    "cobrapy/2015-06-26_b533b071_mini.pickle",
    "cpython/pickletester_DATA_COOKIE.pkl",
    "mailman/config.pck",
    "networkx/2016-05-01_02cccd95_molecules.gpickle",
    "numpy/2015-03-08_8016a68a_py2-objarr.npy",
    "psychopy/2009-08-12_13966dee_stroop.psyexp",
    "rdkit/2006-05-06_75a79b63_ML.DecTree.test_data.treeunit.pkl",
    "sphinx/_apptools_environment.pickle",
]


def upgraded(name, *packs, encoding="ASCII"):
    """The payload as the command makes it with ``--static``, and the registry with the packs. A
    second run changes nothing.
    """
    registry = Registry()
    use_pack(*packs, registry=registry)
    planner = static_plan.StaticPlanner(registry=registry)
    static = ways.Ways(None, planner, ways.Wishes(encoding), load_parts)
    path = CORPUS / name
    payload = codecs.unwrap(path.read_bytes()).payload
    new, _ = file_plans.upgraded(payload, static, str(path))
    assert file_plans.upgraded(new, static, str(path))[0] == new
    return new, registry


def strings_in(value):
    """Every bytes object below a graph's root, by its own walk."""
    seen, waiting = set(), [value]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, bytes):
            yield one
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            waiting += one
        elif isinstance(one, Shim):
            waiting += [*one.args, *one.items, *[x for p in one.pairs for x in p], one.state]


@pytest.mark.parametrize("name", PYTHON_2)
def test_no_string_of_python_2_is_left(name):
    """All are text; what arrays keep is data, which is written as bytes are today."""
    new, registry = upgraded(name, "python2", "networkx", encoding="latin1")
    plain = plain_of(new, registry)
    for scan in scan_all(plain).pickles:
        assert list(strings_in(stand_ins(plain[scan.start : scan.end]).root)) == []


def test_a_graph_of_networkx_1():
    """Its nodes and edges, and the similarities that NumPy's scalars hold."""
    name = "networkx/2016-05-01_02cccd95_molecules.gpickle"
    graph = pickle.loads(upgraded(name, "python2", "networkx")[0])
    assert type(graph) is networkx.Graph
    assert (len(graph), graph.number_of_edges()) == (8, 11)
    assert graph.nodes[0]["fname_comp"] == "methylcyclohexane.mol2"
    assert graph.edges[0, 4]["similarity"] == 1.0
    assert round(float(graph.edges[0, 5]["similarity"]), 12) == 0.670320046036


def test_an_array_file_of_objects():
    """NumPy itself reads it only with an encoding, and then other texts are wrong."""
    new, _ = upgraded("numpy/2015-03-08_8016a68a_py2-objarr.npy", "python2")
    import io

    found = np.load(io.BytesIO(new), allow_pickle=True)
    assert list(found) == [None, range, "優良", "不良"]


def test_the_lists_of_a_mailing_list():
    """Mailman's settings name no class at all: they are as they were, in text."""
    found = pickle.loads(upgraded("mailman/config.pck", "python2")[0])
    assert found["send_welcome_msg"] is True
    assert all(type(key) is str for key in found)


def test_changes_of_buildbot_under_stand_ins():
    """Names of people in UTF-8 are what they were, whatever encoding is given for the rest."""
    new, _ = upgraded("buildbot/master-0-7-5.changes.pck", "python2", encoding="latin1")
    master = pickle_migrate.loads(new, missing="shim")
    assert str(master.ref) == "buildbot.changes.changes:ChangeMaster"
    first, second = master.fields["changes"]
    assert (first.fields["who"], first.fields["comments"]) == (
        "the snowman <☃@norpole.net>",
        "shooting star or ☄?",
    )
    assert second.fields["comments"] == "on-branch change"


def test_a_model_of_a_library_that_is_gone():
    """cobrapy's classes moved since; their states can be read and written under stand-ins."""
    new, _ = upgraded("cobrapy/2015-06-26_b533b071_mini.pickle", "python2")
    model = pickle_migrate.loads(new, missing="shim")
    assert model.fields["description"] == "mini_textbook"
    assert pickle_migrate.loads(pickle_migrate.dumps(model), missing="shim").ref == model.ref


def test_a_pickle_that_went_through_text_mode():
    """Each line feed stood behind a carriage return, which no Python 3 reads."""
    name = "rdkit/2006-05-06_75a79b63_ML.DecTree.test_data.treeunit.pkl"
    tree = pickle_migrate.loads(upgraded(name, "python2")[0], missing="shim")
    assert tree.fields["name"] == "root"
    assert tree.fields["level"] == 0


def test_positions_of_attrs_are_refused():
    """attrs would read them in the order that the fields have today."""
    with pytest.raises(ForeignError, match=r"tests.test_slots:A: holds 3 values by position"):
        upgraded("attrs/slots_pre_22.2.0.pkl", "attrs")


def test_an_array_that_is_not_beside_its_pickle():
    """joblib 0.9 kept it in a file of its own."""
    name = "joblib/2015-10-07_6ec7d37c_joblib_0.9.0_pickle_py26_np16.pkl"
    with pytest.raises(ForeignError, match=r"pickle_py26_np16.pkl_01.npy' beside the pickle"):
        upgraded(name, "joblib", "python2", encoding="latin1")
    with pytest.raises(ForeignError, match="a value in a list is an 8-bit string"):
        upgraded(name, "joblib", "python2")


def test_a_model_in_a_file_of_joblib():
    """scikit-learn 0.20.3 wrote it; its class moved, and its arrays stand between the opcodes."""
    new, registry = upgraded("kserve/2019-05-09_313ffe55_model.joblib", "sklearn", "joblib")
    (scan,) = scan_all(plain_of(new, registry)).pickles
    names = {str(named.ref) for named in scan.globals}
    assert "sklearn.svm._classes:SVC" in names
    assert "sklearn.svm.classes:SVC" not in names
