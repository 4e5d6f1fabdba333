"""Run a command where there is no network but loopback: `python cut_off.py COMMAND...`, on Linux.

Exit codes: the command's own; 125 where the system lets nobody make a network of their own.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

NOT_POSSIBLE = 125

# Of <sched.h>, <linux/sockios.h> and <net/if.h>.
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_SET_FLAGS, _IS_UP = 0x8914, 0x1


def cut_off() -> None:
    """This process and its children see an empty network from here on, and loopback in it."""
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_USER | _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "unshare")
    # Files stay one's own: the person in there is the one out here.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _IS_UP))


if __name__ == "__main__":
    try:
        cut_off()
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_POSSIBLE)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - there is nothing here for a shell
