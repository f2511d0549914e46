"""Pickles that are honest come back equal; those that are not do nothing at all."""

import contextlib
import gzip
import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from notebook_utils import UnsafeFileError
from notebook_utils.pickles import load_arrays, load_tensors, machine

DTYPES = ["?", "i1", "<i8", ">i4", "u2", "f2", ">f4", "f8", "c8", "c16", "S5", "<U3"]


def load(data: bytes, **options: int) -> Any:
    return load_arrays(io.BytesIO(data), **options)


def same(found: Any, expected: np.ndarray) -> bool:
    return (
        type(found) is np.ndarray
        and found.dtype == expected.dtype
        and found.shape == expected.shape
        and found.tobytes() == expected.tobytes()
    )


# Honest pickles of arrays


@settings(deadline=None)
@given(
    array=st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))
    ),
    protocol=st.integers(0, 5),
    order=st.sampled_from("CF"),
)
def test_an_array_comes_back_as_it_was(array, protocol, order):
    array = np.array(array, order=order)
    found = load(pickle.dumps(array, protocol))
    assert same(found, array)
    assert found.flags.writeable


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary()
    | st.binary().map(bytearray)
    | st.sets(st.integers())
    | st.frozensets(st.text()),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.dictionaries(st.text(), inner).map(OrderedDict)
        | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(value=plain_values, protocol=st.integers(0, 5))
def test_plain_containers_come_back_as_they_were(value, protocol):
    found = load(pickle.dumps(value, protocol))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("protocol", range(6))
def test_numpy_scalars_and_types(protocol):
    values = [np.float32(0.5), np.int64(-3), np.bool_(True), np.dtype(">f4")]
    found = load(pickle.dumps(values, protocol))
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_what_occurs_twice_stays_one_object():
    array = np.arange(3)
    first, second = load(pickle.dumps([array, array]))
    assert first is second


