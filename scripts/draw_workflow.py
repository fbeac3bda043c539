"""Write docs/workflow.md from the workflow's table, and the rooms' picture in docs/architecture.md from the imports.

Both are committed; tests/docs compares them with what the code says now.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cityops.accounts.posts import Post
from cityops.cases.names import FINAL_STAGES, STAGE_LABELS, Source, Stage, StepName
from cityops.cases.requests import DEFAULT_TERMS, RequestRule
from cityops.cases.requests import RULES as ASKED
from cityops.cases.steps import DONE, ClockAct, Step, Way
from cityops.cases.workflow import SOURCES_OF, STEPS, needs_verifying
from scripts import translations

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = ROOT / "docs" / "workflow.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: written by make diagrams -->", "<!-- end of rooms -->"
STEP_HEAD = ("step", "中文", "who", "from", "to", "needs", "clocks", "answered")
ASKING = ("request", "中文", "asked by", "at", "needs", "decided by", "granting is")
REQUEST_HEAD = (*ASKING, "within", "bounds", "dies with")
REQUESTS = """What may be asked for a case, from the table in `cityops/cases/requests.py`. Granting takes the step
named; its row above says what happens to stage and clocks. Who asked does not decide. The numbers are the defaults: a
city sets its own under Settings, Requests. Undecided, a request dies with the assignment or the case for which it was
made; an appeal waits for its decision.

"""
STAGE_HEAD = ("stage", "中文", "in English", "steps")
ROOMS = (
    "simulation",
    "demo",
    "rehearsal",
    "notices",
    "assessment",
    "patrol",
    "hotline",
    "roster",
    "cases",
    "catalog",
    "grid",
    "worktime",
    "accounts",
)

INTRODUCTION = """# The workflow

This page is written by `make diagrams` from the table in `cityops/cases/workflow.py`; buttons, permissions, API answers
and tests read the same table. Chinese words and their English: [glossary.md](glossary.md). How limits are counted:
[worktime.md](worktime.md).
"""

RULES = """
## What the table cannot say

- **Who may.** A post counts only over the jurisdiction it is held for, and a handler's only for his own body and those
  under it. Where a case lies outside, it is not there (404); where the post is missing, the step is refused (403). A
  case outside every cell is moved on by posts for the whole city; who took it in still sees it.
- **Which centre.** Where the city says which centres are in charge of a place, only theirs dispatch (and decide what
  dispatchers decide), file, judge and close. The command centre may hand a case to one below it (`hand_down`), which
  signs for it by a clock of its own (`sign_at_desk`), dispatches it or hands it back; a centre above takes over
  (`take_over`) what stays lying. Every desk has the dispatching clock to itself.
- **Who handles never judges.** {judged} may not be taken by who took {handled}. `recheck` may
  not be taken by who reported, verified, checked or closed the case either. Photos too are
  added by whose proof they are: those of the verification and the check by inspectors only.
