"""What root must do so that a server which refuses to be root can read and own its files."""

import pwd
import shutil
import stat
import subprocess
from pathlib import Path

SYSTEM_USER = "pgserver"


def system_user(directory: Path) -> str:
    """The user that PostgreSQL runs as when we are root: the data's owner, or `pgserver`, made when missing.

    Raises PermissionError when it cannot be made."""
    owner = directory.stat().st_uid if directory.exists() else 0
    if owner:
        return pwd.getpwuid(owner).pw_name
    useradd = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group"]
    for name in (SYSTEM_USER, SYSTEM_USER, "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            if shutil.which(useradd[0]):
                subprocess.run([*useradd, SYSTEM_USER], capture_output=True, check=False)
    raise PermissionError(
        f"PostgreSQL does not run as root, and the user {SYSTEM_USER} cannot be made. Start as another user."
    )


def give(directory: Path, user: str) -> None:
    """Give a data directory to the user that serves it: a backup put back by root belongs to root."""
    if directory.exists() and directory.stat().st_uid != pwd.getpwnam(user).pw_uid:
        for path in (directory, *directory.rglob("*")):
            shutil.chown(path, user)


def let_pass(path: Path, user: str) -> None:
    """Open the folders above `path` to `user` for passing through, where they are closed to it."""
    uid = pwd.getpwnam(user).pw_uid
    for folder in path.resolve().parents:
        found = folder.stat()
        if not found.st_mode & stat.S_IXOTH and found.st_uid != uid:
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def let_read(tree: Path) -> None:
    """Let everybody read and run a package's files, which an installer with a strict umask kept to itself."""
    if tree.stat().st_mode & stat.S_IXOTH and (tree / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
