"""The report: report.md with a section an experiment, results.json with everything, pictures."""
import json
import os
import pathlib
import platform

import bars
import timing


def machine():
    model = platform.processor()
    information = pathlib.Path("/proc/cpuinfo")
    if information.exists():
        names = [text for text in information.read_text().splitlines() if "model name" in text]
        model = names[0].partition(":")[2].strip() if names else model
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform()}


def versions(peers):
    found = {}
    for peer in peers:
        try:
            found[peer.name] = peer.version()
        except timing.PeerError as error:
            found[peer.name] = f"unknown: {error}"
    return found


def write(folder, experiments, results, limits, peers):
    """`results` are experiment to list; returns the verdicts."""
    verdicts, sections, pictures = [], [], {}
    for experiment in experiments:
        found = results.get(experiment.NAME, [])
        if not found:
            continue
        own = bars.failures(found) + experiment.verdicts(found, limits)
        drawn = experiment.pictures(found, limits)
        sections += ["", f"## {experiment.NAME}", "", experiment.WORDS, "",
                     *experiment.tables(found), "", *(f"- {verdict}" for verdict in own),
                     *(f"\n![{name}]({name})" for name in drawn)]
        verdicts += own
        pictures.update(drawn)
    about, known = machine(), versions(peers)
    heading = ["# Cermet beside its peers", "",
               f"Processor: {about['processor']}, {about['cores']} cores. Versions: "
               + ", ".join(f"{name} {version}" for name, version in known.items()) + "."]
    (folder / "report.md").write_text("\n".join([*heading, *sections, ""]))
    for name, drawn in pictures.items():
        (folder / name).write_text(drawn)
    document = {"machine": about, "versions": known, "bars": limits,
                "verdicts": [{"held": verdict.held, "words": str(verdict)} for verdict in verdicts],
                "results": results}
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    return verdicts
