"""A pickle machine that builds data and can do nothing else.

A pickle is a program for a small stack machine. `pickle.Unpickler` looks names up in
imported modules and calls what it finds. This machine never imports, never looks up an
attribute and calls only the functions it was made with. The standard library's
`pickletools` splits the program into instructions, without carrying any of them out.
"""

import pickletools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

from ..untrusted import BoundedReader, RefusedError

# One byte can make a set of 200: what a program may build is bounded by its length in
# instructions, not in bytes. A model's or a data set's pickle has some 30 000.
MAX_INSTRUCTIONS = 2_000_000

PLAIN_TYPES = (str, bytes, int, float, complex, bool, type(None))


class Named(NamedTuple):
    """What a name in a pickle stands for here: never the thing of that name."""

    name: str
    make: Callable[[tuple[Any, ...]], object] | None = None  # None: not to be called


class Record:
    """Something of ours that is built step by step in place of a foreign object."""

    def set_state(self, state: object) -> None:
        """Take the state that the pickle gives to the object."""
        raise RefusedError(f"it gives a state to {describe(self)}")

    def add_items(self, items: list[Any]) -> None:
        """Take the elements, or keys and values, that it adds to the object."""
        raise RefusedError(f"it adds elements to {describe(self)}")


class Machine:
    """Carries out the instructions of one pickle.

    Subclasses say what names stand for. A stack holds the values that are being put
    together; MARK puts it aside and begins a new one, whose values an instruction
    like LIST then takes all at once.

    Parameters
    ----------
    max_bytes
        How large the pickle may be. What functions and arrays are given may come to
        twice as much, as some pickles hold an array's bytes as text to be encoded.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes_handed_over = 0
        self.stack: list[Any] = []
        self.outer_stacks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def find_name(self, name: str) -> Named:
        """Say what a name such as ``numpy.dtype`` stands for, or refuse it."""
        raise NotImplementedError

    def load_persistent(self, identity: object) -> object:
        """Say what an object kept outside of the pickle stands for, or refuse it."""
        raise RefusedError("it refers to objects outside of the pickle")

    def build(self, state: object) -> None:
        """Give the object on top of the stack its state."""
        target = self.top()
        self.hand_over(state)
        if not isinstance(target, Record):
            raise RefusedError(f"it gives a state to {describe(target)}")
        target.set_state(state)

    def run(self, source: BoundedReader) -> Any:
        """Carry out the pickle and return the object it describes."""
        for count, (name, argument) in enumerate(_instructions(source)):
            if count >= MAX_INSTRUCTIONS:
                raise RefusedError(f"it has over {MAX_INSTRUCTIONS} instructions")
            operation = _OPERATIONS.get(name)
            if operation is None:
                raise RefusedError(f"it uses the pickle instruction {name}")
            operation(self, argument)
        return self.pop()

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the topmost value."""
        return self.pop_many(1)[0]

    def top(self) -> Any:
        """Look at the topmost value."""
        value = self.pop()
        self.push(value)
        return value

    def pop_many(self, count: int) -> list[Any]:
        """Take so many values, the topmost one last."""
        if len(self.stack) < count:
            raise RefusedError("it is no valid pickle (it takes from an empty stack)")
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def pop_mark(self) -> list[Any]:
        """Take all values down to the mark."""
        if not self.outer_stacks:
            raise RefusedError("it is no valid pickle (it lacks a mark)")
        values, self.stack = self.stack, self.outer_stacks.pop()
        return values

    def mark(self) -> None:
        """Put the stack aside and begin a new one."""
        self.outer_stacks.append(self.stack)
        self.stack = []

    def remember(self, index: int) -> None:
        """Note the topmost value for `recall`."""
        self.memo[index] = self.top()

    def recall(self, index: int) -> None:
        """Push a value that was noted."""
        if index not in self.memo:
            raise RefusedError(f"it is no valid pickle (it recalls no. {index}, unset)")
        self.push(self.memo[index])

    def push_name(self, name: str) -> None:
        """Push what a name stands for; Python 2 called two modules differently."""
        for old, new in (("__builtin__.", "builtins."), ("copy_reg.", "copyreg.")):
            if name.startswith(old):
                name = new + name.removeprefix(old)
        self.push(self.find_name(name))

    def push_name_from_stack(self) -> None:
        """Push what the two topmost strings name."""
        module, name = self.pop_many(2)
        if type(module) is not str or type(name) is not str:
            raise RefusedError("it names something by what is not a string")
        self.push_name(f"{module}.{name}")

    def call(self, named: object, arguments: object) -> None:
        """Push what an admitted function of ours makes of the arguments."""
        if type(named) is not Named or named.make is None:
            raise RefusedError(f"it calls {describe(named)}")
        if type(arguments) is not tuple:
            raise RefusedError(f"it calls {named.name} without a tuple of arguments")
        self.hand_over(arguments)
        self.push(named.make(arguments))

    def hand_over(self, values: object) -> None:
        """Count what can be copied: a pickle may give the same bytes a million times.

        Parameters
        ----------
        values
            Arguments or a state, of which only a tuple's own elements are copied.
        """
        for value in values if type(values) is tuple else ():
            if type(value) in (str, bytes, bytearray):
                self.bytes_handed_over += len(value)
            elif type(value) is list:
                self.bytes_handed_over += 64 * len(value)
        if self.bytes_handed_over > 2 * self.max_bytes:
            raise RefusedError(
                f"it makes more of itself than max_bytes={self.max_bytes} allows"
            )

    def call_marked(self) -> None:
        """Call the value right above the mark with all those above it."""
        named, *arguments = self.pop_mark() or [None]
        self.call(named, tuple(arguments))

    def call_name(self, name: str) -> None:
        """Call what a name stands for with all values above the mark."""
        arguments = tuple(self.pop_mark())
        self.push_name(name)
        self.call(self.pop(), arguments)

    def add_to_list(self, items: list[Any]) -> None:
        """Append to the list on top of the stack."""
        self._add(items, list, list.extend)

    def add_to_set(self, items: list[Any]) -> None:
        """Add to the set on top of the stack."""
        self._add(items, set, lambda target, found: target.update(checked_keys(found)))

    def add_to_dict(self, items: list[Any]) -> None:
        """Add keys and values, which take turns, to the dictionary on top."""
        self._add(items, dict, lambda target, found: target.update(pairs(found)))

    def _add(
        self,
        items: list[Any],
        kind: type,
        add: Callable[[Any, list[Any]], None],
    ) -> None:
        target = self.top()
        if isinstance(target, Record):
            target.add_items(items)
        elif isinstance(target, kind):
            add(target, items)
        else:
            raise RefusedError(f"it adds elements to {describe(target)}")


