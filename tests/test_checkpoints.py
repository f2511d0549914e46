"""Pickles that are honest come back equal; those that are not do nothing at all."""

import contextlib
import gzip
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from notebook_utils import UnsafeFileError
from notebook_utils.checkpoints import load_arrays, load_tensors

DTYPES = ["?", "i1", "<i8", ">i4", "u2", "f2", ">f4", "f8", "c8"]


@pytest.fixture(scope="session")
def load(tmp_path_factory):
    path = tmp_path_factory.mktemp("pickles") / "digits.pkl"

    def load_bytes(data, **options):
        path.write_bytes(data)
        return load_arrays(path, **options)

    return load_bytes


@pytest.fixture
def save(tmp_path):
    def save_object(value):
        torch.save(value, tmp_path / "model.pt")
        return tmp_path / "model.pt"

    return save_object


def assert_same(found, expected):
    assert type(found) is np.ndarray
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()
    assert found.flags.writeable


@settings(deadline=None)
@given(
    array=st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))
    ),
    protocol=st.integers(3, 5),
    order=st.sampled_from("CF"),
)
def test_an_array_comes_back_as_it_was(load, array, protocol, order):
    array = np.array(array, order=order)
    found, (number, text) = load(pickle.dumps((array, [5, "cube"]), protocol))
    assert_same(found, array)
    assert (number, text) == (5, "cube")


def python2_array(shape, code, data):
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
def test_a_pickle_of_python_2(load, pack):
    images = np.linspace(0, 1, 12, dtype="<f4").reshape(3, 4)
    labels = np.array([200, 5, 77], "<i8")
    program = python2_array((3, 4), "f4", images.tobytes())
    program += python2_array((3,), "i8", labels.tobytes())
    found = load(pack(b"\x80\x02" + program + b"\x86."))
    assert_same(found[0], images)
    assert_same(found[1], labels)


# What is attempted -> the program, where a shell command stands for QUOTED or SHORT.
ATTACKS = {
    "REDUCE": b"cos\nsystem\n(QUOTEDtR.",
    "OBJ": b"(cos\nsystem\nQUOTEDo.",
    "INST": b"(QUOTEDios\nsystem\n.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93SHORT\x85R.",
    "BUILD": b"\x80\x02cargparse\nNamespace\n)\x81}S'__setstate__'\ncos\nsystem\nsb"
    b"QUOTEDb.",
    "hidden below the result": b"cos\nsystem\n(QUOTEDtR0N.",
    "nested": b"\x80\x04\x8c\x06shutil\x8c\x09os.system\x93SHORT\x85R.",
    "from the memo": b"\x80\x04\x8c\x06system\x940\x8c\x02os\x94h\x00\x93SHORT\x85R.",
    "getattr": b"cbuiltins\ngetattr\n(cos\n__dict__\nS'get'\ntR(S'system'\ntR(QUOTED"
    b"tR.",
    "eval": b"cbuiltins\neval\n(S'__import__(\"os\").system'\ntR(QUOTEDtR.",
    "Python 2": b"c__builtin__\neval\n(S'__import__(\"os\").system'\ntR(QUOTEDtR.",
}


@pytest.fixture(params=ATTACKS)
def attack(request, tmp_path):
    canary = tmp_path / "canary"
    command = f"echo > {canary.as_posix()}"
    program = ATTACKS[request.param].replace(b"QUOTED", f"S{command!r}\n".encode())
    short = b"\x8c" + bytes([len(command)]) + command.encode()
    return program.replace(b"SHORT", short), canary


def test_the_attacks_work_on_pickle_itself(attack):
    program, canary = attack
    pickle.loads(program)  # noqa: S301
    assert canary.exists()


def test_an_attack_is_refused(attack, load, tmp_path):
    program, canary = attack
    with pytest.raises(UnsafeFileError, match=r"names \w+\.\w+"):
        load(program)
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as package:
        package.writestr("archive/data.pkl", program)
        package.writestr("archive/version", b"3\n")
    with pytest.raises(UnsafeFileError, match=r"model\.pt"):
        load_tensors(tmp_path / "model.pt")
    assert not canary.exists()


class Call:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [os.system, eval, pickle.loads, print])
def test_a_function_of_the_standard_library_is_refused(save, function):
    path = save({"model": torch.nn.Linear(2, 2), "extra": Call(function, "x")})
    with pytest.raises(UnsafeFileError, match=rf"names \S+\.{function.__name__}, "):
        load_tensors(path)


def leave_canary(path):
    Path(path).touch()


def test_a_foreign_function_is_not_run_and_does_not_stand_in_the_way(save, tmp_path):
    canary = tmp_path / "canary"
    path = save({"model": Net(), "extra": Call(leave_canary, str(canary))})
    assert len(load_tensors(path)) == len(Net().state_dict())
    assert not canary.exists()
    torch.load(path, weights_only=False)
    assert canary.exists()


