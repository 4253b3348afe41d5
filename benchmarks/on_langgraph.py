"""The work on LangGraph: three nodes, `interrupt()` in the middle one, `Command(resume=...)` as the decision.

Its checkpointer keeps SQLite in WAL mode with synchronous=FULL, as Handrail does. There is no inbox: whoever decides
calls the graph again, which goes on within that call. Configurations, by LangGraph's own `durability`:

    default    "async": a step is stored while the next one is executed
    sync       "sync": a step is stored before the next one begins, which is what Handrail promises
    exit       "exit": nothing is stored until the graph stops, so a crash loses the steps since; not the same work

The synchronous saver is used, with one thread for all calls: measured against the asynchronous one and more threads,
this was the fastest for every configuration. Steps are tasks of its functional API, which were faster than nodes.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypedDict

import peer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

DURABILITY = {"default": "async", "sync": "sync", "exit": "exit"}


class Post(TypedDict, total=False):
    """The state of the graph."""

    n: int
    content: str
    approved: bool
    decided_by: str
    published: bool


@task
def double(n: int) -> dict[str, int]:
    """The work of one step."""
    return {"n": n, "double": 2 * n}


class OnLangGraph:
    """The graph, and calls of it."""

    def __init__(self, connection: sqlite3.Connection, durability: str, thread: ThreadPoolExecutor) -> None:
        self.began: dict[int, float] = {}
        self._connection = connection
        self._durability = durability
        self._thread = thread
        saver = SqliteSaver(connection)
        building = StateGraph(Post)
        building.add_node("prepare", lambda state: {"content": f"post {state['n']}"})
        building.add_node("ask", lambda state: interrupt({"content": state["content"]}))
        building.add_node("publish", self._publish)
        for one, next_one in ((START, "prepare"), ("prepare", "ask"), ("ask", "publish"), ("publish", END)):
            building.add_edge(one, next_one)
        self._graph = building.compile(checkpointer=saver)

        @entrypoint(checkpointer=saver)
        def many_steps(count: int) -> int:
            return sum(double(n).result()["double"] for n in range(count))

        self._many_steps = many_steps

    def _publish(self, state: Post) -> Post:
        self.began[state["n"]] = time.monotonic()
        return {"published": state["approved"]}

    async def _call(self, graph: Any, given: Any, thread_id: str) -> Any:
        call: Callable[[], Any] = lambda: graph.invoke(  # noqa: E731
            given, {"configurable": {"thread_id": thread_id}}, durability=self._durability
        )
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def ask(self, n: int) -> None:
        found = await self._call(self._graph, {"n": n}, f"run-{n}")
        (asked,) = found["__interrupt__"]
        assert asked.value == {"content": f"post {n}"}, asked

    async def decide(self, n: int) -> None:
        decision = Command(resume={"approved": True, "decided_by": "bob"})
        found = await self._call(self._graph, decision, f"run-{n}")
        expected = {"n": n, "content": f"post {n}", "approved": True, "decided_by": "bob", "published": True}
        assert found == expected, found

    async def steps(self, count: int) -> None:
        total = await self._call(self._many_steps, count, f"steps-{time.monotonic_ns()}")
        assert total == count * (count - 1), total

    def settings(self) -> str:
        (mode,) = self._connection.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = self._connection.execute("PRAGMA synchronous").fetchone()
        return f'journal_mode={mode}, synchronous={synchronous} (2 is FULL), durability="{self._durability}"'


@asynccontextmanager
async def opening(database: Path, configuration: str) -> AsyncIterator[OnLangGraph]:
    """Open the database with the saver's own settings."""
    with (
        closing(sqlite3.connect(database, check_same_thread=False)) as connection,
        ThreadPoolExecutor(1) as thread,
    ):
        yield OnLangGraph(connection, DURABILITY[configuration], thread)


if __name__ == "__main__":
    peer.main(opening)