- **Sources.** What a report came from decides whether it is verified, so each post has its own:
{sources}
- **Recounting.** `recount` is taken by nobody alone: after a calendar has changed, an administrator has the open clocks
  on it [counted anew](worktime.md#counting-anew-after-a-change), one such step in each case that moves.
- **Versions.** A step names the version of the case that its caller saw. A stale one is refused (409), with who moved
  the case and when.
- **Verifying.** Reports of the public and of machines ({verified}) are verified by an inspector
  before filing; all others go straight to the duty leader.
- **More time, pauses.** Asked for by the due moment; more time never for urgent conditions. A suspended case's clock
  stands still until its day, however late somebody notices, and runs on by itself; reporting back ends the suspension.
- **Voided** is held against nobody; **closed by force** never counts as on time; an upheld **appeal** takes the case
  out of the body's figures, and the mark stays in its history. A closed case can be **reopened** for some days: it goes
  back to the dispatcher. Its old clocks stay as they were; handling begins anew, and is scored beside the first time.
- **Merged** (并案) ends in a stage of its own and in nobody's figures: its clocks stand still, its requests and tasks
  are over, its reporters are told when the main case ends. What was merged into it before is carried along. Only what
  is not reported back yet is merged, into a case that is not over; a filed one into one that was filed before it, so
  that nobody gets off a limit. Taken apart while the main case is open, it goes on at the stage where it stood: the
  time between was a pause. Its co-handlers' tasks and its requests do not come back.
- **Split and linked** cases go their own ways: neither touches a clock or a figure.
- **Handling.** Its clock starts at the dispatch with the filing condition's limit. It stands still while the case waits
  for its check, and while a case that was sent back waits for another dispatch. After a failed check the remaining
  time runs on. Back to the same body the remaining time runs on as well; another body begins anew.
- **Phases.** Under a condition with phases of handling (处置阶段), what passed its check goes on to the next one: the
  same body keeps it (`next`), or another is dispatched (`other`), with a clock of that phase's limit from then on.
  Where a phase needs no check it goes on when it is reported back, unless co-handlers still have a task: then it is
  checked. Sending back, passing on, rework and requests stay inside a phase; more time is asked for by the limit of
  the phase. The last phase is checked and closed as ever. A reopened case begins with its first phase.
- **On time** means reported back by the due time *and* passed at the check.
- **A simple case** (简易案件) is put right by the inspector who found it, where its filing condition allows that. It
  passes the review only with a photo before and one after, and is counted apart.
- **Answers.** Steps marked so are answered to every reporter who left a telephone.
"""


def main() -> int:
    """Write both pages; with `--check` only say whether they are up to date."""
    pages = {WORKFLOW: workflow_page(), ARCHITECTURE: with_rooms(ARCHITECTURE.read_text("utf-8"))}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" not in sys.argv[1:]:
        for path in stale:
            path.write_text(pages[path], encoding="utf-8")
        return 0
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} is not what the code says: run `make diagrams`\n")
    return 1 if stale else 0


def diagram() -> str:
    """The workflow as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for step in STEPS.values():
        for result, way in step.ways.items():
            word = step.name.value if result == DONE else f"{step.name.value} ({result})"
            posts = ", ".join(post.value for post in step.posts) or "for many at once"
            lines += [
                f"    {stage.value if stage else '[*]'} --> {_target(way, stage)}: {word} · {posts}"
                for stage in way.stages or step.stages or (None,)
            ]
    lines += [f"    {stage.value} --> [*]" for stage in Stage if stage in FINAL_STAGES]
    return "\n".join(lines) + "\n"


def _target(way: Way, stage: Stage | None) -> str:
    to = way.to or stage
    return to.value if to is not None else "[*]"


def workflow_page() -> str:
    """docs/workflow.md as the table says it."""
    chinese = {str(message.id): str(message.string) for message in translations.read() if message.id}
    parts = [INTRODUCTION, "\n## Diagram\n\n```mermaid\n", diagram(), "```\n\n## Steps\n\n"]
    parts += [_table(STEP_HEAD, (_step_row(step, chinese) for step in STEPS.values()))]
    parts += [
        "\n## Requests\n\n",
        REQUESTS,
        _table(REQUEST_HEAD, (_request_row(rule, chinese) for rule in ASKED.values())),
    ]
    parts += ["\n## Stages\n\n", _table(STAGE_HEAD, (_stage_row(stage, chinese) for stage in Stage))]
    verified = ", ".join(source.value for source in Source if needs_verifying(source))
    judging = [step for step in STEPS.values() if step.not_after and not step.is_of_sample]
    return "".join(parts) + RULES.format(
        verified=verified,
        judged=", ".join(f"`{step.name.value}`" for step in judging),
        handled=" or ".join(sorted({f"`{name.value}`" for step in judging for name in step.not_after})),
        sources="\n".join(_source_line(post, sources) for post, sources in SOURCES_OF.items()),
    )


def rooms_picture() -> str:
    """The imports between rooms as a Mermaid flow chart; an arrow points at what is imported."""
    arrows = sorted({(room, other) for room in ROOMS for other in _imported_rooms(room)})
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    {room} --> {other}" for room, other in arrows]
    return "\n".join([*lines, "```"])


def with_rooms(page: str) -> str:
    """A page with its picture of the rooms renewed."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{rooms_picture()}\n{END}{after}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _step_row(step: Step, chinese: Mapping[str, str]) -> tuple[str, ...]:
    name = f"`{step.name.value}`"
    stages = "<br>".join(stage.value for stage in step.stages) or "a new case"
    ways = {_result(step, result): way for result, way in step.ways.items()}
    to = "<br>".join(f"{result}{way.to.value if way.to else 'stays'}" for result, way in ways.items())
    clocks = "<br>".join(f"{result}{_acts(way)}" for result, way in ways.items())
    needs = ", ".join(need.value for need in step.needs)
    label, answered = chinese.get(step.label, ""), "yes" if step.is_answered else ""
    return name, label, _posts(step.posts), stages, to, needs, clocks, answered


def _request_row(rule: RequestRule, chinese: Mapping[str, str]) -> tuple[str, ...]:
    terms = DEFAULT_TERMS[rule.kind]
    bounds = [f"{terms.most_times} times under an assignment"] if terms.most_times else []
    bounds += [f"{terms.share * 100:g} % of the limit"] if terms.share else []
    bounds += [f"{terms.most_days} days"] if terms.most_days else []
    bounds += [f"{terms.month_share * 100:g} % of a body's month"] if terms.month_share else []
    return (
        f"`{rule.kind.value}`",
        chinese.get(rule.label, ""),
        _posts(rule.askers),
        "<br>".join(stage.value for stage in rule.stages),
        ", ".join(["reason", *(ask.value for ask in rule.asks)]),
        _posts(rule.deciders),
        f"`{rule.step.value}`",
        f"{terms.decide.value:g} {terms.decide.unit.value.replace('_', ' ')}",
        "<br>".join(bounds),
        rule.life.value,
    )


def _result(step: Step, result: str) -> str:
    if result == DONE:
        return ""
    return f"{'to be verified' if result == 'verify' and step.name is StepName.ACCEPT else result.replace('_', ' ')}: "


def _acts(way: Way) -> str:
    words = {ClockAct.START_OR_RESUME: "start or resume"}
    return ", ".join(f"{words.get(act, act.value)} {name.value}" for name, act in way.clocks)


def _posts(posts: tuple[Post, ...]) -> str:
    return ", ".join(post.value.replace("_", " ") for post in posts) or "for many at once"


def _source_line(post: Post, sources: frozenset[Source]) -> str:
    words = ", ".join(source.value for source in Source if source in sources)
    return f"  - {post.value.replace('_', ' ')}: {words}"


def _stage_row(stage: Stage, chinese: Mapping[str, str]) -> tuple[str, ...]:
    steps = ", ".join(f"`{step.name.value}`" for step in STEPS.values() if stage in step.stages)
    label = STAGE_LABELS[stage]
    return f"`{stage.value}`", chinese.get(label, ""), label, steps or ("the end" if stage in FINAL_STAGES else "")


def _imported_rooms(room: str) -> Iterator[str]:
    for path in sorted((ROOT / "cityops" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name in _modules(node):
                parts = name.split(".")
                if parts[0] == "cityops" and len(parts) > 1 and parts[1] in ROOMS and parts[1] != room:
                    yield parts[1]


def _modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module == "cityops":
        yield from (f"cityops.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)


if __name__ == "__main__":
    sys.exit(main())