MIB = 1 << 20


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pickle.dumps(np.array([{}], object)), "type 'O8', not numbers"),
        (pickle.dumps(np.array(["2026-11-21"], "M8[D]")), "type 'M8', not numbers"),
        (b"cnumpy\ndtype\n}S'numpy'\nNsb.", "gives a state to a type"),
        (b"cnumpy\nndarray\n.", "holds a type"),
        (b"}.", "holds a dict"),
        (b"]" * 12 + b"a" * 11 + b".", "nested more than 10 deep"),
        (pickle.dumps(np.random.default_rng(0)), "which is not an array"),
        (python2_array((2,), "f4", b"1234567") + b".", "damaged"),
        (python2_array((2,), "f4", b"123456789") + b".", r"shape \(2,\) in 9 bytes"),
        (b"", "cut short"),
        (b"<html>404</html>", "damaged"),
        (b"N.N.", "extra bytes follow"),
        (b"]" * 9 + b".a", "extra bytes follow"),
        (b"B\xff\xff\xff\x7f", "cut short"),
        (b"\x8e" + (1 << 40).to_bytes(8, "little"), "cut short"),
        (gzip.compress(pickle.dumps(bytes(2 * MIB))), f"more than {MIB} bytes"),
        (gzip.compress(b"c" + b"x" * 2 * MIB), f"more than {MIB} bytes"),
        (gzip.compress(b"N.")[:-3], "cut short"),
        (gzip.compress(b"N.")[:-6] + b"123456", "damaged"),
    ],
)
def test_refused_with_the_reason(load, data, reason):
    with pytest.raises(UnsafeFileError, match=reason):
        load(data, max_bytes=MIB)


def test_a_memo_with_four_billion_places_takes_no_memory(load):
    assert load(b"Nr\xff\xff\xff\xff0j\xff\xff\xff\xff.") is None


HONEST = pickle.dumps([np.arange(6).reshape(2, 3), ("a", 2.5)], 3)


@settings(max_examples=200, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(HONEST) - 1), st.integers(0, 255)), max_size=4
    )
)
def test_changed_bytes_end_in_data_or_a_refusal(load, changes):
    data = bytearray(HONEST)
    for position, value in changes:
        data[position] = value
    with contextlib.suppress(UnsafeFileError):
        load(bytes(data), max_bytes=MIB)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
        self.head = torch.nn.ModuleList([torch.nn.Linear(4, 2).bfloat16()])
        self.register_buffer("steps", torch.tensor([8, 16]))
        self.register_buffer("scratch", torch.zeros(3), persistent=False)
        self.scale = torch.nn.Parameter(torch.tensor(2.0))
        self.note = Path("elsewhere")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda net: net,
        lambda net: {"epoch": 3, "best": None, "model": net},
        lambda net: net.state_dict(),
        lambda net: {"state_dict": net.state_dict(), "optimizer": {"lr": 0.1}},
    ],
)
def test_tensors_have_the_names_of_the_state_dictionary(save, wrap):
    net = Net()
    found = load_tensors(save(wrap(net)))
    assert list(found) == list(net.state_dict())
    for name, tensor in net.state_dict().items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
        assert not found[name].requires_grad


def test_torch_is_imported_only_when_a_checkpoint_is_read():
    run = "import sys, notebook_utils.checkpoints; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", run]).strip() == b"False"


def test_modules_that_double_at_every_level_are_counted(save):
    net = torch.nn.Module()
    for _ in range(60):
        net = torch.nn.ModuleList([net, net])
    with pytest.raises(UnsafeFileError, match="more than 100000 modules"):
        load_tensors(save(net))


def test_a_damaged_checkpoint_is_noticed(save):
    path = save(Net())
    whole = path.read_bytes()
    for position in range(0, len(whole), 97):
        path.write_bytes(whole[:position])
        with pytest.raises(UnsafeFileError):
            load_tensors(path)
        changed = bytearray(whole)
        changed[position] ^= 255
        path.write_bytes(changed)
        with contextlib.suppress(UnsafeFileError):  # a date or the like
            assert load_tensors(path).keys() == Net().state_dict().keys()


def test_other_files_are_no_checkpoints(tmp_path, save):
    path = tmp_path / "other.pt"
    torch.save(Net(), path, _use_new_zipfile_serialization=False)
    with pytest.raises(UnsafeFileError, match="again with the torch that wrote it"):
        load_tensors(path)
    with pytest.raises(UnsafeFileError, match="neither a module nor a dictionary"):
        load_tensors(save([1, 2]))
    with pytest.raises(UnsafeFileError, match="more than the 1000000 bytes"):
        load_tensors(save({"x": torch.zeros(1000, 1000)}), max_bytes=1_000_000)
    with pytest.raises(FileNotFoundError):
        load_tensors(tmp_path / "absent.pt")


@pytest.mark.skipif(
    "PUBLISHED_FILES" not in os.environ, reason="PUBLISHED_FILES names no folder"
)
def test_the_published_files():
    folder = Path(os.environ["PUBLISHED_FILES"]) / "files"
    tensors = load_tensors(folder / "yolov5n.pt")
    assert len(tensors) == 349
    assert list(tensors)[:: len(tensors) - 1] == [
        "model.0.conv.weight",
        "model.24.m.2.bias",
    ]
    for count, (pixels, labels) in zip(
        (50_000, 10_000, 10_000), load_arrays(folder / "mnist.pkl.gz"), strict=True
    ):
        assert (pixels.shape, pixels.dtype) == ((count, 784), np.float32)
        assert 0 <= pixels.min() < pixels.max() <= 1
        assert labels.shape == (count,) and set(labels) == set(range(10))