def python2_array(shape: tuple[int, ...], code: str, data: bytes) -> bytes:
    """Write an array as Python 2 did: protocol 2, its bytes a string."""
    dimensions = b"".join(b"K" + bytes([length]) for length in shape)
    return (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01(" + dimensions + b"tcnumpy\ndtype\nU\x02" + code.encode() + b"K\x00"
        b"K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + len(data).to_bytes(4, "little")
        + data
        + b"tb"
    )


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pickle_of_python_2(tmp_path, pack):
    images = np.linspace(0, 1, 12, dtype="<f4").reshape(3, 4)
    labels = np.array([200, 5, 77], "<i8")
    program = (
        b"\x80\x02"
        + python2_array((3, 4), "f4", images.tobytes())
        + python2_array((3,), "i8", labels.tobytes())
        + b"\x86."
    )
    path = tmp_path / "digits.pkl.gz"
    path.write_bytes(pack(program))
    found = load_arrays(path)
    assert same(found[0], images)
    assert same(found[1], labels)


# Pickles that try to do something

COMMAND = "echo > {canary}"
EVAL = "open('{canary}', 'w').close()"


def short(text: str) -> bytes:
    return b"\x8c" + bytes([len(text.encode())]) + text.encode()


def quoted(text: str) -> bytes:
    return b"S" + repr(text).encode() + b"\n"


# What is attempted -> the program, given the path of the canary, and what the refusal
# must name.
ATTACKS: dict[str, tuple[Callable[[str], bytes], str]] = {
    "os.system through REDUCE": (
        lambda canary: (
            b"cos\nsystem\n(" + quoted(COMMAND.format(canary=canary)) + b"tR."
        ),
        "os.system",
    ),
    "builtins.eval through REDUCE": (
        lambda canary: (
            b"cbuiltins\neval\n(" + quoted(EVAL.format(canary=canary)) + b"tR."
        ),
        "builtins.eval",
    ),
    "eval by its name of Python 2": (
        lambda canary: (
            b"c__builtin__\neval\n(" + quoted(EVAL.format(canary=canary)) + b"tR."
        ),
        "builtins.eval",
    ),
    "os.system through OBJ": (
        lambda canary: (
            b"(cos\nsystem\n" + quoted(COMMAND.format(canary=canary)) + b"o."
        ),
        "os.system",
    ),
    "os.system through INST": (
        lambda canary: b"(" + quoted(COMMAND.format(canary=canary)) + b"ios\nsystem\n.",
        "os.system",
    ),
    "the system module through STACK_GLOBAL": (
        lambda canary: (
            b"\x80\x04"
            + short(os.system.__module__)
            + short("system")
            + b"\x93"
            + short(COMMAND.format(canary=canary))
            + b"\x85R."
        ),
        f"{os.system.__module__}.system",
    ),
    "a nested name": (
        lambda canary: (
            b"\x80\x04"
            + short("shutil")
            + short("os.system")
            + b"\x93"
            + short(COMMAND.format(canary=canary))
            + b"\x85R."
        ),
        "shutil.os.system",
    ),
    "a chain of getattr and __import__": (
        lambda canary: (
            b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR("
            + quoted(COMMAND.format(canary=canary))
            + b"tR."
        ),
        "builtins.getattr",
    ),
    "a name put together in the memo": (
        lambda canary: (
            b"\x80\x04"
            + short("system")
            + b"\x940"
            + short("os")
            + b"\x94h\x00\x93"
            + short(COMMAND.format(canary=canary))
            + b"\x85R."
        ),
        "os.system",
    ),
    "os.system as __setstate__ through BUILD": (
        lambda canary: (
            b"\x80\x02cargparse\nNamespace\n)\x81}S'__setstate__'\ncos\nsystem\nsb"
            + quoted(COMMAND.format(canary=canary))
            + b"b."
        ),
        "os.system|argparse.Namespace",
    ),
    "os.system hidden below the result": (
        lambda canary: (
            b"cos\nsystem\n(" + quoted(COMMAND.format(canary=canary)) + b"tR0N."
        ),
        "os.system",
    ),
}


@pytest.fixture(params=ATTACKS)
def attack(request, tmp_path) -> tuple[bytes, str, Path]:
    make, named = ATTACKS[request.param]
    canary = tmp_path / "canary"
    return make(canary.as_posix()), named, canary


def test_the_attacks_work_on_pickle_itself(attack):
    program, _, canary = attack
    pickle.loads(program)  # noqa: S301
    assert canary.exists()


def test_load_arrays_refuses_an_attack_by_name(attack):
    program, named, canary = attack
    with pytest.raises(UnsafeFileError, match=named):
        load(program)
    assert not canary.exists()


def test_load_tensors_refuses_an_attack_by_name(attack, tmp_path):
    program, named, canary = attack
    path = tmp_path / "model.pt"
    write_checkpoint(path, {"data.pkl": program})
    with pytest.raises(UnsafeFileError, match=named):
        load_tensors(path)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (b"cnumpy.testing._private.utils\nrunstring\n.", "names numpy.testing"),
        (b"cnumpy\nload\n(S'x'\ntR.", "names numpy.load"),
        (b"cnumpy\nndarray\n(K\x02tR.", "calls numpy.ndarray"),
        (b"cnumpy\nndarray\n.", "holds numpy.ndarray itself"),
        (b"cnumpy\nndarray\n}S'x'\nK\x01sb.", "gives a state to numpy.ndarray"),
        (b"c_codecs\nencode\n}S'x'\nK\x01sb.", "gives a state to _codecs.encode"),
        (b"c_codecs\nencode\n(Vx\nVrot13\ntR.", "_codecs.encode with unexpected"),
        (b"cbuiltins\nbytes\n(J\xff\xff\xff\x7ftR.", "builtins.bytes with unexpected"),
        (b"cbuiltins\nbytearray\n(J\xff\xff\xff\x7ftR.", "bytearray with unexpected"),
        (
            b"cnumpy.core.multiarray\n_reconstruct\n(cbuiltins\nset\n(K\x00tS'b'\ntR.",
            "_reconstruct with unexpected",
        ),
        (b"cnumpy\ndtype\n(S'O8'\nI00\nI01\ntR.", "type 'O8'"),
        (b"cnumpy\ndtype\n(S'V9'\nI00\nI01\ntR.", "type 'V9'"),
        (b"cnumpy\ndtype\n(cnumpy\nndarray\ntR.", "numpy.dtype with unexpected"),
        (b"cnumpy\ndtype\n(S'i3'\ntR.", "numpy has no type 'i3'"),
        (b"K\x05(tR.", "calls an object of type int"),
        (b"}b.", "empty stack"),
        (b"}}b.", "gives a state to an object of type dict"),
        (b"}K\x01a.", "adds elements to an object of type dict"),
        (b"\x82\x01.", "instruction EXT1"),
        (b"Ploc\n.", "instruction PERSID"),
        (b"S'x'\nQ.", "outside of the pickle"),
        (b"h\x07.", "recalls no. 7"),
        (b"t.", "lacks a mark"),
        (b".", "empty stack"),
        (b"", "no whole pickle"),
        (b"N", "no whole pickle"),
        (b"<html>404</html>", "no whole pickle"),
        (b"N.N.", "more bytes follow"),
        (b"}K\x01\x93.", "by what is not a string"),
        (b"]q\x00h\x00a.", "into itself"),
        (b"]" * 200 + b"a" * 199 + b".", "over 100 deep"),
        (b"}]Ns.", "list as a key"),
        (b"(NNNd.", "a key has no value"),
    ],
)
def test_refused_with_the_reason(program, reason):
    with pytest.raises(UnsafeFileError, match=reason):
        load(program)


