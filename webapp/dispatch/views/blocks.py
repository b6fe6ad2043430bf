"""Blocks on lanes, and time off that technicians ask for, in the office."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request

from webapp.dispatch import forms, settings, words
from webapp.dispatch.permissions import SCHEDULE_EDIT
from webapp.dispatch.queries import schedules as reading
from webapp.dispatch.schedule_forms import BlockForm, DecisionForm
from webapp.dispatch.schedule_schemas import BlockChange
from webapp.dispatch.service import blocks as service
from webapp.dispatch.service import undo
from webapp.dispatch.views import board_bp
from webapp.dispatch.views.moving import as_json
from webapp.kit import clock, errors, journal, json, pages, requests
from webapp.kit import forms as kit_forms
from webapp.kit import words as kit_words
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import LaneBlock, Technician
from webapp.technicians import queries as technicians


@board_bp.route("/blocks/new", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def new_block() -> Response:
    """Put a block on a lane; `?technician=&start=&end=` begins with a place on the board."""
    form = BlockForm(data=_asked())
    _choices(form)

    def act() -> None:
        block = service.create(form.technician_id.data, _values(form))
        _said(block, "is on the lane", undo.of_block(block, None))

    return _dialog(form, act, "New block", "/dispatch/blocks/new", "Add block")


@board_bp.route("/blocks/<int:block_id>", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def edit_block(block_id: int) -> Response:
    """Change a block."""
    block, zone = get(LaneBlock, block_id, what="block"), settings.zone()
    data = {n: getattr(block, n) for n in ("technician_id", "kind", "title", "note")}
    data |= {n: forms.local(getattr(block, n), zone) for n in ("starts_at", "ends_at")}
    form = BlockForm(data=data)
    _choices(form, block.technician_id)
    before = journal.snapshot(block)

    def act() -> None:
        changed = service.update(block_id, _values(form), technician_id=form.technician_id.data,
                                 version=request.form.get("version", type=int))  # fmt: skip
        _said(changed, "is changed", undo.of_block(changed, before))

    return _dialog(form, act, "Change block", f"/dispatch/blocks/{block_id}", "Save", block=block)


@board_bp.post("/blocks/<int:block_id>/delete")
@requires(SCHEDULE_EDIT)
def delete_block(block_id: int) -> Response:
    """Take a block off its lane."""
    kept = service.remove(block_id)
    what = kept["title"] or words.BLOCKS[kept["kind"]]
    pages.toast(
        f"{what} is off the lane.", undo_url=f"/dispatch/undo/{undo.of_removed('block-removed', kept)}"
    )
    return _after()


@board_bp.post("/blocks/<int:block_id>/move")
@requires(SCHEDULE_EDIT)
@as_json
def move_block(block_id: int) -> Response:
    """Move or stretch a block on the board."""
    body = requests.body(BlockChange)
    block = get(LaneBlock, block_id, what="block")
    before = journal.snapshot(block)
    sent = body.model_dump(exclude_unset=True)
    moved = service.update(block_id, sent, technician_id=sent.get("technician_id"), version=body.version)
    token = undo.of_block(moved, before) if moved.version != before["version"] else ""
    return json.answer({
        "id": moved.id, "version": moved.version,
        "toast": {"kind": "success", "text": _text(moved, "is moved"), "undo_url": f"/dispatch/undo/{token}" if token else ""},
    })  # fmt: skip


def _asked() -> dict[str, Any]:
    zone = settings.zone()
    found: dict[str, Any] = {"technician_id": request.args.get("technician", type=int), "kind": "meeting"}
    start = clock.now().astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    start += timedelta(minutes=-start.minute % 15)
    ends: datetime | None = None
    try:
        start = datetime.fromisoformat(request.args.get("start", "")).astimezone(ZoneInfo(zone))
        ends = datetime.fromisoformat(request.args.get("end", "")).astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError):
        pass  # begins with now
    found["starts_at"] = start.replace(tzinfo=None)
    found["ends_at"] = (ends or start + timedelta(hours=1)).replace(tzinfo=None)
    return found


def _choices(form: BlockForm, with_id: int | None = None) -> None:
    form.technician_id.choices = kit_forms.choices(technicians.choices(with_id=with_id))


def _values(form: BlockForm) -> dict[str, Any]:
    zone = settings.zone()
    found = {n: getattr(form, n).data for n in ("kind", "title", "note")}
    return found | {n: forms.moment(getattr(form, n).data, zone) for n in ("starts_at", "ends_at")}


def _text(block: LaneBlock, what: str) -> str:
    name = block.title or words.BLOCKS[block.kind]
    when = kit_words.date_words(block.starts_at, until=block.ends_at, zone=settings.zone())
    under = reading.visits_under(block.technician_id, block.starts_at, block.ends_at)
    more = f" {kit_words.plural(len(under), 'visit lies', 'visits lie')} under it." if under else ""
    return f"{name} {what}: {get(Technician, block.technician_id).name}, {when}.{more}"


def _said(block: LaneBlock, what: str, token: str) -> None:
    under = reading.visits_under(block.technician_id, block.starts_at, block.ends_at, 1)
    pages.toast(_text(block, what), "warning" if under else "success", undo_url=f"/dispatch/undo/{token}")


def _after() -> Response:
    return pages.done("dispatch-changed") if pages.is_htmx() else pages.redirect(pages.back("/dispatch"))


def _dialog(form: Any, act: Any, title: str, action: str, submit: str, **more: Any) -> Response:
    refused = request.method == "POST"
    if refused and form.validate():
        try:
            act()
        except errors.AppError as problem:
            form.blame(problem)
        else:
            return _after()
    return pages.render(
        "dispatch/block.html", block="form" if refused else {"dialog": "dialog"}, status=422 if refused else 200,
        page_title=title, title=title, form=form, action=action, submit=submit, **{"record": None, **_renamed(more)},
    )  # fmt: skip


def _renamed(more: dict[str, Any]) -> dict[str, Any]:
    return {"record" if k == "block" else k: v for k, v in more.items()}  # `block` is render's own word


# Time off -----------------------------------------------------------------------------------------------------------


@board_bp.get("/time-off")
@requires(SCHEDULE_EDIT)
def time_off() -> Response:
    """Requests that wait, each with the visits in its way; and what was decided."""
    waiting = [
        {**row._mapping, "under": reading.visits_under(row.technician_id, row.starts_at, row.ends_at)}
        for row in reading.leave("requested")
    ]
    decided = [row for status in ("approved", "declined") for row in reading.leave(status, limit=30)]
    decided.sort(key=lambda row: row.starts_at, reverse=True)
    return pages.render("dispatch/time_off.html", block={"requests": "requests"}, page_title="Time off", waiting=waiting,
                        decided=decided)  # fmt: skip


@board_bp.route("/time-off/<int:block_id>/<any(approve, decline):what>", methods=["GET", "POST"])
@requires(SCHEDULE_EDIT)
def decide(block_id: int, what: str) -> Response:
    """Approve or decline time off, with a word to the technician."""
    block = get(LaneBlock, block_id, what="block")
    form = DecisionForm()
    refused = request.method == "POST"
    decision = {"approve": "approved", "decline": "declined"}[what]
    if refused and form.validate():
        try:
            service.decide(
                block_id, decision, note=form.note.data, version=request.form.get("version", type=int)
            )
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"The time off is {decision}.")
            if pages.is_htmx():
                return pages.done("dispatch-changed")
            return pages.redirect("/dispatch/time-off")
    name = get(Technician, block.technician_id).name
    return pages.render(
        "dispatch/decide.html", block="form" if refused else {"dialog": "dialog"}, status=422 if refused else 200,
        page_title=f"Time off of {name}", form=form, record=block, name=name, what=what,
        under=reading.visits_under(block.technician_id, block.starts_at, block.ends_at),
    )  # fmt: skip
