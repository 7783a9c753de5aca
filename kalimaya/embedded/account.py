"""Which account PostgreSQL runs under: it refuses to run as root, so root lends it another one.

Must not change the permissions of any folder outside the data folder.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

ACCOUNTS = ("postgres", "nobody")
# By number as Linux lists them: pass through folders that are closed to others, without or with writing.
CAPABILITIES = {"dac_read_search": 2, "dac_override": 1}


@dataclass(frozen=True, slots=True)
class Account:
    """How to start a program under the account.

    `user` is a (uid, gid) to switch to, or None to stay. `prefix` goes before the program's own arguments.
    `owner` is the (uid, gid) that must own its data, or None when it is ours already.
    """

    owner: tuple[int, int] | None = None
    user: tuple[int, int] | None = None
    prefix: tuple[str, ...] = ()


def account_for(*paths: Path, orphan_signal: str) -> Account:
    """The account for a program that must reach these paths.

    Anybody but root runs it as themselves. Root uses `postgres` or `nobody`; when that account cannot pass
    a parent folder (a clone under root's own closed home), it starts through `setpriv` with the one
    capability to pass, rather than opening the folder to everybody.
    """
    if os.geteuid() != 0:
        return Account()
    owner = _lent_account()
    closed = [folder for path in paths for folder in path.parents if not _others_may_pass(folder, owner)]
    if not closed:
        return Account(owner=owner, user=owner)
    capability = _held_capability()
    if capability is None:
        raise PermissionError(
            f"PostgreSQL does not run as root, and the account it gets cannot pass {closed[0]}. "
            "Run as an ordinary user, or clone the project into a folder that others may pass."
        )
    uid, gid = owner
    switch = (f"--reuid={uid}", f"--regid={gid}", "--clear-groups", f"--pdeathsig={orphan_signal}")
    keep = (f"--inh-caps=-all,+{capability}", f"--ambient-caps=-all,+{capability}")
    # initdb asks access(2), which leaves capabilities out of account unless this bit is set.
    keep_in_access = "--securebits=+no_setuid_fixup"
    return Account(owner=owner, prefix=("setpriv", *switch, *keep, keep_in_access, "--"))


def _lent_account() -> tuple[int, int]:
    known = {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
    return next((known[name] for name in ACCOUNTS if name in known), (65534, 65534))


def _others_may_pass(folder: Path, owner: tuple[int, int]) -> bool:
    status = folder.stat()
    if status.st_uid == owner[0]:
        return bool(status.st_mode & 0o100)
    if status.st_gid == owner[1]:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _held_capability() -> str | None:
    status = Path("/proc/self/status").read_text()
    held = int(next(line for line in status.splitlines() if line.startswith("CapEff:")).split()[1], 16)
    return next((name for name, bit in CAPABILITIES.items() if held >> bit & 1), None)
