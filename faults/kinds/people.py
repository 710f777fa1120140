"""Eight people at once on one list and one budget."""

from __future__ import annotations

from faults import papers
from faults.registry import Proof, Scene, fault


@fault("eight_approvers", "eight people serve, list, approve and release at the same moment")
def eight_approvers(scene: Scene) -> Proof:
    scene.papers.drop(papers.CROWD_DONE)
    scene.papers.write(papers.CROWD)

    def done() -> str:
        ended = scene.papers.read(papers.CROWD_DONE)
        refused = sum(ended.values()) - ended.get("done", 0) if ended else 0
        return f"ended: {ended}" if refused else ""

    def is_over() -> bool:
        # Looked at all the while: what two of them spoil, a third may put right a moment later.
        scene.look()
        return scene.papers.has(papers.CROWD_DONE)

    scene.world.wait(12, is_over)
    return done