@pytest.mark.parametrize(
    "value",
    [
        np.array([{}], object),
        np.array([(1, 2.0)], "i4,f4"),
        np.array(["2026-11-21"], "datetime64[D]"),
        np.ma.masked_array([1, 2], [0, 1]),
        np.zeros(1, np.dtype((np.void, 4))),
        np.random.default_rng(0),
        Path("x"),
        ValueError("x"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_other_objects_are_refused(value, protocol):
    with pytest.raises(UnsafeFileError):
        load(pickle.dumps(value, protocol))


@pytest.mark.parametrize("bad_bytes", [b"", b"1234567", b"123456789"])
def test_an_array_must_fit_its_bytes(bad_bytes):
    program = b"\x80\x02" + python2_array((2,), "f4", bad_bytes) + b"."
    with pytest.raises(UnsafeFileError, match=r"shape \(2,\) and type float32"):
        load(program)


# Pickles that try to fill the memory


@pytest.mark.parametrize("instruction", [b"B", b"T", b"X"])
def test_announcing_two_gigabytes(instruction):
    with pytest.raises(UnsafeFileError, match="max_bytes"):
        load(instruction + b"\xff\xff\xff\x7f")


@pytest.mark.parametrize("instruction", [b"\x8e", b"\x96", b"\x8d"])
def test_announcing_a_terabyte(instruction):
    with pytest.raises(UnsafeFileError, match="max_bytes"):
        load(instruction + (1 << 40).to_bytes(8, "little"))


def test_a_memo_with_four_billion_places_is_a_dictionary():
    assert load(b"Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.") is None


def test_a_bomb_of_gzip():
    data = pickle.dumps(bytes(10 << 20))
    with pytest.raises(UnsafeFileError, match="max_bytes"):
        load(gzip.compress(data), max_bytes=1 << 20)
    assert load(gzip.compress(data)) == bytes(10 << 20)


def test_a_line_without_an_end():
    with pytest.raises(UnsafeFileError, match="max_bytes"):
        load(gzip.compress(b"c" + b"x" * (10 << 20)), max_bytes=1 << 20)


def test_the_same_bytes_copied_without_an_end():
    text = b"X" + (100_000).to_bytes(4, "little") + b"x" * 100_000
    start = b"c_codecs\nencode\nq\x00(" + text + b"X\x06\0\0\0latin1tq\x010"
    program = b"(" + start + b"h\x00h\x01R" * 100 + b"t."
    with pytest.raises(UnsafeFileError, match="makes more of itself"):
        load(program, max_bytes=1 << 20)


def test_too_many_instructions(monkeypatch):
    monkeypatch.setattr(machine, "MAX_INSTRUCTIONS", 1000)
    with pytest.raises(UnsafeFileError, match="1000 instructions"):
        load(b"N0" * 1000 + b"N.")


def test_a_key_whose_hash_would_never_end():
    program = b")" + b"2\x86" * 60 + b"q\x00}h\x00NsN."
    with pytest.raises(UnsafeFileError, match="as a key"):
        load(program)


def test_nesting_that_doubles_at_every_level_is_read_once():
    assert len(load(b")" + b"2\x86" * 60 + b".")) == 2


@pytest.mark.parametrize("keep", [2, 100, 1000, -1, -9])
def test_a_gzip_cut_short(keep):
    packed = gzip.compress(pickle.dumps(np.arange(1000)))
    with pytest.raises(UnsafeFileError):
        load(packed[:keep])


def test_a_gzip_with_a_wrong_check_sum():
    packed = bytearray(gzip.compress(pickle.dumps(np.arange(1000))))
    packed[-6] ^= 1
    with pytest.raises(UnsafeFileError, match="damaged"):
        load(bytes(packed))


@settings(deadline=None)
@given(data=st.binary(max_size=60))
def test_whatever_the_bytes_there_is_data_or_a_refusal(data):
    with contextlib.suppress(UnsafeFileError):
        load(data, max_bytes=1 << 20)


HONEST = pickle.dumps([np.arange(6).reshape(2, 3), {"a": (1, 2.5)}, np.float32(2)], 2)


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(HONEST) - 1), st.integers(0, 255)), max_size=4
    )
)
def test_an_honest_pickle_with_changed_bytes(changes):
    data = bytearray(HONEST)
    for position, value in changes:
        data[position] = value
    with contextlib.suppress(UnsafeFileError):
        load(bytes(data), max_bytes=1 << 20)


