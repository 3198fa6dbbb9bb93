"""The layout of a process: where its stack, its heap and its strings are, which its speed depends on.

Theory of operation
    The names and the size of the environment move the stack and the first objects on the heap. CPython looks attributes
    up in a cache whose index depends on the addresses of their names, so two processes that run the same code may
    execute different numbers of instructions, and their data may compete for different lines of the processor's cache
    (Mytkowicz et al., Producing Wrong Data Without Doing Anything Obviously Wrong, ASPLOS 2009). If one side of a
    comparison always has another layout than the other side, because its path is longer, the layout is a bias.

    So a layout has a number. Processes with the same number get the same seed for hashing and an environment that
    differs in nothing but the length of its last variable: that variable makes up for the length of the arguments, so
    that the stack begins at the same address. The keeper turns the randomization of addresses off for them
    (``upecho.processes.keeper``). Another number moves everything. Each round of a measurement uses another one, so the
    layout becomes a random effect over the rounds.

    Not handled: what a program itself derives from its arguments, such as longer strings on the heap. Where a sandbox
    forbids personality(2), as containers may, addresses stay random and differ from process to process. A free-threaded
    Python has its objects from mimalloc, which chooses addresses at random, so only their hashes and the stack agree.
"""

import os
import random
import shutil
from collections.abc import Mapping, Sequence

HASH_SEED = "PYTHONHASHSEED"
LARGEST_HASH_SEED = 4294967295
PREFIX = "UPECHO_LAYOUT_"  # of the variables that move the stack and the heap
MAX_VARIABLES = 64
MAX_VARIABLE_BYTES = 400  # CPython allocates strings of up to 512 bytes beside the names of attributes
MAX_ARGUMENTS_BYTES = 16384  # longer ones are not made up for
POINTER_BYTES = 8


def environment(base: Mapping[str, str], argv: Sequence[str], layout: int) -> dict[str, str]:
    """Return the environment with which a program has a layout.

    Args:
        base: Environment that the program would have otherwise.
        argv: The program and its arguments.
        layout: Number of the layout.
    """
    source = random.Random(layout)
    own = {
        f"{PREFIX}{number:02}": "." * source.randrange(MAX_VARIABLE_BYTES)
        for number in range(source.randrange(MAX_VARIABLES))
    }
    seed = source.randrange(1, LARGEST_HASH_SEED)
    kept = {name: value for name, value in base.items() if not name.startswith(PREFIX)}
    padding = max(0, MAX_ARGUMENTS_BYTES - _arguments_bytes(argv))
    return kept | own | {HASH_SEED: str(seed).zfill(10), f"{PREFIX}END": "." * padding}


def _arguments_bytes(argv: Sequence[str]) -> int:
    """Return how much of the stack the name and the arguments of a program take: execve(2)."""
    name = shutil.which(argv[0]) or argv[0]
    return sum(len(os.fsencode(text)) + 1 for text in (name, *argv)) + POINTER_BYTES * len(argv)
