"""Why a visit is left out of a plan, in a sentence."""

from collections.abc import Mapping

from webapp.routing.rules.problem import Problem, Task, Worker, able


def why_left(problem: Problem, task: Task, skill_names: Mapping[int, str], zone_name: str) -> str:
    """What keeps a task from being placed: nobody may, nobody works then, or nobody has the time."""
    if not problem.workers:
        return "Nobody works that day."
    lacking = _nobody_may(problem, task, skill_names, zone_name)
    if lacking:
        return lacking
    fit = [w for w in problem.workers if able(w, task)]
    if not any(_works_then(w, task) for w in fit):
        who = "everybody’s shift" if len(fit) == len(problem.workers) else "the shifts of all who could do it"
        return f"Its window lies outside {who}." if task.windows else f"It takes longer than {who}."
    names = sorted(w.name for w in fit)
    if len(fit) <= 3:
        who = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
        return f"Only {who} could do it, and there is no time left in the day that fits."
    return f"All {len(fit)} who could do it are booked when it would have to be done."


def _nobody_may(problem: Problem, task: Task, skill_names: Mapping[int, str], zone_name: str) -> str:
    for skill, level in task.needs.items():
        best = max((w.skills.get(skill, 0) for w in problem.workers), default=0)
        name = skill_names.get(skill, "the skill it needs")
        if best == 0:
            return f"Nobody who works that day has {name}."
        if best < level:
            return f"Nobody who works that day has {name} at level {level}; the best is {best}."
    if any(able(w, task) for w in problem.workers):
        return ""
    skilled = [w for w in problem.workers if all(w.skills.get(s, 0) >= n for s, n in task.needs.items())]
    if not skilled:
        return "Nobody who works that day has all the skills it needs."
    return f"Nobody who could do it works in {zone_name or 'its zone'}."


def _works_then(worker: Worker, task: Task) -> bool:
    if not task.windows:
        return worker.begins + task.seconds <= worker.ends
    return any(
        max(start, worker.begins) <= end and max(start, worker.begins) + task.seconds <= worker.ends
        for start, end in task.windows
    )
