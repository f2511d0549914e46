import threading

import pytest

from notebook_utils.files import beside, locked, write_whole


def test_a_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"older")
    with pytest.raises(RuntimeError), write_whole(target) as file:
        file.write(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["model.bin", "n" * 255, "\u00e9" * 127])
def test_names_beside_a_file_fit_the_disk(tmp_path, name):
    for suffix in (".part", ".part.json", ".lock"):
        path = beside(tmp_path / name, suffix)
        path.touch()
        assert path.parent == tmp_path
        assert path.name.startswith(".")
        assert path.name.endswith(suffix)


def test_long_names_do_not_share_a_part(tmp_path):
    one, two = (beside(tmp_path / ("n" * 254 + end), ".part") for end in "ab")
    assert one != two


def test_one_at_a_time_and_nothing_is_left(tmp_path):
    inside, most, waited = [], [], []

    def work():
        with locked(tmp_path / "file", lambda: waited.append(1)) as is_locked:
            assert is_locked
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
    assert waited, "whoever waits is told"
    assert list(tmp_path.iterdir()) == []
