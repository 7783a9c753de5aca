"""The reader rule on a log that somebody has tampered with."""

from dataclasses import replace

from tests.support.ledger import MemorySite, answers, identities, message, run_until_answered, sighted, worker


async def test_a_changed_record_counts_as_it_stands_and_each_behind_it_is_void_with_an_alarm_and_answered_anew() -> (
    None
):
    site = MemorySite()
    for n in range(4):
        await site.put(*message(sighted(n), f"m{n}"))
    await run_until_answered(site, worker(site))
    before, events = list(site.topics.events), site.topics.events
    events[2] = replace(events[2], value=(events[2].value or b"").replace(b"-6.001", b"-7.001"))
    assert events != before
    owner = worker(site)
    await run_until_answered(site, owner)
    found = answers(events)
    assert identities(found) == [f"/agencies/polres-serang#m{n}" for n in range(4)]
    assert [answer[0]["data"]["lat"] for answer in found] == [-6.0, -7.001, -6.002, -6.003]
    assert (owner.alarms, owner.fold.voids, owner.fold.position) == ({3, 4}, 2, 7)
