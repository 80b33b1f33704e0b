"""Which SQL keeps evals."""

from typing import Any, cast

from sqlalchemy import Connection, Row, delete, insert, select, update

from evald.adapters.sql.documents import Document, document_text, read_document
from evald.adapters.sql.pages import after_key, beyond, read_page
from evald.adapters.sql.runs import delete_runs
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import EVALS, RUNS
from evald.ports.kept import Page
from evald.wire.criteria import read_criterion
from evald.wire.evals import Eval, ImportedEval, changed_eval, composed_eval
from evald.wire.pages import ListEvalsQuery

SHOWN = [EVALS.c.document, EVALS.c.imported]


class SqlEvalTable:
    """Evals in a table. Fulfils `evald.ports.store.EvalTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def insert(self, project_id: str, an_eval: Eval) -> None:
        """The eval is kept."""
        self.session.connection.execute(
            insert(EVALS).values(
                id=an_eval.id,
                project_id=project_id,
                created_at=an_eval.created_at,
                updated_at=an_eval.created_at,
                **_documents(an_eval),
            )
        )

    @in_thread
    def page(self, project_id: str, query: ListEvalsQuery) -> Page[Eval]:
        """A page; ties of a second are broken by insertion.

        Raises:
            CursorUnknown: `after` is no eval of the project.
        """
        by_update = query.order_by == "updated_at"
        key = [EVALS.c.updated_at if by_update else EVALS.c.created_at, EVALS.c.seq]
        mine = EVALS.c.project_id == project_id
        after = after_key(
            self.session.connection, query, select(*key).where(mine, EVALS.c.id == query.after)
        )
        rows = beyond(select(*SHOWN).where(mine), key, after=after, query=query)
        return read_page(self.session.connection, rows, read_eval, limit=query.limit)

    @in_thread
    def get(self, project_id: str, eval_id: str) -> Eval | None:
        """The eval, if it is there; in a transaction that may write, nobody else changes it now."""
        return _find(self.session.connection, project_id, eval_id, lock=self.session.may_write)

    @in_thread
    def update(self, project_id: str, an_eval: Eval, *, updated_at: int) -> None:
        """Name and metadata of the eval of this id are now these; nothing else of it changes."""
        kept = _find(self.session.connection, project_id, an_eval.id, lock=True)
        if kept is None:
            return
        changed = changed_eval(kept, {"name": an_eval.name, "metadata": dict(an_eval.metadata)})
        self.session.connection.execute(
            update(EVALS)
            .where(EVALS.c.id == an_eval.id)
            .values(updated_at=updated_at, **_documents(changed))
        )

    @in_thread
    def delete(self, project_id: str, eval_id: str) -> list[str]:
        """The eval and its runs are gone; returns the ids of those runs, oldest first."""
        run_ids = delete_runs(
            self.session.connection, RUNS.c.project_id == project_id, RUNS.c.eval_id == eval_id
        )
        self.session.connection.execute(
            delete(EVALS).where(EVALS.c.project_id == project_id, EVALS.c.id == eval_id)
        )
        return run_ids


def _find(connection: Connection, project_id: str, eval_id: str, *, lock: bool) -> Eval | None:
    found = select(*SHOWN).where(EVALS.c.project_id == project_id, EVALS.c.id == eval_id)
    if lock:
        # Else an eval could go between the look at it and a run of it; SQLite leaves it out.
        found = found.with_for_update(key_share=True)
    row = connection.execute(found).one_or_none()
    return None if row is None else read_eval(row)


def _documents(an_eval: Eval) -> dict[str, str | None]:
    imported = an_eval.imported if isinstance(an_eval, ImportedEval) else None
    return {
        "document": document_text(composed_eval(an_eval)),
        "imported": None if imported is None else document_text(imported),
    }


def read_eval(row: Row[Any]) -> Eval:
    """The eval of this row of the table."""
    kept = read_document(row.document)
    criteria = cast(list[Document], kept["testing_criteria"])
    # Not validated again: that would cost the numbers the text they were written with.
    an_eval = Eval.model_construct(
        id=cast(str, kept["id"]),
        created_at=cast(int, kept["created_at"]),
        name=cast(str, kept["name"]),
        metadata=cast(dict[str, str], kept["metadata"]),
        data_source_config=cast(Document, kept["data_source_config"]),
        testing_criteria=[read_criterion(each) for each in criteria],
    )
    if row.imported is None:
        return an_eval
    return ImportedEval.model_construct(**dict(an_eval), imported=read_document(row.imported))