# Checkpoints


def write_checkpoint(path: Path, files: dict[str, bytes], **options: int) -> None:
    with zipfile.ZipFile(path, "w", **options) as package:
        for name, data in files.items():
            package.writestr(f"archive/{name}", data)


def read_checkpoint(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {
            name.partition("/")[2]: package.read(name) for name in package.namelist()
        }


@pytest.fixture
def save(tmp_path) -> Callable[[object], Path]:
    def save_object(value: object) -> Path:
        path = tmp_path / "archive.pt"
        torch.save(value, path)
        return path

    return save_object


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU()
        )
        self.head = torch.nn.ModuleList([torch.nn.Linear(4, 2, bias=False)])
        self.register_buffer("steps", torch.tensor([8.0, 16.0]).double())
        self.register_buffer("scratch", torch.zeros(3), persistent=False)
        self.scale = torch.nn.Parameter(torch.tensor(2.0))
        self.note = Path("elsewhere")


def assert_same_as_state(found: dict[str, np.ndarray], net: torch.nn.Module) -> None:
    state = net.state_dict()
    assert list(found) == list(state)
    for name, tensor in state.items():
        assert same(found[name], tensor.numpy()), name
        assert found[name].flags.writeable


def test_a_module_gives_the_names_of_its_state_dictionary(save):
    net = Net()
    assert_same_as_state(load_tensors(save(net)), net)
    assert_same_as_state(load_tensors(save({"epoch": 3, "model": net})), net)


def test_a_state_dictionary(save):
    net = Net()
    assert_same_as_state(load_tensors(save(net.state_dict())), net)
    assert_same_as_state(load_tensors(save({"state_dict": net.state_dict()})), net)


def test_an_entry_is_asked_for_where_two_could_be_meant(save):
    path = save({"model": Net(), "ema": torch.nn.Linear(2, 2), "epoch": 1})
    with pytest.raises(ValueError, match=r"'model', 'ema'; found None"):
        load_tensors(path)
    assert list(load_tensors(path, entry="ema")) == ["weight", "bias"]
    with pytest.raises(ValueError, match="found 'best'"):
        load_tensors(path, entry="best")