def describe(value: object) -> str:
    """Name a value in an error without showing, or running, anything of it."""
    if isinstance(value, Named):
        return value.name
    return f"an object of type {type(value).__name__}"


def checked_keys(values: list[Any]) -> list[Any]:
    """Refuse keys whose hash could be asked for without an end.

    A nested tuple that holds itself twice at every level has a hash that takes two to
    the power of its depth steps.
    """
    for value in values:
        parts = value if type(value) is tuple else (value,)
        if not all(isinstance(part, (*PLAIN_TYPES, Named, Record)) for part in parts):
            raise RefusedError(f"it uses {describe(value)} as a key")
    return values


def pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    """Pair keys and values that take turns."""
    if len(items) % 2:
        raise RefusedError("it is no valid pickle (a key has no value)")
    return list(zip(checked_keys(items[::2]), items[1::2], strict=True))


def _instructions(source: BoundedReader) -> Iterator[tuple[str, Any]]:
    try:
        # typeshed asks for a whole file; only read and readline are used.
        for opcode, argument, _ in pickletools.genops(cast(Any, source)):
            yield opcode.name, argument
    except ValueError as error:
        raise RefusedError(f"it is no whole pickle ({error})") from error


def _push_arguments(machine: Machine, argument: object) -> None:
    machine.push(argument)


def _pushes(make: Callable[[], object]) -> Callable[[Machine, Any], None]:
    return lambda machine, _: machine.push(make())


def _takes(count: int) -> Callable[[Machine, Any], None]:
    return lambda machine, _: machine.push(tuple(machine.pop_many(count)))


def _ignore(machine: Machine, argument: object) -> None:
    """PROTO, FRAME and STOP say nothing that matters here."""


_OPERATIONS: dict[str, Callable[[Machine, Any], object]] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), _ignore),
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2"), _push_arguments),
    **dict.fromkeys(("LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"), _push_arguments),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _push_arguments),
    **dict.fromkeys(("UNICODE", "BINUNICODE", "BINUNICODE8"), _push_arguments),
    **dict.fromkeys(("SHORT_BINUNICODE", "BYTEARRAY8"), _push_arguments),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"), _push_arguments),
    "NONE": _pushes(lambda: None),
    "NEWTRUE": _pushes(lambda: True),
    "NEWFALSE": _pushes(lambda: False),
    "EMPTY_LIST": _pushes(list),
    "EMPTY_DICT": _pushes(dict),
    "EMPTY_SET": _pushes(set),
    "EMPTY_TUPLE": _pushes(tuple),
    "TUPLE1": _takes(1),
    "TUPLE2": _takes(2),
    "TUPLE3": _takes(3),
    "MARK": lambda machine, _: machine.mark(),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_mark())),
    "LIST": lambda machine, _: machine.push(machine.pop_mark()),
    "DICT": lambda machine, _: machine.push(dict(pairs(machine.pop_mark()))),
    "FROZENSET": lambda machine, _: machine.push(
        frozenset(checked_keys(machine.pop_mark()))
    ),
    "APPEND": lambda machine, _: machine.add_to_list(machine.pop_many(1)),
    "APPENDS": lambda machine, _: machine.add_to_list(machine.pop_mark()),
    "ADDITEMS": lambda machine, _: machine.add_to_set(machine.pop_mark()),
    "SETITEM": lambda machine, _: machine.add_to_dict(machine.pop_many(2)),
    "SETITEMS": lambda machine, _: machine.add_to_dict(machine.pop_mark()),
    "POP": lambda machine, _: machine.pop() if machine.stack else machine.pop_mark(),
    "POP_MARK": lambda machine, _: machine.pop_mark(),
    "DUP": lambda machine, _: machine.push(machine.top()),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), Machine.remember),
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), Machine.recall),
    "GLOBAL": lambda machine, names: machine.push_name(names.replace(" ", ".", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.push_name_from_stack(),
    "REDUCE": lambda machine, _: machine.call(*machine.pop_many(2)),
    "NEWOBJ": lambda machine, _: machine.call(*machine.pop_many(2)),
    "OBJ": lambda machine, _: machine.call_marked(),
    "INST": lambda machine, names: machine.call_name(names.replace(" ", ".", 1)),
    "BUILD": lambda machine, _: machine.build(machine.pop()),
    "BINPERSID": lambda machine, _: machine.push(
        machine.load_persistent(machine.pop())
    ),
}
