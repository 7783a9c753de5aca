"""The embedded pair itself: it serves, survives a kill with its data, and is not mistaken for another."""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from kalimaya.embedded.kafka import KafkaNode, cluster_at
from kalimaya.embedded.postgres import PostgresServer
from kalimaya.ports import PortTakenError, free_ports, require_free
from kalimaya.process import end, spawn, wait_ready
from kalimaya.running import AlreadyRunningError, claim, holder
from tests.support.pair import Pair


async def test_postgres_keeps_what_was_committed_before_a_kill(pair: Pair) -> None:
    connection = await asyncpg.connect(pair.postgres)
    await connection.execute("CREATE TABLE survivor AS SELECT 42 AS answer")
    pair.kill_postgres()
    await connection.close(timeout=1)
    pair.start_postgres()
    connection = await asyncpg.connect(pair.postgres)
    assert await connection.fetchval("SELECT answer FROM survivor") == 42
    await connection.execute("DROP TABLE survivor")
    await connection.close()


async def test_kafka_keeps_its_topics_and_its_identity_over_a_kill(pair: Pair) -> None:
    admin = AdminClient({"bootstrap.servers": pair.kafka})
    admin.create_topics([NewTopic("survivor", 1, 1)])["survivor"].result(30)
    before = await cluster_at(pair.kafka)
    pair.kill_kafka()
    await asyncio.to_thread(pair.start_kafka)
    assert await cluster_at(pair.kafka) == before
    assert "survivor" in admin.list_topics(timeout=30).topics
    admin.delete_topics(["survivor"])["survivor"].result(30)


async def test_kafka_makes_no_topic_for_a_client_that_names_an_unknown_one(pair: Pair) -> None:
    admin = AdminClient({"bootstrap.servers": pair.kafka})
    assert admin.list_topics("no.such.topic", timeout=30).topics["no.such.topic"].error is not None
    assert "no.such.topic" not in admin.list_topics(timeout=30).topics


async def test_a_postgres_of_another_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    theirs, ours = (PostgresServer(home=tmp_path / name, port=port) for name in ("theirs", "ours"))
    theirs.prepare()
    ours.prepare()
    child = theirs.child(tmp_path / "log")
    process = await spawn(child)
    try:
        assert await wait_ready(child, process, 30) is None
        assert "another PostgreSQL" in str(await ours.probe())
        (ours.home / "password").write_text((theirs.home / "password").read_text())
        assert "another PostgreSQL" in str(await ours.probe())
    finally:
        await end(child, process)


async def test_a_kafka_of_another_folder_is_not_taken_for_ours(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "cluster-id").write_text("somebody-else")
    port = int(pair.kafka.rpartition(":")[2])
    ours = KafkaNode(home=tmp_path, libs=tmp_path, port=port, controller_port=1)
    assert "another Kafka" in str(await ours.probe())


def test_the_password_is_for_our_eyes_only(tmp_path: Path) -> None:
    server = PostgresServer(home=tmp_path, port=1)
    server.prepare()
    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
    assert not (tmp_path / "initial-password").exists()


async def test_postgres_never_runs_as_root_and_serves_even_below_a_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = PostgresServer(home=closed / "postgres", port=free_ports(1)[0])
    server.prepare()
    child = server.child(tmp_path / "log")
    process = await spawn(child)
    try:
        assert await wait_ready(child, process, 30) is None
        assert Path(f"/proc/{process.pid}").stat().st_uid != 0
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        await end(child, process)


def test_a_taken_port_is_named_with_the_setting_that_moves_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        port = theirs.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port} \(KALIMAYA_KAFKA_PORT\)"):
            require_free([(port, "KALIMAYA_KAFKA_PORT")], patience=0)


def test_two_settings_with_the_same_port_are_refused() -> None:
    with pytest.raises(PortTakenError, match="same port"):
        require_free([(9, "KALIMAYA_KAFKA_PORT"), (9, "KALIMAYA_POSTGRES_PORT")])


def test_a_data_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with claim(tmp_path):
        assert holder(tmp_path) == os.getpid()
        with pytest.raises(AlreadyRunningError), claim(tmp_path):
            pass
    assert holder(tmp_path) is None


def test_a_killed_parent_takes_the_servers_along(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from kalimaya.embedded.postgres import PostgresServer\n"
        "from kalimaya.process import spawn, wait_ready\n"
        "async def main():\n"
        "    server = PostgresServer(home=Path(sys.argv[1]), port=int(sys.argv[2])); server.prepare()\n"
        "    child = server.child(Path(sys.argv[1]) / 'log'); process = await spawn(child)\n"
        "    print(await wait_ready(child, process, 30), process.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path / "postgres"), str(free_ports(1)[0])]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        reason, pid = parent.stdout.readline().split()
        assert reason == "None"
        parent.send_signal(signal.SIGKILL)
    asyncio.run(_gone(int(pid)))


async def _gone(pid: int) -> None:
    async with asyncio.timeout(20):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            while "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
                await asyncio.sleep(0.05)