@pytest.mark.parametrize(
    "dtype",
    [
        "bool",
        "uint8",
        "int8",
        "int16",
        "int32",
        "int64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "uint16",
        "uint32",
        "uint64",
    ],
)
def test_element_types(save, dtype):
    tensor = torch.tensor([[0, 1], [2, 3]]).to(getattr(torch, dtype))
    assert same(load_tensors(save({"x": tensor}))["x"], tensor.numpy())


def test_bfloat16_comes_as_float32(save):
    tensor = torch.tensor([1.5, -3e38, float("inf")], dtype=torch.bfloat16)
    found = load_tensors(save({"x": tensor}))["x"]
    assert same(found, tensor.float().numpy())


def test_an_unknown_element_type_is_refused(save):
    tensor = torch.zeros(3, dtype=torch.float8_e5m2)
    with pytest.raises(UnsafeFileError, match="_rebuild_tensor_v3"):
        load_tensors(save({"x": tensor}))


@pytest.mark.parametrize(
    "view",
    [
        lambda t: t.T,
        lambda t: t[1:, ::2],
        lambda t: t[2],
        lambda t: t[3, 4],
        lambda t: t[:0],
        lambda t: t[:, :1].expand(-1, 5),
        lambda t: t.permute(1, 0)[None],
    ],
)
def test_strides_are_honoured(save, view):
    tensor = view(torch.arange(24.0).reshape(4, 6))
    found = load_tensors(save({"x": tensor}))["x"]
    assert same(found, tensor.numpy())
    assert found.flags.c_contiguous


def test_tensors_that_share_a_storage_get_arrays_of_their_own(save):
    whole = torch.arange(6.0)
    found = load_tensors(save({"whole": whole, "part": whole[2:4]}))
    found["whole"][:] = 0
    np.testing.assert_array_equal(found["part"], [2, 3])


def test_a_parameter_with_attributes(save):
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.note = "kept"
    assert same(load_tensors(save({"x": parameter}))["x"], np.ones(2, "f4"))


def test_torch_is_not_imported(save):
    path = save(Net())
    code = (
        "import sys; from notebook_utils.pickles import load_tensors; "
        "print(len(load_tensors(sys.argv[1])), 'torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True
    )
    assert run.stdout.split() == [str(len(Net().state_dict())), "False"], run.stderr


class Foreign:
    """Leaves a canary when it is unpickled."""

    def __init__(self, function: Callable[..., object], argument: str) -> None:
        self.call = function, (argument,)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def leave_canary(path: str) -> None:
    Path(path).touch()


def test_a_foreign_function_is_not_run_and_does_not_stand_in_the_way(save, tmp_path):
    canary = tmp_path / "canary"
    path = save({"model": Net(), "extra": Foreign(leave_canary, str(canary))})
    assert len(load_tensors(path)) == len(Net().state_dict())
    assert not canary.exists()
    torch.load(path, weights_only=False)
    assert canary.exists()


def test_a_function_of_the_standard_library_is_refused(save, tmp_path):
    canary = tmp_path / "canary"
    path = save({"model": Net(), "extra": Foreign(os.system, f"echo > {canary}")})
    with pytest.raises(UnsafeFileError, match=f"{os.system.__module__}.system"):
        load_tensors(path)
    assert not canary.exists()


def test_states_given_to_foreign_classes_are_only_noted(tmp_path):
    canary = tmp_path / "canary"
    program = (
        b"\x80\x02capp\nThing\n)\x81}S'__setstate__'\ncapp\nrun\nsb"
        + quoted(str(canary))
        + b"b(K\x01K\x02eS'k'\nNscapp\nother\n)Rb."
    )
    path = tmp_path / "model.pt"
    write_checkpoint(path, {"data.pkl": program})
    with pytest.raises(UnsafeFileError, match="no module and no dictionary of tensors"):
        load_tensors(path)
    assert not canary.exists()


STORAGE = b"(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nK\x04tQ"


