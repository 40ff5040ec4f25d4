"""Rounds of peers, one after the other and in turning order."""
import statistics

import timing


class Rounds:
    """A peer that fails leaves its reason in `errors` and takes no further part."""

    def __init__(self, peers):
        self.live = list(peers)
        self.errors = {}

    def attempt(self, work, order=None):
        """work(peer) of each peer still live; returns name to result."""
        done = {}
        for peer in order or list(self.live):
            try:
                done[peer.name] = work(peer)
            except Exception as error:  # whatever a library throws is that peer's result
                self.errors[peer.name] = str(error)
                self.live.remove(peer)
        return done

    def take(self, rounds, work):
        """work(peer) in each round; returns name to the list of its results."""
        found = {}
        for index in range(rounds):
            turn = index % max(1, len(self.live))
            for name, value in self.attempt(work, self.live[turn:] + self.live[:turn]).items():
                found.setdefault(name, []).append(value)
        return {peer.name: found[peer.name] for peer in self.live if rounds}

    def compare_outputs(self):
        """Every peer against ONNX Runtime, or against the last peer where that takes no part.

        Returns the reference's name and name to relative error.
        """
        outputs = self.attempt(lambda peer: peer.outputs())
        if len(outputs) < 2:
            return None, {}
        reference = "ort" if "ort" in outputs else list(outputs)[-1]
        others = [peer for peer in self.live if peer.name != reference]
        return reference, self.attempt(
            lambda peer: timing.relative_error(outputs[peer.name], outputs[reference]), others)


def medians(found):
    return {name: statistics.median(values) for name, values in found.items()}
