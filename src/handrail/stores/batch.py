"""Many units of work in one transaction, as if each had one of its own.

A unit that fails before it wrote fails alone. After it wrote, the batch is rolled back and replayed with a savepoint
around each unit: units are safe to run twice. Trouble with the database itself fails the whole batch.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress

from handrail.requests.errors import StoreError
from handrail.stores.failures import is_of_the_unit, translate
from handrail.stores.job import Job
from handrail.stores.migration import check_level
from handrail.stores.transaction import Transaction


def commit(
    transaction: Transaction,
    jobs: Sequence[Job],
    *,
    begin: str,
    where: str,
    then: Callable[[], None],
    written: Callable[[], None],
) -> None:
    """Run the jobs and commit what they wrote; `then` goes on with that, `written` is called in front of the commit.

    Raises the error of SQLite, or a `StoreError`, if nothing of the batch was committed.
    """
    connection = transaction.connection
    if connection.in_transaction:  # a rollback has failed; by now it may not any more
        connection.execute("ROLLBACK")
    connection.execute(begin)
    try:
        check_level(connection, where)
        if not _run_together(transaction, jobs, where, then):
            connection.execute("ROLLBACK")
            transaction.forget()
            connection.execute(begin)
            _run_apart(transaction, jobs, where)
        written()
        connection.execute("COMMIT")
    except BaseException:
        transaction.forget()
        if connection.in_transaction:
            with suppress(sqlite3.Error):  # what went wrong first is what counts
                connection.execute("ROLLBACK")
        raise


def _run(transaction: Transaction, job: Job, where: str, *, alone: bool = False) -> bool:
    """Run one job; False if it failed by a fault of its own."""
    mark = transaction.mark()
    try:
        job.run(transaction)
        if alone:
            transaction.write_held()
    except sqlite3.Error as error:
        if not is_of_the_unit(error):
            raise
        job.fail(translate(error, where))
    except Exception as error:
        job.fail(error)
    if not transaction.connection.in_transaction:  # the next unit would write without one
        raise StoreError(
            f"the transaction on {where} ended within a unit of work: a unit neither commits nor rolls back, nor hides "
            "errors of the database"
        )
    if job.error is not None:
        transaction.forget(mark)
    return job.error is None


def _run_together(
    transaction: Transaction, jobs: Sequence[Job], where: str, then: Callable[[], None]
) -> bool:
    """Run all jobs; False if one failed after it had written, or can't be told from the others any more."""
    for job in jobs:
        before = transaction.connection.total_changes
        if not _run(transaction, job, where) and transaction.connection.total_changes != before:
            return False
    try:
        transaction.write_events()
    except sqlite3.Error as error:
        if not is_of_the_unit(error):
            raise
        return False
    then()
    transaction.write_wakeups()  # of runs that nobody has taken
    return True


def _run_apart(transaction: Transaction, jobs: Sequence[Job], where: str) -> None:
    """Run each job in a savepoint of its own, so that a failing one takes nothing else with it."""
    for job in jobs:
        transaction.connection.execute("SAVEPOINT unit")
        if not _run(transaction, job, where, alone=True):
            transaction.connection.execute("ROLLBACK TO unit")
        transaction.connection.execute("RELEASE unit")