def one_tensor(offset: int, shape: bytes, strides: bytes, storage: bytes) -> bytes:
    """Write a state dictionary of one tensor, 'x', as a pickle."""
    return (
        b"\x80\x02}S'x'\nctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + b"I%d\n(" % offset
        + shape
        + b"t("
        + strides
        + b"t\x89}tRs."
    )


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (one_tensor(0, b"K\x05", b"K\x01", STORAGE), "needs element 4 of storage 0"),
        (one_tensor(1, b"K\x04", b"K\x01", STORAGE), "needs element 4"),
        (one_tensor(0, b"K\x02", b"K\x04", STORAGE), "needs element 4"),
        (one_tensor(-1, b"K\x02", b"K\x01", STORAGE), "unexpected arguments"),
        (one_tensor(0, b"K\x02", b"I-1\n", STORAGE), "unexpected arguments"),
        (one_tensor(0, b"I-2\n", b"K\x01", STORAGE), "unexpected arguments"),
        (one_tensor(0, b"K\x02K\x02", b"K\x01", STORAGE), "unexpected arguments"),
        (one_tensor(0, b"S'a'\n", b"K\x01", STORAGE), "unexpected arguments"),
        (one_tensor(0, b"K\x01" * 40, b"K\x01" * 40, STORAGE), "unexpected arguments"),
        (one_tensor(0, b"L999999999999L\n", b"K\x00", STORAGE), "max_bytes"),
        (one_tensor(0, b"K\x01", b"K\x01", b"N"), "unexpected arguments"),
        (
            one_tensor(0, b"K\x00" + b"L99999999999L\n" * 9, b"K\x01" * 10, STORAGE),
            "tensor of shape",
        ),
        (
            one_tensor(0, b"K\x01", b"K\x01", STORAGE.replace(b"'0'", b"'9'")),
            "archive/data/9' is missing",
        ),
        (
            one_tensor(0, b"K\x01", b"K\x01", STORAGE.replace(b"'0'", b"'../version'")),
            "is missing",
        ),
        (
            one_tensor(0, b"K\x01", b"K\x01", STORAGE.replace(b"\x04t", b"\x05t")),
            "should have 20 bytes and has 16",
        ),
        (
            one_tensor(0, b"K\x01", b"K\x01", STORAGE.replace(b"\x04t", b"\x03t")),
            "should have 12 bytes and has over 12",
        ),
        (
            one_tensor(0, b"K\x01", b"K\x01", STORAGE.replace(b"Float", b"QInt8")),
            "torch.QInt8Storage",
        ),
        (b"S'storage'\nQ.", "no storage"),
        (b"\x80\x02ctorch._utils\n_rebuild_parameter\n(NtR.", "unexpected arguments"),
        (b"N.", "no module and no dictionary of tensors"),
        (b"N", "no whole pickle"),
    ],
)
def test_tampered_checkpoints(tmp_path, program, reason):
    path = tmp_path / "model.pt"
    write_checkpoint(path, {"data.pkl": program, "data/0": bytes(16), "version": b"3"})
    with pytest.raises(UnsafeFileError, match=reason):
        load_tensors(path)


def test_modules_that_double_at_every_level_are_counted(tmp_path):
    module = b"capp\nM\n)\x81}(V_parameters\n}V_buffers\n}V_modules\n}"
    twice = b"(Va\nh%cVb\nh%cu"
    program = b"\x80\x02" + module + b"ubq\x000"
    for level in range(1, 60):
        program += module + twice % (level - 1, level - 1) + b"ubq%c0" % level
    path = tmp_path / "model.pt"
    write_checkpoint(path, {"data.pkl": program + b"h\x3b."})
    with pytest.raises(UnsafeFileError, match="more than 100000 modules"):
        load_tensors(path)


def test_a_module_inside_itself(tmp_path):
    program = (
        b"\x80\x02capp\nM\n)\x81q\x00}(V_parameters\n}V_buffers\n}"
        b"V_modules\n}Va\nh\x00sub."
    )
    path = tmp_path / "model.pt"
    write_checkpoint(path, {"data.pkl": program})
    with pytest.raises(UnsafeFileError, match="nested over 100 deep"):
        load_tensors(path)


