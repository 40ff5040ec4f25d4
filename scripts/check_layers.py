#!/usr/bin/env python3
"""Checks that includes run along the project's layers, and never in a circle.

usage: check_layers.py [ROOT]     (ROOT: the project's folder; default: the one this script is in)

A room is a part of the source that lands in one library; MAY_INCLUDE says which other rooms each
one knows. Exit status: 0 when every include is allowed, 1 otherwise, with one line a violation.
"""
import argparse
import pathlib
import re
import sys

VALUES = {"base", "expr", "problem"}
KERNELS = VALUES | {"plan", "ops-reference"}
RUNTIME = KERNELS | {"engine", "run", "onednn"}
GRAPH = VALUES | {"ir", "ops-reference", "ops"}
EVERYTHING = RUNTIME | GRAPH | {
    "runtime", "import", "passes", "precision", "lower", "tactics", "build", "builder"}

# Room -> rooms of src/ that it may include besides itself. The public headers are open to all.
MAY_INCLUDE = {
    "base": set(),
    "expr": {"base"},
    "problem": {"base", "expr"},
    "plan": VALUES,
    "ops-reference": {"base", "expr"},
    "engine": VALUES | {"plan"},
    "run": KERNELS,
    "onednn": KERNELS | {"run"},
    "runtime": RUNTIME,
    "ir": {"base", "expr"},
    "ops": VALUES | {"ir", "ops-reference"},
    "import": GRAPH,
    "passes": GRAPH,
    "precision": GRAPH,
    "lower": GRAPH | {"plan"},
    "tactics": VALUES | {"plan"},
    "build": KERNELS | {"run", "tactics"},
    "builder": EVERYTHING,
    "public": set(),
    "tools-common": set(),
    "tools": {"tools-common"},
    "python": set(),
    "server": set(),
    "examples": set(),
}
BACKEND_ROOMS = {"run", "build", "onednn"}
FOLDERS = ("src", "include", "tools", "python", "server", "examples")
SUFFIXES = {".h", ".hpp", ".cc", ".cpp", ".c", ".cu", ".cuh", ".inc"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


def room_of(path):
    """The room of a path relative to the root, or None when the layers have no place for it."""
    top, *rest = path.parts
    if top == "include":
        return "public"
    if top == "tools":
        return "tools-common" if rest[0] == "common" else "tools"
    if top != "src":
        return top
    if len(rest) < 2:
        return None
    if rest[0] == "ops":
        return "ops-reference" if re.search(r"\.(attrs|ref)\.", path.name) else "ops"
    if rest[0] == "backends":
        return rest[2] if len(rest) > 3 and rest[2] in BACKEND_ROOMS else None
    return rest[0] if rest[0] in MAY_INCLUDE else None


def domain_of(path, room):
    """What sets files of one room apart: each backend and each program knows only itself."""
    if room in BACKEND_ROOMS:
        return path.parts[2]
    if room == "tools":
        return path.parts[1]
    return None


def resolve(name, includer, files):
    """The file that an include names, relative to the root; None when it is not the project's."""
    top = pathlib.PurePosixPath(includer.parts[0])
    for folder in (includer.parent, pathlib.PurePosixPath("src"),
                   pathlib.PurePosixPath("include"), top, pathlib.PurePosixPath()):
        parts = []
        for part in (folder / name).parts:
            if part == ".." and parts:
                parts.pop()
            else:
                parts.append(part)
        target = pathlib.PurePosixPath(*parts)
        if target in files:
            return target
    if name.endswith("_generated.h"):
        return pathlib.PurePosixPath("src") / name
    return None


def read_includes(root):
    """File -> the project's files it includes with their line numbers, paths relative to root."""
    paths = [p for folder in FOLDERS for p in sorted((root / folder).rglob("*"))
             if p.suffix in SUFFIXES and p.is_file()]
    texts = {pathlib.PurePosixPath(p.relative_to(root).as_posix()): p.read_text(errors="replace")
             for p in paths}
    graph = {}
    for path, text in texts.items():
        graph[path] = []
        for match in INCLUDE.finditer(text):
            target = resolve(match.group(1), path, texts)
            if target is not None and target != path:
                graph[path].append((target, text.count("\n", 0, match.start()) + 1))
    return graph


def violation(path, target):
    """Why `path` may not include `target`, or None when it may."""
    here, there = room_of(path), room_of(target)
    if there == "public" or here is None or there is None:
        return None
    if here != there and there not in MAY_INCLUDE[here]:
        allowed = ", ".join(sorted(MAY_INCLUDE[here] | {"include/cermet"}))
        return f"{here} may not include {there}; it may include {allowed}"
    mine, theirs = domain_of(path, here), domain_of(target, there)
    if mine and theirs and mine != theirs:
        return f"{mine} and {theirs} do not know each other"
    return None


def find_cycle(graph):
    """One circle of includes as a list of files that ends where it starts, or None."""
    finished = set()
    for start in graph:
        if start in finished:
            continue
        trail, position = [start], {start: 0}
        pending = [iter(graph[start])]
        while trail:
            target = next((t for t, _ in pending[-1] if t not in finished), None)
            if target is None:
                finished.add(trail[-1])
                del position[trail.pop()]
                pending.pop()
            elif target in position:
                return trail[position[target]:] + [target]
            else:
                position[target] = len(trail)
                trail.append(target)
                pending.append(iter(graph.get(target, ())))
    return None


def check(root):
    """All violations below root as lines of text, and the number of files read."""
    graph = read_includes(root)
    problems = []
    for path, includes in graph.items():
        if room_of(path) is None:
            problems.append(f"{path}: the layers have no place for this file; see MAY_INCLUDE in "
                            "scripts/check_layers.py")
        for target, line in includes:
            reason = violation(path, target)
            if reason:
                problems.append(f"{path}:{line}: includes {target}: {reason}")
    cycle = find_cycle(graph)
    if cycle:
        problems.append("circle of includes: " + " -> ".join(map(str, cycle)))
    return problems, len(graph)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    problems, files = check(parser.parse_args().root.resolve())
    for problem in problems:
        print(problem)
    print(f"layers: {files} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
