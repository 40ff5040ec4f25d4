"""Pieces of work whose results are kept at once, so that a run goes on where the last one ended."""
import dataclasses
import json
import os
import pathlib
import shutil
import time
import typing


@dataclasses.dataclass
class Piece:
    """`work()` returns a dict that JSON can hold; `name` is EXPERIMENT/ROW, unique."""
    name: str
    work: typing.Callable[[], dict]

    @property
    def experiment(self):
        return self.name.partition("/")[0]


class Store:
    """A folder: what the results are of, and a file a piece."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def open(self, conditions):
        """Refuses to add to results of another program or other settings."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "conditions.json"
        if not file.exists():
            write_whole(file, conditions)
            return
        there = json.loads(file.read_text())
        if different := sorted(key for key in {*there, *conditions}
                               if there.get(key) != conditions.get(key)):
            raise ValueError("; ".join(
                f"{self.folder} holds results with {key} {there.get(key)}, now it is "
                f"{conditions.get(key)}" for key in different)
                + ": name another folder by --results, or begin anew by --fresh")

    def clear(self):
        """Forgets what runs left here, and nothing else that may lie in the folder."""
        for name in ("pieces", "engines"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / "conditions.json").unlink(missing_ok=True)

    def path(self, name):
        return self.folder / "pieces" / f"{name}.json"

    def get(self, name):
        file = self.path(name)
        return json.loads(file.read_text()) if file.exists() else None

    def put(self, name, result):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path(name), result)

    def forget(self, text):
        """Results whose name holds `text` are measured again."""
        for file in (self.folder / "pieces").glob("*/*.json"):
            if text in f"{file.parent.name}/{file.stem}":
                file.unlink()

    def results(self, pieces):
        """Of these pieces, in their order, those that are there: experiment to list."""
        found = {}
        for piece in pieces:
            if (result := self.get(piece.name)) is not None:
                found.setdefault(piece.experiment, []).append(result)
        return found


def write_whole(file, document):
    """A run that is killed leaves no half of a file."""
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(document, indent=1) + "\n")
    os.replace(unfinished, file)


def work_on(pieces, store, seconds=None, say=print, clock=time.monotonic):
    """Does what is missing; with `seconds`, begins no piece that looks too long for the rest.

    Returns how many pieces are still missing. A piece is taken to need as long as the longest of
    its experiment in this run.
    """
    begin, longest = clock(), {}
    for index, piece in enumerate(pieces):
        if store.get(piece.name) is not None:
            continue
        start = clock()
        if seconds is not None and start - begin + longest.get(piece.experiment, 0) >= seconds:
            return sum(store.get(rest.name) is None for rest in pieces[index:])
        store.put(piece.name, piece.work())
        taken = clock() - start
        longest[piece.experiment] = max(taken, longest.get(piece.experiment, 0))
        say(f"{piece.name}: {taken:.1f} s")
    return 0
