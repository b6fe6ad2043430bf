"""Blueprints for JSON APIs: each route states its permission, its schemas and its dialect, and is documented by them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, request
from pydantic import BaseModel

from webapp.kit import idempotency, permissions, requests
from webapp.kit.dialects import Dialect
from webapp.kit.permissions import Rule

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Route:
    """What one API route is: for dispatching and for the OpenAPI document."""

    dialect: Dialect
    method: str
    path: str
    summary: str
    description: str
    rule: Rule
    tag: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    returns: Any = None  # a pydantic model, a list of one, or None
    paged: bool = False
    status: int = 200
    media_type: str = "application/json"
    scope: str = ""  # growth: read, write, admin
    creates: bool = False  # takes an Idempotency-Key


ROUTES: list[Route] = []


class Api(Blueprint):
    """A blueprint that speaks one dialect.

        api = Api("sales_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Sales")

        @api.post("/sales", permission="sales.record", body=SaleIn, returns=SaleOut, status=201)
        def record(body: SaleIn) -> dict[str, Any]: ...

    A view receives `body` and `query` as validated models beside its path variables, and returns plain data, a
    `Page`, a `Slice` or a ready Response.
    """

    def __init__(self, name: str, import_name: str, *, dialect: Dialect, url_prefix: str, tag: str) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix)
        self.dialect, self.tag = dialect, tag
        self.prefix = url_prefix

    def endpoint_route(
        self,
        method: str,
        rule: str,
        *,
        permission: str | tuple[str, ...] = "",
        public: str = "",
        signed_in: bool = False,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        returns: Any = None,
        paged: bool = False,
        status: int = 200,
        media_type: str = "application/json",
        scope: str = "",
        summary: str = "",
        creates: bool | None = None,
    ) -> Callable[[F], F]:
        """Register a view. `creates` (POSTs answered 201 by default) accepts an Idempotency-Key."""
        takes_key = creates if creates is not None else (method == "POST" and status == 201)
        names = (permission,) if isinstance(permission, str) and permission else tuple(permission or ())
        if names:
            permissions.requires(*names)(lambda: None)  # refuses undeclared names at start-up
        access = Rule(permissions=names, public=public, signed_in=signed_in)

        def register(view: F) -> F:
            text = (view.__doc__ or "").strip()
            route = Route(self.dialect, method, self.prefix + rule, summary or text.split("\n")[0].rstrip("."), text,
                          access, self.tag, body, query, returns, paged, status, media_type, scope, takes_key)  # fmt: skip

            @wraps(view)
            def call(**path: Any) -> Any:
                if body is not None:
                    path["body"] = requests.body(body)
                if query is not None:
                    path["query"] = requests.query(query)
                else:
                    requests.no_query()
                key = request.headers.get("Idempotency-Key") if takes_key and not public else None
                if key is None:
                    return self.dialect.success(view(**path), status)
                raw = request.get_data()
                replayed = idempotency.begin(key, raw)
                if replayed is not None:
                    return replayed
                answer = self.dialect.success(view(**path), status)
                idempotency.finish(key, raw, answer)
                return answer

            call.__permission__ = access  # type: ignore[attr-defined]  # read by permissions.rule_of
            call.__api__ = route  # type: ignore[attr-defined]  # read by route_of and the OpenAPI document
            ROUTES.append(route)
            self.add_url_rule(rule, f"{view.__name__}_{method.lower()}", call, methods=[method])
            return view

        return register

    def get(self, rule: str, **options: Any) -> Callable[[F], F]:
        return self.endpoint_route("GET", rule, **options)

    def post(self, rule: str, **options: Any) -> Callable[[F], F]:
        return self.endpoint_route("POST", rule, **options)

    def put(self, rule: str, **options: Any) -> Callable[[F], F]:
        return self.endpoint_route("PUT", rule, **options)

    def patch(self, rule: str, **options: Any) -> Callable[[F], F]:
        return self.endpoint_route("PATCH", rule, **options)

    def delete(self, rule: str, **options: Any) -> Callable[[F], F]:
        return self.endpoint_route("DELETE", rule, **options)


def route_of(view: Callable[..., Any] | None) -> Route | None:
    return getattr(view, "__api__", None)