def test_numbers_of_a_big_endian_machine(save, tmp_path):
    files = read_checkpoint(save({"x": torch.tensor([1.0, 2.0])}))
    files["byteorder"] = b"big"
    files["data/0"] = np.array([1, 2], ">f4").tobytes()
    path = tmp_path / "big.pt"
    write_checkpoint(path, files)
    assert same(load_tensors(path)["x"], np.array([1, 2], "f4"))


def test_a_packed_checkpoint_is_refused(save, tmp_path):
    path = tmp_path / "packed.pt"
    write_checkpoint(
        path, read_checkpoint(save(Net())), compression=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(UnsafeFileError, match="packed or encrypted"):
        load_tensors(path)


def test_a_file_in_it_twice_is_refused(save):
    path = save(Net())
    with (
        zipfile.ZipFile(path, "a") as package,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        package.writestr("archive/data.pkl", b"N.")
    with pytest.raises(UnsafeFileError, match="twice"):
        load_tensors(path)


def test_bounds_on_bytes(save):
    big = torch.zeros(1000, 1000)
    with pytest.raises(UnsafeFileError, match="arrays come to more than the 1000000"):
        load_tensors(save({"x": big}), max_bytes=1_000_000)
    path = save({"x": big[:, :1]})
    with pytest.raises(UnsafeFileError, match="storages come to more than the 1000000"):
        load_tensors(path, max_bytes=1_000_000)
    path = save({"x": torch.zeros(1).expand(1 << 33)})
    with pytest.raises(UnsafeFileError, match="arrays come to more than"):
        load_tensors(path)


def test_other_files_are_no_checkpoints(tmp_path, save):
    path = tmp_path / "model.pt"
    for data in (b"", b"<html>not found</html>", b"PK\x03\x04"):
        path.write_bytes(data)
        with pytest.raises(UnsafeFileError, match="no zip as torch"):
            load_tensors(path)
    torch.save(Net(), path, _use_new_zipfile_serialization=False)
    with pytest.raises(UnsafeFileError, match="saved again by the torch"):
        load_tensors(path)
    write_checkpoint(path, {"hello": b""})
    with pytest.raises(UnsafeFileError, match=r"no data\.pkl"):
        load_tensors(path)
    write_checkpoint(path, {"data.pkl": b"N.", "constants.pkl": b""})
    with pytest.raises(UnsafeFileError, match="TorchScript"):
        load_tensors(path)
    with pytest.raises(FileNotFoundError):
        load_tensors(tmp_path / "absent.pt")


def test_a_checkpoint_cut_short_or_changed_anywhere(save, tmp_path):
    whole = save(Net()).read_bytes()
    path = tmp_path / "cut.pt"
    for size_bytes in range(0, len(whole), 61):
        path.write_bytes(whole[:size_bytes])
        with pytest.raises(UnsafeFileError):
            load_tensors(path)
    expected = Net().state_dict().keys()
    for position in range(0, len(whole), 61):
        changed = bytearray(whole)
        changed[position] ^= 0xFF
        path.write_bytes(changed)
        with contextlib.suppress(UnsafeFileError):
            assert load_tensors(path).keys() == expected


# The published files


@pytest.fixture
def published() -> Path:
    folder = os.environ.get("PUBLISHED_FILES")
    if not folder:
        pytest.skip("PUBLISHED_FILES is not set: the published file itself is not read")
    return Path(folder) / "files"


def test_the_published_yolov5n(published):
    tensors = load_tensors(published / "yolov5n.pt")
    assert len(tensors) == 349
    assert next(iter(tensors)) == "model.0.conv.weight"
    assert tensors["model.0.conv.weight"].shape == (16, 3, 6, 6)
    assert list(tensors)[-1] == "model.24.m.2.bias"
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_the_published_mnist(published):
    train, valid, test = load_arrays(published / "mnist.pkl.gz")
    assert [images.shape for images, _ in (train, valid, test)] == [
        (50_000, 784),
        (10_000, 784),
        (10_000, 784),
    ]
    for images, labels in (train, valid, test):
        assert images.dtype == np.float32
        assert 0 <= images.min() < images.max() <= 1
        assert labels.shape == images.shape[:1]
        assert set(labels) == set(range(10))
