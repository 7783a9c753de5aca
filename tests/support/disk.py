"""File systems in memory that can be full: what becomes of a process whose disk is."""

import os
import shutil
import subprocess
from pathlib import Path

SIZE = "2g"
"""What a disk holds while nobody has filled it: memory, as far as it is used."""

TRIES = 200
"""So often it is tried to fill a disk while somebody writes to it."""


class Disk:
    """A file system of its own at `folder`; needs an account that may mount (`may_mount`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self) -> None:
        """Make it, and the folder. Raises CalledProcessError."""
        self.folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "kalimaya-test", self.folder], check=True)

    def unmount(self) -> None:
        """Let go of it, and of what is on it."""
        _try("umount", "--lazy", str(self.folder))

    def fill(self) -> bool:
        """Make it as small as what is on it, so that no room is left; whether that went. Who writes hinders it."""
        return any(self._resize(str(shutil.disk_usage(self.folder).used + 4096)) for _ in range(TRIES))

    def free(self) -> None:
        """Make room again."""
        self._resize(SIZE)

    def _resize(self, size: str) -> bool:
        return _try("mount", "-o", f"remount,size={size}", str(self.folder))


def may_mount() -> bool:
    """Whether this account may mount a file system."""
    if os.geteuid() != 0:
        return False
    disk = Disk(Path("/tmp") / f"kalimaya-mount-{os.getpid()}")
    try:
        disk.mount()
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        disk.unmount()
        disk.folder.rmdir()
    return True


def _try(*command: str) -> bool:
    """Run a command; it may fail, for the file system may be gone or hold more than it would hold then."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
